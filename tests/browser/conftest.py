"""The real lab in a real browser: `genai-lab serve` as a process, Chromium by Playwright.

Every page is watched: a request that leaves this machine, an error in the page's scripts or an
answer that says "failed" is a failed test, whatever the test was about.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from exercises.loader import find_assignment
from lab.models.availability import availability
from tests.grading.adapted import make_work as make_adapt_work
from tests.grading.api_good import make_api_work
from tests.grading.crafted import CRAFTED
from tests.grading.crafted import make_work as make_crafted_work
from tests.grading.good import make_work
from tests.grading.recognised import make_work as make_recognise_work
from tests.grading.sorted_work import make_work as make_sorted_work
from tests.grading.test_edit import make_work as make_edit_work
from tests.grading.test_kinds_of_prompts import make_work as make_work_on_prompts

STARTING = 60  # seconds
WAIT = 60_000  # milliseconds; the machine may be busy

SIZES: dict[str, ViewportSize] = {
    "laptop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
INSIDE = """(element) => {
    const box = element.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight + 1;
}"""
# In each frame: which of these are to be seen, and which of them were ever not wholly within the window.
LOOK = """(selectors) => {
    [window.labSeen, window.labOutside] = [new Set(), new Set()];
    const look = () => {
        for (const selector of selectors) {
            const box = document.querySelector(selector)?.getBoundingClientRect();
            if (!box?.height) continue;
            labSeen.add(selector);
            if (box.top < 0 || box.bottom > innerHeight + 1) labOutside.add(selector);
        }
        window.labLooking = requestAnimationFrame(look);
    };
    look();
}"""

MAKERS: dict[str, Callable[..., Any]] = {  # of finished work, by assignment
    "tp2": make_work,
    "api-analysis": make_api_work,
    "seeds": make_work_on_prompts,
    "prompts": make_work_on_prompts,
    "comfyui": make_work_on_prompts,
    "edit": make_edit_work,
    "adapt": make_adapt_work,
    "dataset": make_sorted_work,
    "recognise": make_recognise_work,
    **dict.fromkeys(CRAFTED, make_crafted_work),
}

# One thread: on a busy machine threads that wait for each other cost more than they bring.
ENVIRONMENT = {"GENAI_STUDENT": "jane.doe", "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}

expect.set_options(timeout=WAIT)


@dataclass(frozen=True)
class RunningLab:
    """A lab that was started: where it is, where its work is, and its process."""

    url: str
    work: Path
    process: subprocess.Popen[str]

    def page(self, language: str = "en", tab: str = "start", assignment: str = "") -> str:
        """A tab's address; without an assignment's name on the page of the first one."""
        path = f"{language}/{assignment}/" if assignment else f"{language}/"
        return f"{self.url}{path}#{tab}"


def tab(page: Page, name: str) -> None:
    """Choose a tab by its name."""
    page.get_by_role("tab", name=name, exact=True).click()


def upload(page: Page, exercise: str, file: Path) -> None:
    """Choose a photo as a person does, by the button and the browser's own dialogue."""
    with page.expect_file_chooser() as chooser:
        page.locator(f"#upload-{exercise}").click()
    chooser.value.set_files(file)


def inside(page: Page, selector: str) -> bool:
    """Whether the whole of what is found stands within the window as it is scrolled now."""
    return bool(page.locator(selector).evaluate(INSIDE))


def press(page: Page, selector: str) -> None:
    """Press a button where it stands; Playwright's own click may scroll to it."""
    expect(page.locator(selector)).to_be_visible()
    box = page.locator(selector).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def in_sight(
    page: Page,
    exercise: str,
    done: str,
    *,
    button: str = "",
    result: str = "",
    preview: bool = False,
    stop: bool = False,
) -> None:
    """Press what generates, and see without scrolling what goes on (frame by frame) and what comes of it.

    `stop`: once something is seen to go on. `preview`: the picture must be seen while it is drawn.
    """
    button = button or f"#generate-{exercise}"
    result = result or f"#stage-{exercise} .shown figure >> nth=0"
    progress, drawn = f"#progress-{exercise} progress", f"#preview-{exercise} img"
    expect(page.locator(button)).to_be_enabled()
    page.locator(button).scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    page.evaluate(LOOK, [progress, drawn, f"#stop-{exercise}"])
    press(page, button)
    page.wait_for_function("selector => labSeen.has(selector)", arg=drawn if preview else progress)
    assert inside(page, button)
    if stop and not preview:  # what is seen to be drawn may be done by now
        expect(page.locator(f"#stop-{exercise}")).to_be_enabled()
    if stop and page.locator(f"#stop-{exercise}").is_enabled():
        press(page, f"#stop-{exercise}")
    expect(page.locator(f"#status-{exercise}")).to_contain_text(re.compile(done), timeout=8 * WAIT)
    expect(page.locator(button)).to_be_enabled()
    assert page.evaluate("() => { cancelAnimationFrame(labLooking); return [...labOutside]; }") == []
    assert [each for each in (f"#status-{exercise}", result) if not inside(page, each)] == []
    assert page.evaluate("scrollY") == scrolled


StartLab = Callable[..., RunningLab]


@pytest.fixture(scope="module")
def start_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartLab]:
    """Start `genai-lab serve` as often as a test needs; all are closed afterwards."""
    if not availability("mini").available:
        pytest.skip("the bundled model's weights are not here")
    started: list[subprocess.Popen[str]] = []

    def start(work: Path | None = None, **settings: str) -> RunningLab:
        work = work or tmp_path_factory.mktemp("work")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GENAI_", "JUPYTERHUB_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "genai_lab", "serve", "--port", "0", "--work", str(work)],
            cwd=tmp_path_factory.mktemp("elsewhere"),
            env=inherited | ENVIRONMENT | settings,
            stdout=subprocess.PIPE,
            stderr=(work / "lab.log").open("w"),
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://\S+", line)
        assert address, f"the lab did not start: {line}{(work / 'lab.log').read_text()}"
        return RunningLab(address.group(), work, process)

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
    for process in started:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    """One lab for the tests of a module."""
    return start_lab()


@pytest.fixture(scope="module")
def full_lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """One lab in which every assignment that ships is done, with pictures of noise."""
    work = tmp_path_factory.mktemp("full")
    for name, make in MAKERS.items():
        make(work, find_assignment(name), "jane.doe")
    return start_lab(work)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that are watched, each in a browser profile of its own unless `beside` names one."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def open_one(url: str, *, beside: Page | None = None, **options: Any) -> Page:
        context = beside.context if beside else browser.new_context(**options)
        if beside is None:
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        _watch(page, complaints)
        page.goto(url)
        page.locator("[role=tab][aria-selected=true]").wait_for()
        expect(page.locator("#lab-points")).not_to_be_empty()  # the tab's first reading of the disk is there
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(lab: RunningLab, open_page: Callable[..., Page]) -> Page:
    """The English page of the module's lab."""
    return open_page(lab.page())


def _watch(page: Page, complaints: list[str]) -> None:
    def requested(request: Any) -> None:
        host = urlsplit(request.url)
        if host.scheme in ("http", "https", "ws", "wss") and host.hostname != "127.0.0.1":
            complaints.append(f"asked for {request.url}")

    def answered(response: Any) -> None:
        if response.status >= 400:
            complaints.append(f"{response.status} for {response.url}")

    page.on("filechooser", lambda chooser: None)  # asked for only when it is awaited, it may come too late
    page.on("request", requested)
    page.on("response", answered)
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))

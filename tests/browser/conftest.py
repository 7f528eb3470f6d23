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
from playwright.sync_api import Browser, Page, expect

from lab.models.availability import availability

STARTING = 60  # seconds
WAIT = 60_000  # milliseconds; the machine may be busy

# One thread: on a busy machine threads that wait for each other cost more than they bring.
ENVIRONMENT = {"GENAI_STUDENT": "jane.doe", "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}

expect.set_options(timeout=WAIT)


@dataclass(frozen=True)
class RunningLab:
    """A lab that was started: where it is, where its work is, and its process."""

    url: str
    work: Path
    process: subprocess.Popen[str]

    def page(self, language: str = "en", tab: str = "start") -> str:
        return f"{self.url}{language}/#{tab}"


def tab(page: Page, name: str) -> None:
    """Choose a tab by its name."""
    page.get_by_role("tab", name=name, exact=True).click()


def upload(page: Page, exercise: str, file: Path) -> None:
    """Choose a photo as a person does, by the button and the browser's own dialogue."""
    with page.expect_file_chooser() as chooser:
        page.locator(f"#upload-{exercise}").click()
    chooser.value.set_files(file)


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

    page.on("request", requested)
    page.on("response", answered)
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))

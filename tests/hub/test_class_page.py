"""The instructors' page about the class in a real browser, on a hub with two labs: help, work, actions."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from exercises.loader import find_assignment
from manifests.store import Store
from tests.browser.conftest import WAIT
from tests.grading.good import draft_of, make_work, noise
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub
from tests.hub.test_pages import NARROW, look

ROSTER = "login;groupe\nann;TD1\nbob;TD1\ncyd;TD2\n"
STARTED = 180_000  # milliseconds; the machine may be busy


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, tmp_path_factory: pytest.TempPathFactory) -> RunningHub:
    """ann has done everything, bob has made the same wrong picture four times, cyd nothing. No lab runs."""
    hub = start_hub(GENAI_HUB_GATEWAY="1")
    tp2 = find_assignment("tp2")
    make_work(hub.state / "homes" / "ann" / "work", tp2, "ann")
    repeat_a_mistake(hub.state / "homes" / "bob" / "work", "bob")
    roster = tmp_path_factory.mktemp("class") / "roster.csv"
    roster.write_text(ROSTER)
    cohort(hub, "import", str(roster))
    for group in ("TD1", "TD2"):
        cohort(hub, "deadline", "tp2", "set", "2036-11-27 23:59", "--group", group)
    return hub


def cohort(hub: RunningHub, *arguments: str) -> None:
    """Run `genai-lab cohort …` in a process of its own: while a browser runs, this one has no event loop."""
    said = subprocess.run(
        [sys.executable, "-m", "genai_lab", "cohort", *arguments],
        env={**os.environ, "GENAI_HUB_URL": hub.url, "GENAI_HUB_STATE": str(hub.state)},
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def repeat_a_mistake(work: Path, student: str) -> None:
    tp2 = find_assignment("tp2")
    exercise, run = next((e, run) for e, run in tp2.planned_runs() if run.id == "baseline")
    for number in range(4):
        draft = draft_of(exercise.id, run, guidance_scale=3.0)
        Store(work, tp2.id, student).save(draft, noise(number))


def opened(browser: Browser, hub: RunningHub, name: str, password: str, **options: object) -> Page:
    context = browser.new_context(base_url=hub.url, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto("hub/login?next=/hub/class")
    page.locator("#username_input").fill(name)
    page.locator("#password_input").fill(password)
    page.locator("#login_submit").click()
    return page


@pytest.fixture(scope="module")
def started(browser: Browser, hub: RunningHub) -> RunningHub:
    """The hub once the labs of ann and bob were started from the page, with the keyboard."""
    page = opened(browser, hub, INSTRUCTOR, hub.passwords["instructors"], locale="en-GB")
    page.locator("button[value=start]").press("Enter")
    expect(page.locator("#class [role=alert]")).to_contain_text("Nobody is ticked")
    page.goto("hub/class?group=TD1")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator("#tick-all").press("Space")
    page.locator("button[value=start]").press("Enter")
    expect(page.locator("main h2")).to_have_text("Start these labs (2)?")
    look(page)
    expect(page.locator(".names")).to_have_text("ann, bob")
    page.locator("main button[value=start]").press("Enter")
    page.wait_for_url("**/hub/class?group=TD1")
    expect(page.locator(".state.ready")).to_have_count(2, timeout=STARTED)
    expect(page.locator("tr.stuck")).to_have_count(1, timeout=STARTED)
    page.context.close()
    return hub


@pytest.fixture(
    params=[("en-GB", "light", 1280), ("fr-FR", "dark", NARROW)], ids=["en-light-wide", "fr-dark-narrow"]
)
def page(request: pytest.FixtureRequest, browser: Browser, started: RunningHub) -> Iterator[Page]:
    """The instructor's browser, at the page. Script errors fail the test."""
    locale, scheme, width = request.param
    page = opened(
        browser, started, INSTRUCTOR, started.passwords["instructors"],
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 800},
    )  # fmt: skip
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.wait_for_url("**/hub/class")
    yield page
    page.context.close()
    assert complaints == []


def test_who_is_stuck_comes_first_with_what_is_wrong(page: Page) -> None:
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_have_class("stuck")
    expect(rows.first).to_contain_text("bob")
    expect(rows.first).to_contain_text(re.compile("^4 |4 (pictures|images)"))
    expect(page.locator(".said").first).to_be_visible()
    look(page)


@pytest.mark.parametrize(
    "view", ["statistics", "wall", "wall&anonymous=1", "student&user=bob", "student&user=cyd"]
)
def test_axe_finds_nothing_in_the_other_views(page: Page, view: str) -> None:
    page.goto(f"hub/class?view={view}")
    expect(page.locator("#class")).not_to_be_empty()
    look(page)


def test_a_student_is_a_checklist_and_pictures_to_read(page: Page) -> None:
    page.locator("tbody a", has_text="bob").click()
    expect(page.locator("#who")).to_contain_text("bob")
    wrong = page.locator("details[open] li.failed")
    expect(wrong).to_have_count(1)
    pictures = page.locator("details[open] .pictures img")
    expect(pictures).to_have_count(4)
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        page.wait_for_function(
            "image => image.complete && image.naturalWidth > 0", arg=picture.element_handle()
        )
    look(page)


def test_the_page_is_live_until_somebody_ticks(page: Page) -> None:
    with page.expect_response(lambda answer: "part=1" in answer.url):
        pass
    page.locator("tbody input[type=checkbox]").first.check()
    page.locator("h1").click()
    page.wait_for_timeout(6000)
    expect(page.locator("tbody input[type=checkbox]").first).to_be_checked()


def test_more_time_is_given_from_the_students_own_page(page: Page) -> None:
    page.goto("hub/class?view=student&user=cyd")
    page.locator("#until").fill("yesterday")
    page.locator("button[value=extend]").click()
    expect(page.locator("#class .alert-danger").first).to_contain_text("yesterday")
    french = page.evaluate("navigator.language") == "fr-FR"
    page.locator("#until").fill("29/11/2036 à 12h" if french else "2036-11-28")
    page.locator("button[value=extend]").click()
    expect(page.locator(".alert-success").first).to_contain_text("2036-11-29" if french else "2036-11-28")
    page.goto("hub/class")
    expect(page.locator("tbody tr", has_text="cyd")).to_contain_text("2036-11-29" if french else "2036-11-28")


def test_a_student_gets_nothing_of_it(browser: Browser, started: RunningHub) -> None:
    page = opened(browser, started, "cyd", started.passwords["students"])
    page.wait_for_url("**/hub/class")
    expect(page.locator("body")).to_contain_text("403")
    for query in ("part=1", "view=student&user=ann", "view=wall", "view=picture&key=0"):
        assert page.request.get(f"hub/class?{query}").status == 403
    page.goto("hub/home")
    expect(page.locator("nav a[href$='/class']")).to_have_count(0)
    page.context.close()


def test_an_instructor_who_opens_a_lab_reads_first_whose_it_is(browser: Browser, started: RunningHub) -> None:
    page = opened(browser, started, INSTRUCTOR, started.passwords["instructors"], locale="en-GB")
    page.goto("hub/class?view=student&user=ann")
    page.locator("a", has_text="Open the lab of ann").click()
    page.locator("form [type=submit]").click()  # JupyterHub asks first, once for each lab
    expect(page.locator("h1")).to_have_text("This is the lab of ann")
    page.locator("a", has_text="Look at the work").click()
    expect(page.locator("#who")).to_contain_text("ann")
    page.go_back()
    page.locator("button", has_text="Open the lab of ann").click()
    expect(page.locator("gradio-app, .gradio-container").first).to_be_visible(timeout=STARTED)
    page.context.close()


def test_a_lab_that_was_stopped_shows_its_last_known_state(browser: Browser, started: RunningHub) -> None:
    page = opened(browser, started, INSTRUCTOR, started.passwords["instructors"], locale="en-GB")
    page.goto("hub/class?view=student&user=bob")
    with page.expect_navigation():
        page.locator("button[value=stop]").click()
    page.goto("hub/class")
    bob = page.locator("tbody tr", has_text="bob")
    expect(bob.locator(".state.stopped")).to_be_visible(timeout=STARTED)
    expect(bob).to_contain_text("last seen 2")
    expect(bob).to_contain_text("0.5")
    page.goto("hub/class?view=student&user=bob")
    expect(page.locator("#class")).to_contain_text("This is what it said at")
    expect(page.locator(".pictures img")).to_have_count(4)
    look(page)
    page.context.close()

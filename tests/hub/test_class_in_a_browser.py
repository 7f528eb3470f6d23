"""A test with two students and an instructor, each in their own browser, on one hub with its proxy."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from manifests.reader import read_manifest_file
from tests.browser.conftest import tab
from tests.hub.conftest import INSTRUCTOR, RunningHub

SPAWN = 120_000  # milliseconds; the machine may be busy
GENERATION = 240_000

LogIn = Callable[[str], Page]


@pytest.fixture
def log_in(browser: Browser, hub: RunningHub) -> Iterator[LogIn]:
    """A function that logs a person in by the form in a new browser profile, and returns the page."""
    contexts = []

    def log_in(name: str) -> Page:
        context = browser.new_context(locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(SPAWN)
        page.on("pageerror", lambda error: print("script error:", error))
        page.goto(hub.url)
        page.locator("#username_input").fill(name)
        password = hub.passwords["instructors" if name == INSTRUCTOR else "students"]
        page.locator("#password_input").fill(password)
        page.locator("#login_submit").click()
        return page

    yield log_in
    for context in contexts:
        context.close()


def in_the_lab(page: Page, name: str) -> None:
    """Wait until the page is that student's lab and shows data from disk."""
    expect(page.locator("#lab-title")).to_contain_text(name, timeout=SPAWN)
    expect(page.locator("#lab-points")).not_to_be_empty(timeout=SPAWN)


def pictures(hub: RunningHub, name: str) -> list[Path]:
    """Return the files of a student's pictures."""
    home = hub.state / "homes" / name
    assert home.is_dir()
    return [file for file in home.rglob("*.png") if file.parent.name == "outputs"]


def test_students_generate_in_their_own_labs_and_an_instructor_sees_who_is_there(
    log_in: LogIn, hub: RunningHub
) -> None:
    jane, john = log_in("jane"), log_in("john")
    in_the_lab(jane, "jane")
    in_the_lab(john, "john")

    # The progress of a generation arrives step by step through the proxy.
    tab(jane, "Studio")
    jane.locator("#studio-prompt textarea").fill("a red mug on a blue background")
    jane.locator("#studio-steps input[type=number]").fill("60")
    jane.locator("#generate-studio").click()
    progress = jane.locator("#progress-studio progress[value]")
    expect(progress).to_be_visible(timeout=GENERATION)
    expect(jane.locator("#progress-studio")).to_contain_text(re.compile(r"\b60\b"))
    expect(jane.locator("#status-studio")).to_contain_text("Saved as", timeout=GENERATION)
    (made,) = pictures(hub, "jane")
    assert read_manifest_file(made.with_suffix(".json")).student == "jane"

    # John does not see it in his lab, and cannot open her lab or her picture.
    assert pictures(hub, "john") == []
    with jane.context.expect_page() as opened:
        jane.evaluate("open(document.querySelector('#stage-studio .shown img').src)")
    picture = opened.value.url
    assert jane.context.request.get(picture).status == 200
    assert john.context.request.get(picture, headers={"Accept": "image/*"}).status == 401
    answer = john.goto(f"{hub.url}user/jane/")
    assert answer is not None
    assert answer.status == 403
    expect(john.locator("body")).to_contain_text("jane")
    expect(john.locator("body")).not_to_contain_text("red mug")

    # The instructor sees who is there.
    prof = log_in(INSTRUCTOR)
    prof.goto(f"{hub.url}hub/admin")
    for name in ("jane", "john"):
        expect(prof.get_by_test_id(f"user-row-{name}")).to_be_visible(timeout=SPAWN)

    # A logout from the hub also ends jane's session in her lab.
    jane.get_by_role("link", name="Log out").click()
    jane.wait_for_url(f"{hub.url}hub/**")
    jane.goto(f"{hub.url}user/jane/")
    expect(jane.locator("#password_input")).to_be_visible()

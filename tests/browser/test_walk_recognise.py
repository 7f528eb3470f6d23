"""The assignment `recognise` as a student does it: no answer is in the page before it is given."""

import base64
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.reading import closing, open_work
from lab.records.marks import marks_of
from tests.browser.conftest import RunningLab, StartLab
from tests.grading.recognised import CONCLUSION, exercise_of

OpenPage = Callable[..., Page]

ASSIGNMENT = find_assignment("recognise")
PICTURES = exercise_of(ASSIGNMENT).asked_of("recognise", "jane.doe")


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    """A lab whose one assignment this is."""
    return start_lab(GENAI_ASSIGNMENT="recognise")


def on_stage(page: Page) -> bytes:
    """The bytes of the picture that is shown."""
    address = page.locator("#stage-which .shown img").get_attribute("src") or ""
    assert address.startswith("data:image/webp;base64,")
    return base64.b64decode(address.partition(",")[2])


def answer(page: Page, number: int, origin: str) -> None:
    page.locator(f"#origin-which input[value={origin}]").check()
    sure = page.locator("#sure-which input[type=number]")
    sure.fill("80")
    sure.press("Tab")
    page.locator("#why-which textarea").fill(f"the fine lines, number {number}")
    page.locator("#answer-which").click()


def test_twelve_pictures_are_judged_and_then_known(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="which"))
    expect(page.locator("#stage-which .shown img")).to_be_visible()
    page.locator("#answer-which").click()
    expect(page.locator("#told-which")).to_contain_text("Choose first what it is")
    for number, picture in enumerate(PICTURES, 1):
        expect(page.locator("#stage-which .shown img")).to_have_attribute(
            "alt", re.compile(f"Picture {number},")
        )
        expect(page.locator("#why-which textarea")).to_have_value("")
        before = page.content()
        assert picture.tells.en not in before
        assert picture.file not in before
        assert marks_of(on_stage(page)).found == ()
        answer(page, number, "photo")
        said = page.locator("#truth-which")
        expect(said).to_contain_text("Right:" if picture.origin == "photo" else "Not right:")
        expect(said).to_contain_text(picture.tells.en)
        expect(said).to_contain_text("What its file says of its origin:")
        expect(page.locator("#why-which textarea")).to_be_disabled()
        if number < len(PICTURES):
            page.locator("#answer-which").click()
    expect(page.locator("#answer-which")).to_be_disabled()
    figures = page.locator("#figures-which")
    right = sum(picture.origin == "photo" for picture in PICTURES)
    expect(figures).to_contain_text(f"{right} of 12 right")
    expect(figures).to_contain_text("in the mean you were 80 % sure")
    page.locator("#text-which textarea").fill(CONCLUSION)
    expect(page.locator("#saved-which")).to_contain_text("Saved at")
    with closing(open_work(lab.work, "recognise", "jane.doe")) as submission:
        checks = check_submission(ASSIGNMENT, submission, "en")
    own = {c.id: c.passed for c in checks if c.id.startswith("which/")}
    assert own == {
        "which/pictures/judged": True,
        "which/pictures/gave_away": True,
        "which/words/about_it": None,
    }

    page.reload()  # all is there again, and no answer can be given twice
    expect(page.locator("#figures-which table")).to_have_count(2)
    expect(page.locator("#why-which textarea")).to_have_value("the fine lines, number 1")
    expect(page.locator("#why-which textarea")).to_be_disabled()

"""A quiz that a student wrote, taken over by their teacher and answered; the course's map on Start."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crafts.quiz_exports import assignment_zip
from crafts.quiz_text import read_quiz
from exercises.loader import built_in
from tests.browser.conftest import RunningLab, StartLab
from tests.browser.test_accessibility import AXE, needs_axe, violations
from tests.grading.crafted import QUIZ

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """A lab with all that comes along, and a quiz out of a lesson's zip."""
    folder: Path = tmp_path_factory.mktemp("own")
    with zipfile.ZipFile(io.BytesIO(assignment_zip("Leaves", read_quiz(QUIZ)))) as archive:
        archive.extractall(folder)
    return start_lab(GENAI_EXERCISES_DIR=str(folder))


def test_a_written_quiz_is_asked_and_says_at_once_what_is_right_and_why(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="quiz", assignment="quiz-leaves"))
    expect(page.locator("#ask-quiz")).to_contain_text("Which gas do plants take up in the light?")
    choices = page.locator("#choices-quiz")
    expect(choices.locator("label")).to_have_count(3)
    choices.get_by_text("Nitrogen").click()
    page.locator("#answer-quiz").click()
    expect(page.locator("#told-quiz")).to_contain_text("Not that one. Tries left: 1")
    choices.get_by_text("Carbon dioxide").click()
    page.locator("#answer-quiz").click()
    expect(page.locator("#told-quiz")).to_contain_text("They build sugar of it & give oxygen off.")
    answers = json.loads((lab.work / "quiz-leaves" / "answers.json").read_text(encoding="utf-8"))
    assert answers["exercises"]["quiz"]["questions"]["question_1"]["chosen"] == ["3", "1"]


@needs_axe
def test_start_says_where_one_is_in_the_course_and_folds_out_a_map(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(assignment="edit"))
    shown = page.locator("#course-map")
    expect(shown).to_contain_text("Level 2 (going on), module 3 (advanced techniques). It takes about 2 h.")
    expect(shown).to_contain_text("Before it: Good words, bad words")
    table = shown.locator("table").first
    expect(table).to_be_hidden()
    shown.locator("summary").click()
    expect(table).to_be_visible()
    expect(shown.locator("tbody tr")).to_have_count(len(built_in()))
    expect(shown).not_to_contain_text("Leaves")  # which has no place in it
    page.add_script_tag(path=AXE)
    assert violations(page, "light", "laptop") + violations(page, "dark", "phone") == []
    page.set_viewport_size({"width": 1280, "height": 800})
    shown.get_by_role("link", name="Recognise: photographed, composed or generated?").first.click()
    page.wait_for_url("**/recognise/**")


def test_an_assignment_without_a_place_says_nothing_of_it(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(assignment="quiz-leaves"))
    expect(page.locator("#course-map summary")).to_be_visible()
    expect(page.locator("#course-map .note")).to_have_count(0)

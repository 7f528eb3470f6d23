"""All of `api-analysis` as a student does it, with no key and no network: the bundled endpoint answers."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.assignment import Assignment
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from grading.results import Grade
from tests.browser.conftest import SIZES, RunningLab, StartLab, in_sight, tab
from tests.grading.api_good import BETTER, EARNED, OPEN

OpenPage = Callable[..., Page]

ANSWER = "#answers-analyse article h4 >> nth=0"
DRAFT = "#drafted-alt_text article h4"

REFLECTION = """I would trust the model for plain things, such as the colour of a background.
It was wrong about the unfinished picture, so I check every statement against the picture.
When it says it is not sure, I believe that more than when it sounds certain.
An alternative text is for a person who uses a screen reader, so its purpose decides what it says.
The last word on it must be a human's, who knows the page.
A call costs money and time at some providers, and my picture leaves the house.
The local model is free and keeps the data here, so I would ask it first."""
NOTICED = "I looked at the picture itself and compared it with the two others, which were finished."
REASON = (
    "I would take this one, since both took some seconds and neither of them cost anything, "
    "but here the object stands out clearly from its background."
)


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("api-analysis")


@pytest.fixture
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab(GENAI_ASSIGNMENT="api-analysis")


def choose(page: Page, name: str, *texts: str) -> None:
    """Options of a list, each by a part of its words."""
    page.locator(f"#{name} input").click()
    for text in texts:
        page.get_by_role("option").filter(has_text=text).first.click()
    page.keyboard.press("Escape")


def save(page: Page, exercise: str, status: str, done: str) -> None:
    """Press a button that writes something down, and wait for what it says."""
    page.locator(f"#save-{exercise}").click()
    expect(page.locator(f"#{status}")).to_contain_text(re.compile(done))


def ask(page: Page, task: str, count: int) -> None:
    page.locator("#task-analyse").get_by_role("radio", name=task).check()
    in_sight(page, "analyse", f"{count} answers in", button="#ask-analyse", result=ANSWER)


def grade(work: Path, out: Path, assignment: Assignment) -> Grade:
    submissions = out / "submissions"
    shutil.copytree(work / assignment.id, submissions / "jane.doe" / assignment.id)
    return next(iter(grade_class(submissions, assignment, out / "grades")))


@pytest.mark.timeout(1500)
def test_the_whole_assignment_without_key_or_network(
    lab: RunningLab, open_page: OpenPage, assignment: Assignment, tmp_path: Path
) -> None:
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    tab(page, "Pictures")
    in_sight(page, "pictures", "3 pictures done")

    tab(page, "Studio")
    choose(page, "studio-model", "bundled")
    expect(page.locator("#studio-steps")).to_be_hidden()
    page.locator("#studio-prompt textarea").fill("a blue mug on a white background")
    in_sight(page, "studio", r"Saved as studio\.png")
    expect(page.locator("#facts-studio")).to_contain_text("bundled")
    expect(page.locator("#facts-studio")).to_contain_text("free")

    tab(page, "Analyse")
    choose(page, "pictures-analyse", "product:", "scene:", "poor:")
    ask(page, "Description", 3)
    ask(page, "What of the prompt is missing", 3)
    expect(page.locator("#answers-analyse article")).to_have_count(6)
    page.locator("#follow-analyse button").first.click()
    page.locator("#further-analyse textarea").fill("Which colour has the background?")
    in_sight(page, "analyse", "Answered by analyser", button="#go-on-analyse", result=ANSWER)

    tab(page, "Correct")
    choose(page, "about-correct", "Description, poor")
    expect(page.locator("#answer-correct article")).to_contain_text("poor")
    page.locator("#claim-correct input").click()
    page.get_by_role("option").first.click()
    page.locator("#truth-correct textarea").fill(
        "The picture was stopped after two steps and shows nothing yet."
    )
    page.locator("#noticed-correct textarea").fill(NOTICED)
    save(page, "correct", "status-correct", "Saved as no. 8")

    tab(page, "Alt text")
    for purpose, label in (
        ("decorative", "Decorative"),
        ("informative", "Informative"),
        ("complex", "Complex"),
    ):
        choose(page, "picture-alt_text", "product:")
        page.locator("#purpose-alt_text").get_by_role("radio", name=re.compile(label)).check()
        page.locator("#use-alt_text").get_by_role("textbox").fill(f"the {purpose} place in my shop")
        if purpose != "decorative":
            in_sight(page, "alt_text", "Answered by analyser", button="#draft-alt_text", result=DRAFT)
            page.locator("#take-alt_text").click()
            alt = page.locator("#alt-alt_text textarea")
            expect(alt).not_to_have_value("")
            alt.fill("")
            alt.fill(f"A red backpack for school, {purpose}")
        if purpose == "complex":
            page.locator("#long-alt_text textarea").fill(
                "The backpack stands upright on white. It is red, with a large pocket in front, "
                "two straps and a handle on top; nothing else is in the picture."
            )
        save(page, "alt_text", "saved-alt_text", f"{label}: saved")

    tab(page, "Compare")
    expect(page.locator("#models-compare")).to_contain_text("bundled")  # who can draw is asked meanwhile
    page.locator("#prompt-compare textarea").fill("a yellow teapot on a blue background")
    in_sight(page, "compare", "2 pictures done")
    expect(page.locator("#stage-compare .shown figure img")).to_have_count(2)
    expect(page.locator("#pictures-compare tbody tr")).to_have_count(2)
    page.locator("#chosen-compare").get_by_role("radio").first.check()
    page.locator("#reason-compare textarea").fill(REASON)
    save(page, "compare", "saved-compare", "Saved")

    tab(page, "By itself")
    in_sight(page, "by_itself", "Rounds: ")
    rounds = page.locator("#rounds-by_itself tbody tr").count()
    expect(page.locator("#prompt-by_itself textarea")).to_have_value(re.compile("green umbrella"))
    page.locator("#best-by_itself").get_by_role("radio").first.check()
    page.locator("#text-by_itself textarea").fill(BETTER)
    page.locator("#text-by_itself textarea").blur()
    expect(page.locator("#saved-by_itself")).to_contain_text("Saved")

    tab(page, "Reflection")
    page.locator("#reflection textarea").fill(REFLECTION)
    page.locator("#reflection textarea").blur()
    expect(page.locator("#reflection-saved")).not_to_be_empty()
    graded = grade(lab.work, tmp_path / "before", assignment)
    wrong = [check for check in graded.checks if check.status in ("failed", "unchecked")]
    assert [(check.id, check.cause) for check in wrong] == []
    expect(page.locator("#lab-points")).to_contain_text("6 of 20 points, 15 open")

    tab(page, "Costs")
    expect(page.locator("#costs-calls tbody tr")).to_have_count(11 + rounds)
    expect(page.locator("#costs-metrics")).to_contain_text("analyser (bundled)")

    tab(page, "Hand in")
    page.locator("#hand-in").click()
    expect(page.locator("#hand-in-status")).to_contain_text(".zip")

    graded = grade(lab.work, tmp_path, assignment)
    assert graded.gradable
    assert {check.status for check in graded.checks} == {"passed", "open"}
    assert (graded.points, graded.open) == (EARNED, OPEN)

    archive = next((lab.work / "api-analysis" / "hand-ins").glob("*.zip"))
    handed_in = tmp_path / "zips" / "jane.doe.zip"
    handed_in.parent.mkdir()
    shutil.copy(archive, handed_in)
    assert next(iter(grade_class(handed_in.parent, assignment, tmp_path / "of-zip"))).points == EARNED

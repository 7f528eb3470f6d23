"""All of `tp2` as a student does it, from the smoke test to the grade, with a photo of their own."""

import re
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from exercises.assignment import Assignment
from exercises.kinds import Evaluation, Observe
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from grading.results import Grade
from tests.browser.conftest import SIZES, RunningLab, StartLab, in_sight, tab, upload
from tests.own_code import solution

OpenPage = Callable[..., Page]

REFLECTION = """More steps make a picture sharper, but each step costs the same time again.
Fifteen steps gave me the composition in half the seconds of thirty.
Fifty steps doubled the latency and I could hardly see a difference.
So for drafts I would take few steps and a fast scheduler, and pay for quality only at the end.
To reproduce a picture I need the prompt, the seed, the scheduler, the steps and the model's version.
Another version of the library or other hardware can still change the pixels.
In a shop the main risk is a picture that misleads: the model invents details of the product.
At a high strength my bottle became another bottle, and a customer would rightly send it back.
I would show real photos beside generated ones, label them, and keep the strength low.
Logos and text must be checked by a person, because the model only imitates them."""


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("tp2")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo as a phone writes it: a JPEG of some size, lying on its side."""
    picture = Image.new("RGB", (640, 480), "#c8ccd2")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((200, 90, 440, 400), fill="#b3261e")
    pen.rectangle((290, 40, 350, 120), fill="#3a3a3a")
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was turned
    path = tmp_path_factory.mktemp("photo") / "IMG_0042.jpg"
    picture.save(path, exif=exif)
    return path


@pytest.fixture
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab()


def generate(page: Page, exercise: str, done: str) -> None:
    """Press the exercise's button, and see without scrolling what goes on and what comes of it."""
    in_sight(page, exercise, done, preview=True)


def evaluate(page: Page, assignment: Assignment) -> None:
    evaluation = next(e for e in assignment.exercises if isinstance(e, Evaluation))
    for subject in evaluation.subjects:
        name = f"evaluation-{subject.id}"
        page.locator(f"#{name}-image input").click()
        page.get_by_role("option").filter(has_text=subject.one_of[0]).first.click()
        for criterion in evaluation.criteria:
            page.locator(f"#{name}-{criterion.id}").get_by_role("radio").nth(1).check()
        for number in (1, 2):
            box = page.locator(f"#{name}-reason{number} textarea")
            box.fill(f"Reason {number}: its outline and its light, seen beside the other pictures.")
            box.blur()
        expect(page.locator(f"#{name}-total")).to_contain_text("5")
    page.locator("#reflection textarea").fill(REFLECTION)
    page.locator("#reflection textarea").blur()
    expect(page.locator("#reflection-seen")).to_contain_text("10")
    expect(page.locator("#reflection-saved")).not_to_be_empty()


def observe(page: Page, exercise: Observe) -> None:
    """Something of its own into every box of the tab."""
    boxes = page.locator(f"#tab-{exercise.id} textarea")
    expect(boxes).to_have_count(len(exercise.pictures) * len(exercise.questions) + len(exercise.conclusions))
    for number in range(boxes.count()):
        boxes.nth(number).fill(f"Box {number}: softer edges, a calmer background, nearly the same light.")
    boxes.last.blur()
    expect(page.locator(f"#checks-{exercise.id}")).to_contain_text("for a person to judge")


def code(page: Page) -> None:
    """Fill in the blanks and run it."""
    editor = page.locator("#editor-code .cm-content")
    expect(editor).to_have_attribute("contenteditable", "true")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(solution())
    in_sight(page, "code", "2 pictures done", button="#run-code")


def grade(work: Path, out: Path, assignment: Assignment) -> Grade:
    submissions = out / "submissions"
    shutil.copytree(work, submissions / "jane.doe")
    return next(iter(grade_class(submissions, assignment, out / "grades")))


@pytest.mark.timeout(1500)
def test_the_whole_assignment_from_smoke_test_to_grade(
    lab: RunningLab, open_page: OpenPage, photo: Path, assignment: Assignment, tmp_path: Path
) -> None:
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    tab(page, "Smoke test")
    generate(page, "smoke", r"Saved as smoke\.png")
    expect(page.locator("#stage-smoke .shown img")).to_have_attribute("alt", re.compile("headphones"))
    expect(page.locator("#facts-smoke")).to_contain_text("256 × 256")

    tab(page, "Baseline")
    generate(page, "baseline", r"Saved as baseline\.png")
    page.locator("#view-baseline").get_by_label("From noise to image").check()
    expect(page.locator("#stage-baseline .shown img")).to_have_attribute("alt", re.compile("noise"))
    assert (lab.work / "tp2" / "films" / "baseline.png").is_file()

    tab(page, "Sweep")
    generate(page, "sweep", r"6 pictures done")
    expect(page.locator("#stage-sweep .shown img")).to_have_count(6)
    with page.expect_download() as download:
        page.locator("#download-sweep").click()
    grid = Image.open(BytesIO(Path(download.value.path()).read_bytes()))
    assert grid.width > 3 * 256
    assert grid.height > 3 * 256

    tab(page, "Observations")
    observe(page, next(e for e in assignment.exercises if isinstance(e, Observe) and e.of == "sweep"))

    tab(page, "Image to image")
    page.locator("#generate-img2img").click()
    expect(page.locator("#status-img2img")).to_contain_text("Choose a photo first")
    upload(page, "img2img", photo)
    expect(page.locator("#photo-img2img img")).to_be_visible()
    generate(page, "img2img", r"3 pictures done")
    expect(page.locator("#facts-img2img tr").filter(has_text="Steps")).to_have_text(
        re.compile(r"Steps\s*30\s*10")
    )

    tab(page, "Your product")
    observe(page, next(e for e in assignment.exercises if isinstance(e, Observe) and e.of == "img2img"))

    tab(page, "Code")
    code(page)

    tab(page, "Studio")
    page.locator("#studio-prompt textarea").fill("a yellow teapot on a blue background")
    generate(page, "studio", r"Saved as studio\.png")

    tab(page, "Evaluation")
    evaluate(page, assignment)
    expect(page.locator("#lab-points")).to_contain_text("of 20 points, 6.")

    tab(page, "Hand in")
    page.locator("#hand-in").click()
    expect(page.locator("#hand-in-status")).to_contain_text(".zip")

    graded = grade(lab.work, tmp_path, assignment)
    assert graded.gradable
    assert [check.id for check in graded.checks if not check.passed and not check.needs_person] == []
    assert graded.points + graded.open == pytest.approx(20)

    archive = next((lab.work / "tp2" / "hand-ins").glob("*.zip"))
    handed_in = tmp_path / "zips" / "jane.doe.zip"
    handed_in.parent.mkdir()
    shutil.copy(archive, handed_in)
    assert next(iter(grade_class(handed_in.parent, assignment, tmp_path / "of-zip"))).points == graded.points

    kinds = ("observe", "evaluation", "reflection")
    written = {e.id: e.points for e in assignment.exercises if e.kind in kinds}
    reads_code = next(c.maximum for c in graded.checks if c.id == "code/code/code")
    unwritten = tmp_path / "unwritten"
    shutil.copytree(lab.work, unwritten)
    (unwritten / "tp2" / "answers.json").unlink()
    assert grade(unwritten, tmp_path / "second", assignment).points == pytest.approx(
        20 - sum(written.values()) - reads_code
    )

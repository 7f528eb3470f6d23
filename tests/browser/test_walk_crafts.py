"""The four assignments in which something is made of pictures, as a student does them: offline, on `mini`."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]
from playwright.sync_api import Locator, Page, expect
from pptx import Presentation
from pypdf import PdfReader

from crafts.pieces import FOLDER
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.reading import closing, open_work
from tests.browser.conftest import WAIT, RunningLab, StartLab, tab
from tests.grading.crafted import CRAFTED, DIAGRAM, FRAMES, LABELS, QUIZ, TOLD, WORDS

OpenPage = Callable[..., Page]

PROMPT = "a blue teapot on a yellow background"
STEPS = "3"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab(GENAI_OPEN=json.dumps(dict.fromkeys(CRAFTED)))


def draw(page: Page, exercise: str, count: int) -> None:
    """So many pictures with seeds of their own."""
    page.locator("#studio-prompt textarea").fill(PROMPT)
    steps = page.locator("#studio-steps input[type=number]")
    steps.fill(STEPS)
    steps.press("Tab")
    for number in range(count):
        seed = page.locator("#studio-seed input")
        seed.fill(str(number + 1))
        seed.press("Tab")
        page.locator(f"#generate-{exercise}").click()
        expect(page.locator(f"#status-{exercise}")).to_contain_text("Saved as", timeout=8 * WAIT)
        expect(page.locator(f"#generate-{exercise}")).to_be_enabled()


def choose(page: Page, exercise: str, count: int) -> None:
    """The newest pictures, the newest first."""
    box = page.locator(f"#pictures-{exercise} input")
    for _ in range(count):
        box.click()
        page.locator(f"#pictures-{exercise} [role=option]:not([aria-selected=true])").first.click()
    box.press("Escape")


def make(page: Page, exercise: str) -> None:
    page.locator(f"#make-{exercise}").click()
    expect(page.locator(f"#made-{exercise}")).to_contain_text("Saved as")


def download(page: Page, link: Locator) -> bytes:
    with page.expect_download() as waiting:
        link.click()
    return Path(waiting.value.path()).read_bytes()


@pytest.mark.parametrize("assignment", CRAFTED)
def test_an_assignment_is_done_from_the_first_picture_to_the_files_and_checked_as_good_work(
    lab: RunningLab, open_page: OpenPage, assignment: str
) -> None:
    planned = find_assignment(assignment)
    pictures, piece = planned.exercises[0], planned.exercises[1]
    name: str = piece.id
    page = open_page(lab.page(tab=pictures.id, assignment=assignment))
    draw(page, pictures.id, pictures.minimum)  # type: ignore[union-attr]
    tab(page, piece.title("en"))
    expect(page.locator(f"#stage-{name}")).to_contain_text("What you make is shown here")
    page.locator(f"#make-{name}").click()
    expect(page.locator(f"#made-{name}")).to_contain_text("Choose pictures")
    FORMS[assignment](page, name)
    make(page, name)
    expect(page.locator(f"#figures-{name} table").first).to_be_visible()
    page.locator(f"#text-{name} textarea").fill(WORDS)
    expect(page.locator(f"#saved-{name}")).to_contain_text("Saved at")
    page.locator(f"#text-{name} textarea").blur()
    expect(page.locator(f"#checks-{name}")).to_contain_text("Hand in →")

    with closing(open_work(lab.work, assignment, "jane.doe")) as submission:
        checks = check_submission(planned, submission, "en")
    own = {c.id: c.passed for c in checks if c.id.startswith(f"{name}/")}
    assert [c for c, passed in own.items() if passed is not True] == [f"{name}/words/about_it"]
    for link in page.locator(f"#files-{name} a").all():
        data = download(page, link)
        file = link.get_attribute("download") or ""
        assert data == (lab.work / assignment / FOLDER / file).read_bytes()
        READ[file.rpartition(".")[2]](data)

    page.reload()  # all is there again, the form too
    expect(page.locator(f"#files-{name} a").first).to_be_visible()
    expect(page.locator(f"#text-{name} textarea")).to_have_value(WORDS)
    make(page, name)
    expect(page.locator(f"#files-{name}")).to_contain_text(f"{name}-2")


def fill_pattern(page: Page, name: str) -> None:
    page.locator(f"#pictures-{name} input").click()
    page.locator(f"#pictures-{name} [role=option]").first.click()
    width = page.locator(f"#width-{name} input[type=number]")
    width.fill("48")
    width.press("Tab")
    page.locator(f"#outline-{name} input").check()


def fill_story(page: Page, name: str) -> None:
    choose(page, name, 4)
    page.locator(f"#title-{name} input, #title-{name} textarea").fill("A teapot’s day")
    for number, (caption, alt) in enumerate(FRAMES, 1):
        for field, text in (("caption", caption), ("alt", alt)):
            page.locator(f"#{field}-{number}-{name} textarea, #{field}-{number}-{name} input").fill(text)
    expect(page.locator(f"#caption-5-{name}")).to_be_hidden()


def fill_brand(page: Page, name: str) -> None:
    choose(page, name, 3)
    page.locator(f"#suggest-{name}").click()
    palette = page.locator(f"#palette-{name} textarea")
    expect(palette).to_have_value(re.compile(r"^#[0-9a-f]{6}\n#"))
    page.locator(f"#name-{name} input, #name-{name} textarea").fill("Thé & Co")
    page.locator(f"#moods-{name} input, #moods-{name} textarea").fill("calm, warm, clear")
    palette.fill("#102030 ink\nblue")
    page.locator(f"#make-{name}").click()
    expect(page.locator(f"#made-{name}")).to_contain_text("Line 2 of the palette is no colour")
    palette.fill("#102030 ink\n#ffffff paper\n#f0d040 sun\n#2040c0 pot")


def fill_batch(page: Page, name: str) -> None:
    choose(page, name, 5)
    expect(page.locator(f"#count-{name}")).to_contain_text("files: 100")


def fill_diagram(page: Page, name: str) -> None:
    page.locator(f"#pictures-{name} input").click()
    page.locator(f"#pictures-{name} [role=option]").first.click()
    source = page.locator(f"#source-{name} textarea")
    source.fill("flowchart TD\na[Egg] -> b")
    expect(page.locator(f"#drawn-{name}")).to_contain_text("Line 2: an arrow is expected where “-> b” stands")
    source.fill(DIAGRAM)
    expect(page.locator(f"#drawn-{name}")).to_contain_text("6 nodes, 5 arrows")
    expect(page.locator(f"#drawing-{name} img")).to_have_attribute("alt", re.compile("Prompt → Text encoder"))
    for place, label in enumerate(LABELS, 1):
        row = page.locator(f"#finding-{place}-{name}")
        expect(row).to_contain_text(label)
        row.get_by_text("missing", exact=True).click()
    source.fill(DIAGRAM.replace("Decoder", "Dekoder"))  # another label: what was said of the rest stays
    expect(page.locator(f"#finding-5-{name}")).to_contain_text("Dekoder")
    expect(page.locator(f"#finding-5-{name} input:checked")).to_have_count(0)
    expect(page.locator(f"#finding-6-{name} input:checked")).to_have_count(1)
    source.fill(DIAGRAM)
    expect(page.locator(f"#finding-5-{name}")).to_contain_text("Decoder")
    page.locator(f"#finding-5-{name}").get_by_text("wrong", exact=True).click()
    expect(page.locator(f"#finding-10-{name}")).to_be_hidden()


def fill_lesson(page: Page, name: str) -> None:
    choose(page, name, 3)
    page.locator(f"#template-{name}").get_by_text("Literature").click()
    expect(page.locator(f"#ideas-{name}")).to_contain_text("rose on a black background")
    page.locator(f"#fill-{name}").click()
    quiz = page.locator(f"#quiz-{name} textarea")
    expect(quiz).to_have_value(re.compile("Who says"))
    expect(page.locator(f"#read-{name}")).to_contain_text("3 questions; 3 still to be filled in")
    quiz.fill("? Who?\n+ She\n+ He")
    expect(page.locator(f"#read-{name}")).to_contain_text("Line 3: this question has a right answer already")
    quiz.fill(QUIZ)
    expect(page.locator(f"#read-{name}")).to_contain_text("5 questions; 0 still")
    page.locator(f"#title-{name} input, #title-{name} textarea").fill("Leaves & light")
    for number, told in enumerate(TOLD, 1):
        for field, text in told.items():
            page.locator(f"#{field}-{number}-{name} textarea, #{field}-{number}-{name} input").fill(text)
    expect(page.locator(f"#caption-4-{name}")).to_be_hidden()


FORMS: dict[str, Callable[[Page, str], None]] = {
    "crossstitch": fill_pattern,
    "storyboard": fill_story,
    "brandkit": fill_brand,
    "operations": fill_batch,
    "diagrams": fill_diagram,
    "course": fill_lesson,
}


def pages_of(data: bytes) -> None:
    assert PdfReader(io.BytesIO(data)).pages[0].extract_text().strip()


def slides_of(data: bytes) -> None:
    deck = Presentation(io.BytesIO(data))
    assert [slide.shapes.title.text for slide in deck.slides] == [caption for caption, _ in FRAMES]


def files_of(data: bytes) -> None:
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) in (100, 5)  # a batch; an assignment


READ: dict[str, Callable[[bytes], Any]] = {
    "pdf": pages_of,
    "pptx": slides_of,
    "zip": files_of,
    "png": lambda data: data.index(b"PNG"),
    "xml": lambda data: etree.fromstring(data).xpath("count(question)"),
    "svg": lambda data: etree.fromstring(data).iter("{*}text"),
}

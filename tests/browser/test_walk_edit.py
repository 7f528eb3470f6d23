"""The assignment `edit` as a student does it: masks, a larger canvas, outlines that lead, a film."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from manifests.manifest import Manifest, Request
from manifests.masks import change, covered, open_mask
from manifests.outlines import outlines
from manifests.pictures import fit, open_picture
from manifests.store import Store
from tests.browser.conftest import SIZES, WAIT, RunningLab, StartLab, press, tab, upload
from tests.grading.test_edit import shapes

OpenPage = Callable[..., Page]
SEEN = (
    "The seam is soft and hardly seen, the gray goes on behind the new thing; what lies outside is kept, "
    "but there is no shadow and the light comes from another side than before."
)


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tiny_mini: Path) -> RunningLab:
    """A lab whose one assignment this is; its model is small, as many pictures are drawn."""
    return start_lab(GENAI_ASSIGNMENT="edit", GENAI_MINI_WEIGHTS=str(tiny_mini))


def manifests(lab: RunningLab) -> list[Manifest]:
    return [record.manifest for record in Store(lab.work, "edit", "jane.doe").records()]


def numbers(page: Page, name: str, **values: int) -> None:
    """The rectangle's numbers, as they are typed."""
    for side, value in values.items():
        page.locator(f"#board-{name} .mask-{side}").fill(str(value))


def generate(page: Page, name: str) -> None:
    page.locator(f"#generate-{name}").scroll_into_view_if_needed()
    press(page, f"#generate-{name}")


def done(page: Page, name: str, words: str = "Saved") -> None:
    generate(page, name)
    expect(page.locator(f"#status-{name}")).to_contain_text(words, timeout=16 * WAIT)


def write(page: Page, name: str) -> None:
    box = page.locator(f"#text-{name} textarea")
    box.fill(SEEN)
    expect(page.locator(f"#saved-{name}")).to_contain_text("Saved at")
    box.blur()


def test_all_of_the_assignment_is_done_in_a_browser(
    lab: RunningLab, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(lab.page(tab="before"), viewport=SIZES["laptop"])
    done(page, "before")
    _a_part(lab, page)
    _beyond(lab, page)
    _by_outlines(lab, page, tmp_path / "photo.png")
    _a_film(lab, page)


def _a_part(lab: RunningLab, page: Page) -> None:
    page.locator("#tab-part-button, [role=tab]:has-text('A part')").first.click()
    expect(page.locator("#board-part")).to_contain_text("Choose a picture first")
    generate(page, "part")
    expect(page.locator("#status-part")).to_contain_text("Choose a picture first")
    page.locator("#own-part input").click()
    page.get_by_role("option").first.click()
    board = page.locator("#board-part lab-mask")
    expect(board.locator("img")).to_be_visible()
    status = board.locator(".mask-status")
    expect(status).to_contain_text("Nothing is marked yet")
    page.locator("#prompt-part textarea").fill("a blue teapot on a gray background")
    generate(page, "part")
    expect(page.locator("#status-part")).to_contain_text("Nothing is marked")

    numbers(page, "part", left=40, top=40, right=220, bottom=220)
    board.locator(".mask-mark").press("Enter")
    expect(status).to_contain_text("49 % of the picture, from 40 to 220 across and from 40 to 220 down")
    board.get_by_role("button", name="Invert").press("Enter")
    expect(status).to_contain_text("51 %")
    board.get_by_role("button", name="Undo").press("Enter")
    expect(status).to_contain_text("49 %")
    board.get_by_role("button", name="Clear").press("Enter")
    expect(status).to_contain_text("Nothing is marked")
    _draw(page)
    expect(status).not_to_contain_text("Nothing is marked")
    board.get_by_label("Eraser").check()
    _draw(page)
    expect(status).to_contain_text("Nothing is marked")
    board.locator(".mask-mark").press("Enter")
    done(page, "part")
    expect(page.locator("#stage-part .two.slider")).to_be_visible()
    expect(status).to_contain_text("49 %")  # what was marked is there for the next try
    write(page, "part")
    expect(page.locator("#checks-part")).not_to_contain_text("differs from its source")
    made = manifests(lab)[-1]
    assert made.request.mode == "inpaint"
    assert made.request.mask is not None
    assert made.request.mask.padding == 22
    folder = lab.work / "edit"
    picture = open_picture((folder / "outputs" / made.image.file).read_bytes())
    assert made.request.source is not None
    source = open_picture((folder / "inputs" / made.request.source.file).read_bytes())
    mask = open_mask((folder / "inputs" / made.request.mask.file).read_bytes(), 256, 256)
    outside, inside = change(source, picture, mask)
    assert outside == 0.0
    assert inside > 5
    assert 0.49 < covered(mask) < 0.62


def _draw(page: Page) -> None:
    """A stroke across the picture, there and back, as with a mouse."""
    canvas = page.locator("#board-part canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 60, middle)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(box["x"] + 60 + 20 * step, middle)
    page.mouse.up()


def _beyond(lab: RunningLab, page: Page) -> None:
    page.get_by_role("tab", name="Beyond the frame", exact=True).click()
    page.locator("#own-beyond input").click()
    page.get_by_role("option").last.click()
    expect(page.locator("#board-beyond figcaption")).to_contain_text("384 × 256 pixels")
    page.locator("#prompt-beyond textarea").fill("a red backpack on a gray background")
    done(page, "beyond")
    write(page, "beyond")
    made = manifests(lab)[-1]
    assert (made.image.width, made.image.height) == (384, 256)


def _by_outlines(lab: RunningLab, page: Page, photo: Path) -> None:
    tab(page, "By outlines")
    board = page.locator("#board-lines")
    expect(board).to_contain_text("Choose a picture first")
    generate(page, "lines")
    expect(page.locator("#status-lines")).to_contain_text("Choose a picture first")
    Image.new("RGB", (300, 200), "teal").save(photo)
    upload(page, "lines", photo)
    expect(board).to_contain_text("No outlines are found")
    shapes().save(photo)
    upload(page, "lines", photo)
    expect(board.locator("img")).to_be_visible()
    expect(board).to_contain_text("The outlines that lead")
    first = board.locator("img").get_attribute("src")
    page.locator("#smoothing-lines input[type=number]").fill("4")
    expect(board.locator("img")).not_to_have_attribute("src", first or "")
    page.locator("#lines-lines").get_by_role("checkbox").check()
    expect(board.locator("img")).to_have_attribute("src", re.compile("lines"))
    page.locator("#lines-lines").get_by_role("checkbox").uncheck()
    page.locator("#prompt-lines textarea").fill("a blue teapot on a gray background")
    done(page, "lines", "3 pictures done")
    expect(page.locator("#stage-lines figure img")).to_have_count(4)
    expect(page.locator("#stage-lines")).to_contain_text("% of the outlines kept")
    write(page, "lines")
    led = [m for m in manifests(lab) if m.request.mode == "control"]
    assert {m.request.control_scale for m in led if isinstance(m.request, Request)} == {0.0, 0.5, 1.0}
    assert len({m.request.source for m in led}) == 1
    source = led[0].request.source
    assert source is not None
    kept = open_picture((lab.work / "edit" / "inputs" / source.file).read_bytes())
    assert kept.tobytes() == outlines(fit(shapes(), 256, 256), 4.0).convert("RGB").tobytes()
    page.reload()
    expect(board).to_contain_text("This is a picture of outlines")  # those that led, for the next try


def _a_film(lab: RunningLab, page: Page) -> None:
    page.get_by_role("tab", name="Between two", exact=True).click()
    generate(page, "way")
    expect(page.locator("#status-way")).to_contain_text("Both ends are the same picture")
    page.locator("#to-prompt-way textarea").fill("a yellow car on a gray background")
    page.locator("#to-seed-way input").fill("7")
    done(page, "way", "9 pictures done")
    expect(page.locator("#stage-way figure img")).to_be_visible()
    page.locator("#view-way").get_by_label("Film").check()
    expect(page.locator("#stage-way img[src*=webp]")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#moving-way").click()
    assert Path(download.value.path()).read_bytes()[8:12] == b"WEBP"
    write(page, "way")
    places = [between.place for m in manifests(lab) if (between := getattr(m.request, "between", None))]
    assert sorted(places) == [i / 8 for i in range(9)]
    answers = json.loads((lab.work / "edit" / "answers.json").read_text())
    assert answers["exercises"]["way"]["text"] == SEEN


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["part", "lines"])
def test_the_picture_to_begin_with_fits_its_page(
    lab: RunningLab, open_page: OpenPage, language: str, size: str, name: str
) -> None:
    page = open_page(lab.page(language, name), viewport=SIZES[size])
    expect(page.locator(f"#generate-{name}")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    board = page.locator(f"#board-{name} lab-mask, #board-{name} img").first
    if board.count():
        box = board.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SIZES[size]["width"]

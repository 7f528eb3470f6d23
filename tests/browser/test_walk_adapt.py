"""The assignment `adapt` as a student does it: photos and a word, taught in the page, then drawn with it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from manifests.adapters import cards
from manifests.manifest import Request
from manifests.store import Store
from tests.browser.conftest import SIZES, WAIT, RunningLab, StartLab

OpenPage = Callable[..., Page]
LESSON = (
    "After five steps nothing of my thing is there: the word draws what the model would have drawn without,"
    " and the background stays what the prompt says."
)


def photo(number: int) -> bytes:
    """A thing that nobody knows, somewhere on a plain ground."""
    picture, out = Image.new("RGB", (256, 256), (230 - 20 * number, 225, 200 + 10 * number)), io.BytesIO()
    draw, left = ImageDraw.Draw(picture), 40 + 12 * number
    draw.ellipse((left, 60, left + 120, 180), fill=(190, 40, 140))
    draw.rectangle((left + 45, 30, left + 75, 220), fill=(40, 160, 90))
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tiny_mini: Path) -> RunningLab:
    """A lab whose one assignment this is; its model is small, as teaching the bundled one takes minutes."""
    return start_lab(GENAI_ASSIGNMENT="adapt", GENAI_MINI_WEIGHTS=str(tiny_mini))


@pytest.mark.timeout(900)
def test_a_thing_is_taught_and_drawn_before_and_after(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="few"), viewport=SIZES["laptop"])
    expect(page.locator("#tab-few")).to_be_visible()
    page.locator("#word-few textarea, #word-few input").fill("zibou")
    page.locator("#teach-few").click()
    status = page.locator("#status-few")
    expect(status).to_contain_text("Teaching needs 5 to 12 different photos")
    files = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": photo(n)} for n in range(5)]
    with page.expect_file_chooser() as chooser:
        page.locator("#upload-few").click()
    chooser.value.set_files(files)  # type: ignore[arg-type]
    expect(page.locator("#photos-few")).to_contain_text("5 photos: 0.png, 1.png")
    page.locator("#word-few textarea, #word-few input").fill("camera")
    page.locator("#teach-few").click()
    expect(status).to_contain_text("is a word the model knows")
    page.locator("#word-few textarea, #word-few input").fill("zibou")
    page.locator("#steps-few input[type=number]").fill("5")
    page.locator("#steps-few input[type=number]").press("Tab")
    page.locator("#teach-few").click()
    expect(page.locator("#progress-few progress")).to_be_visible(timeout=WAIT)
    going_on = page.locator("#being-taught-few")
    expect(going_on.locator("svg")).to_be_visible(timeout=8 * WAIT)  # the curve so far
    expect(going_on.locator("svg")).to_have_count(0, timeout=8 * WAIT)  # it has ended
    expect(page.locator("#learnt-few svg")).to_be_visible(timeout=8 * WAIT)  # the curve
    expect(page.locator("#learnt-few img")).to_have_count(2)
    expect(page.locator("#learnt-few table")).to_contain_text("Named after")
    (card,) = cards(lab.work / "adapt")
    assert (card.word, card.steps, len(card.photos)) == ("zibou", 5, 5)

    page.locator("#generate-few").click()
    checks = page.locator("#checks-few")
    expect(checks).not_to_contain_text("Not drawn yet", timeout=4 * WAIT)
    expect(page.locator("#stage-few figure img")).to_have_count(4)
    drawn = [record.manifest.request for record in Store(lab.work, "adapt", "jane.doe").records()]
    used = {request.adapters[0].scale for request in drawn if isinstance(request, Request)}
    assert (len(drawn), used) == (4, {0.0, 1.0})

    page.locator("#free-prompt-few textarea").fill("a {word} on a green background")
    page.locator("#free-scale-few input[type=number]").fill("1.3")
    page.locator("#free-scale-few input[type=number]").press("Tab")
    page.locator("#free-draw-few").click()
    expect(page.locator("#stage-few .one")).to_contain_text(
        "a zibou on a green background · strength 1.3", timeout=4 * WAIT
    )
    free = Store(lab.work, "adapt", "jane.doe").newest("adapted")
    assert free is not None
    assert isinstance(free.manifest.request, Request)
    assert [adapter.scale for adapter in free.manifest.request.adapters] == [1.3]
    assert free.manifest.exercise == "few"
    expect(checks).not_to_contain_text("Not drawn yet")

    page.locator("#text-few textarea").fill(LESSON)
    page.locator("#text-few textarea").blur()
    expect(checks).to_contain_text("for a person to judge")

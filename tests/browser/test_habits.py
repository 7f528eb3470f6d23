"""The habits people bring: pictures dropped or pasted, the same seed again, four at once, earlier prompts."""

import base64
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from manifests.store import Store
from tests.browser.conftest import RunningLab, StartLab, tab
from tests.grading.good import draft_of, noise
from tests.grading.good import photo as photo_bytes

OpenPage = Callable[..., Page]
SAID = "a red bag, soft light\nNegative prompt: blurry\nSteps: 17, Sampler: DDIM, CFG scale: 4.5, Seed: 99"
GIVE = """([data, name, type, how]) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], name, { type }));
    const event = how === "drop"
        ? new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true });
    document.querySelector("[role=tabpanel]").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """A lab with three pictures of the Studio, the newest one last."""
    work: Path = tmp_path_factory.mktemp("work")
    store, run = Store(work, "tp2", "jane.doe"), find_assignment("tp2").planned_runs()[0][1]
    for number, prompt in enumerate(("a red bag", "a blue mug", "a red bag")):
        draft = draft_of("studio", run, prompt=prompt, seed=1000 + number)
        store.save(replace(draft, run="studio"), noise(number))
    return start_lab(work)


@pytest.fixture
def said() -> bytes:
    """A PNG that says how AUTOMATIC1111's web UI made it."""
    texts, out = PngInfo(), io.BytesIO()
    texts.add_text("parameters", SAID)
    Image.new("RGB", (64, 64), "red").save(out, "PNG", pnginfo=texts)
    return out.getvalue()


def give(page: Page, data: bytes, name: str, how: str) -> None:
    """Drop or paste a file somewhere on the page."""
    kind = "image/jpeg" if name.endswith("jpg") else "image/png"
    page.evaluate(GIVE, [base64.b64encode(data).decode(), name, kind, how])


@pytest.mark.parametrize("how", ["drop", "paste"])
@pytest.mark.parametrize("begin", ["studio", "sweep"])
def test_a_picture_given_to_any_tab_is_read_and_taken_over_into_the_studio(
    lab: RunningLab, open_page: OpenPage, said: bytes, begin: str, how: str
) -> None:
    page = open_page(lab.page(tab=begin))
    give(page, said, "found.png", how)
    expect(page.locator("#reader-found")).to_contain_text("AUTOMATIC1111")
    expect(page.locator("#reader-found tr", has_text="Steps")).to_contain_text("17")
    page.locator("#reader-take").click()
    expect(page.locator("#studio-prompt textarea")).to_have_value("a red bag, soft light")
    expect(page.locator("#studio-negative_prompt textarea")).to_have_value("blurry")
    expect(page.locator("#studio-steps input[type=number]")).to_have_value("17")
    expect(page.locator("#studio-guidance_scale input[type=number]")).to_have_value("4.5")
    expect(page.locator("#studio-seed input")).to_have_value("99")
    expect(page.locator("#studio-scheduler input")).to_have_value("DDIM")


def test_a_picture_dropped_on_image_to_image_is_its_photo(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="img2img"))
    give(page, photo_bytes(), "mine.jpg", "drop")
    expect(page.locator("#photo-status-img2img")).to_contain_text("used from now on")
    expect(page.locator("#photo-img2img img")).to_be_visible()


def test_a_picture_that_says_nothing_is_answered(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="studio"))
    give(page, photo_bytes(), "mine.jpg", "drop")
    expect(page.locator("#reader-found")).to_contain_text("says nothing")
    expect(page.locator("#reader-take")).to_have_count(0)


def test_the_seed_of_the_last_picture_comes_back_and_the_dice_change_it(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="studio"))
    seed = page.locator("#studio-seed input")
    page.locator("#studio-dice").click()
    expect(seed).not_to_have_value("42")
    page.locator("#studio-same-seed").click()
    expect(seed).to_have_value("1002")


def test_an_earlier_prompt_an_example_and_a_style_come_into_the_prompt(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page("fr", tab="studio"))
    prompt = page.locator("#studio-prompt textarea")
    page.get_by_role("button", name=re.compile("^Idées")).click()
    page.locator("#studio-history input").click()
    expect(page.get_by_role("option")).to_have_count(2)  # each prompt once
    page.get_by_role("option", name="a blue mug").click()
    expect(prompt).to_have_value("a blue mug")
    page.locator("#studio-styles input").click()
    page.get_by_role("option", name="Fond blanc").click()
    expect(prompt).to_have_value("a blue mug, sur fond blanc")
    page.locator("#studio-examples input").click()
    page.get_by_role("option", name="Produit · une bouteille bleue").click()
    expect(prompt).to_have_value("une bouteille bleue sur fond rose, éclairage studio")


def test_each_parameter_is_explained_with_a_picture(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="studio"))
    page.get_by_role("button", name="What the parameters do").click()
    expect(page.locator(".parameter-help dt")).to_have_count(8)
    for picture in page.locator(".parameter-help img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("naturalWidth", 288)


def test_four_pictures_with_four_seeds_are_recorded_and_shown_as_four(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(), viewport={"width": 1280, "height": 800})
    tab(page, "Studio")
    page.locator("#studio-prompt textarea").fill("a green bottle")
    page.locator("#studio-steps input[type=number]").fill("2")
    page.locator("#studio-seed input").fill("4294967294")
    page.locator("#studio-count").get_by_label("4, with").check()
    page.locator("#generate-studio").click()
    expect(page.locator("#status-studio")).to_contain_text("4 pictures done", timeout=120_000)
    figures = page.locator("#stage-studio .shown figure")
    expect(figures).to_have_count(4)
    expect(figures.last).to_contain_text("seed 1")
    records = Store(lab.work, "tp2", "jane.doe").records()[-4:]
    assert [record.manifest.request.seed for record in records] == [4294967294, 4294967295, 0, 1]
    assert {record.manifest.request.prompt for record in records} == {"a green bottle"}

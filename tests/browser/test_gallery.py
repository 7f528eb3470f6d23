"""The gallery in a browser: choose, filter, page, tick, compare, take along, delete, go on with a picture."""

import re
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.kinds.base import Run
from exercises.loader import find_assignment
from exercises.parameters import Parameters
from lab.records.compare import pixel_difference
from lab.records.gallery import PAGE_SIZE
from manifests.masks import rectangle
from manifests.pictures import open_picture, picture_extension
from manifests.png import plain_png
from manifests.store import Store
from tests.browser.conftest import RunningLab, StartLab
from tests.grading.good import draft_of, make_work, noise

OpenPage = Callable[..., Page]
STUDENT = "jane.doe"  # as `start_lab` sets it

MADE = 14  # pictures of good work: those of all runs, one free one, and two by the student's own code


@pytest.fixture(scope="module")
def full_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good work, with all its pictures."""
    work = tmp_path_factory.mktemp("full")
    make_work(work, find_assignment("tp2"), STUDENT)
    return work


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab()


@pytest.fixture
def store(lab: RunningLab, full_work: Path) -> Store:
    """The lab's work as it was made, whatever an earlier test did to it."""
    shutil.rmtree(lab.work / "tp2", ignore_errors=True)
    shutil.copytree(full_work / "tp2", lab.work / "tp2")
    return Store(lab.work, "tp2", STUDENT)


@pytest.fixture
def gallery(store: Store, lab: RunningLab, open_page: OpenPage) -> Page:
    page = open_page(lab.page(tab="gallery"))
    expect(page.locator("#gallery-where")).to_contain_text(str(MADE))
    return page


def expect_chosen(page: Page, stem: str) -> None:
    expect(page.locator("#gallery-chosen input")).to_have_value(re.compile(f"^{stem}:"))
    expect(page.locator("#facts-gallery")).to_contain_text(f"{stem}.png")


def choose(page: Page, list_id: str, stem: str) -> None:
    """Choose a picture in one of the lists, by its stem, once no other list is open any more."""
    expect(page.get_by_role("option")).to_have_count(0)
    page.locator(f"#{list_id} input").click()
    page.get_by_role("option", name=f"{stem}:").click()


def unfold(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(f"^{name}")).click()


def downloaded(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


def test_the_newest_picture_is_shown_and_its_files_come_as_they_are(gallery: Page, store: Store) -> None:
    newest = store.records()[-1]
    expect_chosen(gallery, newest.stem)
    expect(gallery.locator("#picture-gallery img")).to_have_attribute("alt", re.compile("headphones"))
    assert downloaded(gallery, "PNG") == newest.image_path.read_bytes()
    assert downloaded(gallery, "Download the manifest") == newest.manifest_path.read_bytes()


def test_a_picture_is_chosen_by_a_click_by_keyboard_or_in_the_list(gallery: Page) -> None:
    pictures = gallery.locator("#gallery-pictures button.pick")
    expect(pictures.nth(6)).to_have_accessible_name(re.compile("^t2i_run06_ddim: ultra-realistic"))
    pictures.nth(6).click()
    expect_chosen(gallery, "t2i_run06_ddim")
    expect(pictures.nth(6)).to_have_attribute("aria-current", "true")
    pictures.nth(4).focus()
    gallery.keyboard.press("Enter")
    expect_chosen(gallery, "i2i_run08_strength060")
    choose(gallery, "gallery-chosen", "t2i_run02_steps15")
    expect_chosen(gallery, "t2i_run02_steps15")


def test_filters_hold_together_and_the_order_turns(gallery: Page) -> None:
    unfold(gallery, "Filters")
    gallery.get_by_label("Words in the prompt").fill("HEADPHONES")
    expect(gallery.locator("#gallery-where")).to_contain_text("Pictures: 10")
    gallery.get_by_label("Scheduler").locator("visible=true").click()
    gallery.get_by_role("option", name="DDIM").click()
    expect(gallery.locator("#gallery-where")).to_have_text("Page 1 of 1. Pictures: 1")
    expect_chosen(gallery, "t2i_run06_ddim")
    gallery.get_by_label("Seed").locator("visible=true").fill("7")
    expect(gallery.locator("#gallery-where")).to_contain_text("Pictures: 0")
    expect(gallery.get_by_text("No picture fits the filters")).to_be_visible()


def test_what_does_not_fit_on_a_page_stands_on_the_next_and_stays_ticked(
    store: Store, lab: RunningLab, open_page: OpenPage
) -> None:
    first = find_assignment("tp2").planned_runs()[0]
    for _ in range(PAGE_SIZE + 1 - MADE):
        store.save(draft_of("smoke", first[1]), noise(1))
    page = open_page(lab.page(tab="gallery"))
    expect(page.locator("#gallery-where")).to_have_text(f"Page 1 of 2. Pictures: {PAGE_SIZE + 1}")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()
    page.get_by_label("Select: smoke-2", exact=True).check()
    expect(page.locator("#gallery-selected")).to_have_text("Selected: 1.")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#gallery-where")).to_have_text(f"Page 2 of 2. Pictures: {PAGE_SIZE + 1}")
    expect(page.locator("#gallery-pictures button.pick")).to_have_count(1)
    expect_chosen(page, "smoke")
    expect(page.locator("#gallery-selected")).to_have_text("Selected: 1.")
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_label("Select: smoke-2", exact=True)).to_be_checked()


def test_a_picture_is_seen_whole_and_its_caption_hides_nothing_of_it(gallery: Page) -> None:
    boxes = gallery.locator("#gallery-pictures li").evaluate_all(
        """(items) => items.map((item) => {
            const [image, words] = ["img", "p"].map((name) => item.querySelector(name));
            const gap = words.getBoundingClientRect().top - image.getBoundingClientRect().bottom;
            return [getComputedStyle(image).objectFit, gap];
        })"""
    )
    assert len(boxes) == MADE
    assert all(fit == "contain" and gap >= 0 for fit, gap in boxes)


def test_the_chosen_picture_and_what_can_be_done_with_it_stand_beside_the_shelf(gallery: Page) -> None:
    expect_chosen(gallery, "studio")
    inside = "(element) => element.getBoundingClientRect().bottom <= innerHeight && scrollY === 0"
    for place in ("#picture-gallery img", "#gallery-verify", "#download-PNG", "#gallery-zip"):
        assert gallery.locator(place).evaluate(inside), place


def test_ticked_pictures_come_as_a_zip_with_their_manifests(gallery: Page, store: Store) -> None:
    expect(gallery.locator("#gallery-zip")).to_be_disabled()
    for stem in ("t2i_run06_ddim", "t2i_run02_steps15"):
        gallery.get_by_label(f"Select: {stem}", exact=True).check()
    expect(gallery.locator("#gallery-selected")).to_have_text("Selected: 2.")
    with gallery.expect_download() as download:
        gallery.locator("#gallery-zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert sorted(archive.namelist()) == [
            "t2i_run02_steps15.json",
            "t2i_run02_steps15.png",
            "t2i_run06_ddim.json",
            "t2i_run06_ddim.png",
        ]
        name = "t2i_run06_ddim.png"
        assert archive.read(name) == store.outputs.joinpath(name).read_bytes()
    gallery.locator("#gallery-none").click()
    expect(gallery.locator("#gallery-zip")).to_be_disabled()
    expect(gallery.get_by_label("Select: t2i_run06_ddim", exact=True)).not_to_be_checked()


def test_two_that_are_ticked_lie_over_each_other_with_a_slider(gallery: Page) -> None:
    for stem in ("t2i_run05_guid12", "t2i_run01_baseline"):
        gallery.get_by_label(f"Select: {stem}", exact=True).check()
    gallery.locator("#gallery-two").click()
    expect_chosen(gallery, "t2i_run05_guid12")
    expect(gallery.locator("#compare-other input")).to_have_value(re.compile("^t2i_run01_baseline:"))
    expect(gallery.locator("#compare-slider input[type=range]")).to_be_visible()
    expect(gallery.locator("#compare-parameters tbody tr")).to_have_count(1)


def test_favourites_outlast_the_page_and_can_be_seen_alone(gallery: Page, store: Store) -> None:
    manifests = {path.name: path.read_bytes() for path in store.outputs.glob("*.json")}
    gallery.get_by_label("Favourite: t2i_run06_ddim", exact=True).check()
    expect(gallery.locator("#gallery-selected")).to_have_text("t2i_run06_ddim is a favourite.")
    gallery.reload()
    expect(gallery.get_by_label("Favourite: t2i_run06_ddim", exact=True)).to_be_checked()
    unfold(gallery, "Filters")
    gallery.get_by_label("Favourites only").check()
    expect(gallery.locator("#gallery-where")).to_have_text("Page 1 of 1. Pictures: 1")
    expect_chosen(gallery, "t2i_run06_ddim")
    assert {path.name: path.read_bytes() for path in store.outputs.glob("*.json")} == manifests


@pytest.mark.parametrize(("kind", "ending"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
def test_a_picture_is_downloaded_in_the_format_asked_for(gallery: Page, kind: str, ending: str) -> None:
    expect_chosen(gallery, "studio")
    with gallery.expect_download() as download:
        gallery.locator(f"#download-{kind}").click()
    assert download.value.suggested_filename == f"studio.{ending}"
    data = Path(download.value.path()).read_bytes()
    assert picture_extension(data) == f".{ending}"
    words = "as it was recorded" if kind == "PNG" else "no longer the recorded pixels"
    expect(gallery.locator("#gallery-downloaded")).to_contain_text(words)


def test_image_to_image_starts_from_a_picture_of_the_gallery(gallery: Page, store: Store) -> None:
    choose(gallery, "gallery-chosen", "t2i_run06_ddim")
    expect_chosen(gallery, "t2i_run06_ddim")
    gallery.get_by_role("button", name="Start from it: Studio").click()
    expect(gallery.locator("#studio-mode").get_by_label("Image to image")).to_be_checked()
    expect(gallery.locator("#photo-studio img")).to_be_visible()
    digest = sha256(store.outputs.joinpath("t2i_run06_ddim.png").read_bytes()).hexdigest()
    assert store.inputs.joinpath(f"{digest[:16]}.png").is_file()


def test_two_pictures_are_compared_in_parameters_and_pixels(gallery: Page, store: Store) -> None:
    choose(gallery, "gallery-chosen", "t2i_run05_guid12")
    unfold(gallery, "Compare two pictures")
    choose(gallery, "compare-other", "t2i_run01_baseline")
    table = gallery.locator("#compare-parameters tbody tr")
    expect(table).to_have_count(1)
    expect(table).to_have_text(re.compile(r"Guidance\s*12\s*7\.5"))
    pictures = [open_picture(store.outputs.joinpath(f"{stem}.png").read_bytes()) for stem in (
        "t2i_run05_guid12", "t2i_run01_baseline")]  # fmt: skip
    found = pixel_difference(pictures[0], pictures[1])
    assert found is not None
    numbers = gallery.locator("#compare-numbers")
    expect(numbers).to_contain_text(f"{found.mean_absolute:.2f}".rstrip("0"))
    expect(numbers).to_contain_text(f"{found.psnr:.1f}".rstrip("0"))
    expect(gallery.locator("#gallery-compare img")).to_have_count(5)  # two of them below the slider
    for image in gallery.locator("#gallery-compare img").all():
        assert image.get_attribute("alt")


def test_a_deleted_picture_can_be_had_back_at_once_and_after_a_reload(gallery: Page, store: Store) -> None:
    choose(gallery, "gallery-chosen", "t2i_run06_ddim")
    expect_chosen(gallery, "t2i_run06_ddim")
    points = gallery.locator("#lab-points").inner_text()
    gallery.get_by_role("button", name="Move to the bin").click()
    expect(gallery.locator("#gallery-where")).to_contain_text(str(MADE - 1))
    expect_chosen(gallery, "t2i_run05_guid12")  # what took its place
    expect(gallery.locator("#lab-points")).not_to_have_text(points)
    assert store.find("t2i_run06_ddim") is None
    gallery.get_by_role("button", name="Undo").click()
    expect(gallery.locator("#gallery-where")).to_contain_text(str(MADE))
    expect(gallery.locator("#lab-points")).to_have_text(points)
    assert store.find("t2i_run06_ddim") is not None

    gallery.get_by_role("button", name="Move to the bin").click()
    expect(gallery.locator("#gallery-status")).to_contain_text("t2i_run05_guid12 is in the bin")
    gallery.reload()
    unfold(gallery, "Bin")
    expect(gallery.locator("#bin-chosen input")).to_have_value(re.compile("^t2i_run05_guid12:"))
    gallery.get_by_role("button", name="Take it back").click()
    expect(gallery.locator("#bin-status")).to_contain_text("is back")
    expect(gallery.locator("#gallery-where")).to_contain_text(str(MADE))
    assert store.binned() == []


def test_the_studio_takes_a_pictures_parameters_whatever_was_typed_there(gallery: Page) -> None:
    gallery.get_by_role("tab", name="Studio", exact=True).click()
    gallery.locator("#studio-prompt textarea").fill("typed before")
    gallery.goto(gallery.url.split("#")[0] + "#gallery")
    gallery.reload()
    choose(gallery, "gallery-chosen", "t2i_run06_ddim")
    expect_chosen(gallery, "t2i_run06_ddim")
    gallery.get_by_role("button", name="Open in the Studio").click()
    expect(gallery.locator("#studio-prompt textarea")).to_have_value(re.compile("black wireless headphones"))
    expect(gallery.locator("#studio-scheduler input")).to_have_value("DDIM")


def test_a_part_of_a_photo_opens_in_the_studio_with_its_mask(
    store: Store, lab: RunningLab, open_page: OpenPage
) -> None:
    source = store.add_source(plain_png(noise(77, 256)))
    mask = store.add_mask(rectangle(256, 256, 64, 64, 192, 192))
    plan = Parameters(mode="inpaint", prompt="a red strawberry", strength=0.9)
    made = Run(id="studio", parameters=plan)
    draft = draft_of("studio", made, source, mask=mask, width=256, height=256)
    record = store.save(draft, noise(78, 256))
    page = open_page(lab.page(tab="gallery"))
    expect_chosen(page, record.stem)
    page.get_by_role("button", name="Open in the Studio").click()
    expect(page.locator("#studio-mode").get_by_label("A part of a photo")).to_be_checked()
    expect(page.locator("#studio-strength input[type=number]")).to_have_value("0.9")
    expect(page.locator("#board-studio lab-mask img")).to_be_visible()
    expect(page.locator("#board-studio")).to_contain_text("The mask of the picture you opened")
    page.locator("#studio-mode").get_by_label("Text to image").check()
    expect(page.locator("#board-studio")).to_be_hidden()


def test_verifying_a_picture_that_no_model_made_says_different_and_why(gallery: Page) -> None:
    choose(gallery, "gallery-chosen", "t2i_run02_steps15")
    expect_chosen(gallery, "t2i_run02_steps15")
    gallery.get_by_role("button", name="Verify").click()
    expect(gallery.locator("#gallery-status")).to_contain_text("different", timeout=120_000)
    expect(gallery.locator("#gallery-status")).to_contain_text("weights")


def test_a_prompt_is_shown_as_it_was_typed_and_never_becomes_part_of_the_page(
    store: Store, lab: RunningLab, open_page: OpenPage
) -> None:
    evil = "<img src=x onerror=alert(1)> ${value} {{value}} <b>bag</b>"
    run = find_assignment("tp2").planned_runs()[0][1]
    store.save(draft_of("smoke", run, prompt=evil), noise(1))
    page = open_page(lab.page(tab="gallery"))
    page.on("dialog", lambda dialog: pytest.fail(f"a prompt ran as a script: {dialog.message}"))
    expect_chosen(page, "smoke-2")
    unfold(page, "The whole manifest")
    unfold(page, "Compare two pictures")
    choose(page, "compare-other", "smoke")
    expect(page.locator("#compare-parameters")).to_contain_text("${value} {{value}}")
    for place in ("#facts-gallery", "#gallery-everything"):
        expect(page.locator(place)).to_contain_text(evil)
    assert page.locator("img[src=x]").count() == 0

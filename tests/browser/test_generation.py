"""Around a generation: Stop, a reload in the middle, two tabs at once, bad input."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from manifests.chain import verify_chain
from manifests.store import Store
from tests.browser.conftest import RunningLab, StartLab, tab, upload

OpenPage = Callable[..., Page]
UNDER_WAY = re.compile("Under way")
MINUTES = 60_000  # milliseconds


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab()


@pytest.fixture
def store(lab: RunningLab) -> Store:
    return Store(lab.work, "tp2", "jane.doe")


def studio(page: Page, prompt: str, steps: int) -> None:
    """Fill the Studio's form and press its button."""
    tab(page, "Studio")
    page.locator("#studio-prompt textarea").fill(prompt)
    page.locator("#studio-steps input[type=number]").fill(str(steps))
    page.locator("#generate-studio").click()


def test_stop_stops_and_records_nothing(page: Page, store: Store) -> None:
    before = len(store.records())
    studio(page, "a red backpack on a gray background", 150)
    expect(page.locator("#progress-studio progress[value]")).to_be_visible(timeout=2 * MINUTES)
    pressed = time.monotonic()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#status-studio")).to_contain_text("Nothing was recorded")
    assert time.monotonic() - pressed < 30
    expect(page.locator("#stop-studio")).to_be_disabled()
    expect(page.locator("#generate-studio")).to_be_enabled()
    assert len(store.records()) == before


def test_a_reload_in_the_middle_shows_the_run_and_then_its_picture(page: Page, store: Store) -> None:
    studio(page, "a green bottle on a white background", 100)
    expect(page.locator("#status-studio")).to_contain_text(UNDER_WAY)
    page.reload()
    expect(page.locator("#status-studio")).to_contain_text(UNDER_WAY)
    expect(page.locator("#stop-studio")).to_be_enabled()
    expect(page.locator("#status-studio")).to_contain_text("Saved as", timeout=8 * MINUTES)
    expect(page.locator("#stage-studio .shown img")).to_have_attribute("alt", re.compile("green bottle"))
    newest = store.newest("studio")
    assert newest is not None
    assert newest.manifest.request.prompt == "a green bottle on a white background"


def test_a_closed_page_does_not_end_its_run(lab: RunningLab, open_page: OpenPage, store: Store) -> None:
    page = open_page(lab.page())
    before = len(store.records())
    studio(page, "a blue mug on a gray background", 60)
    expect(page.locator("#status-studio")).to_contain_text(UNDER_WAY)
    page.close()
    later = open_page(lab.page(tab="studio"))
    expect(later.locator("#status-studio")).to_contain_text("Saved as", timeout=8 * MINUTES)
    assert len(store.records()) == before + 1


def test_two_tabs_at_once_lose_nothing(lab: RunningLab, open_page: OpenPage, store: Store) -> None:
    one = open_page(lab.page())
    other = open_page(lab.page("fr"), beside=one)
    before = len(store.records())
    studio(one, "a yellow umbrella on a blue background", 30)
    tab(other, "Premier essai")
    other.locator("#generate-smoke").click()
    expect(other.locator("#status-smoke")).to_contain_text("Enregistré sous", timeout=8 * MINUTES)
    expect(one.locator("#status-studio")).to_contain_text("Saved as", timeout=8 * MINUTES)
    records = store.records()
    assert sorted(record.manifest.run for record in records[before:]) == ["smoke", "studio"]
    assert verify_chain([record.manifest for record in records]) == []


def test_a_run_is_seen_and_stopped_from_either_of_two_tabs(
    lab: RunningLab, open_page: OpenPage, store: Store
) -> None:
    one = open_page(lab.page())
    studio(one, "a yellow umbrella on a blue background", 150)
    other = open_page(lab.page("fr", "studio"), beside=one)
    expect(other.locator("#status-studio")).to_contain_text("En cours")
    before = len(store.records())
    other.locator("#stop-studio").click()
    for page, said in ((one, "Nothing was recorded"), (other, "Arrêté")):
        expect(page.locator("#status-studio")).to_contain_text(said)
        expect(page.locator("#generate-studio")).to_be_enabled()
    other.locator("#studio-steps input[type=number]").fill("150")
    other.locator("#studio-prompt textarea").fill("a green bottle on a white background")
    other.locator("#generate-studio").click()
    expect(other.locator("#status-studio")).to_contain_text("En cours")
    tab(one, "Start")
    tab(one, "Studio")
    expect(one.locator("#status-studio")).to_contain_text(UNDER_WAY)
    one.locator("#stop-studio").click()
    expect(other.locator("#status-studio")).to_contain_text("Arrêté")
    assert len(store.records()) == before


def test_what_is_no_picture_is_refused_where_it_was_given(page: Page, tmp_path: Path, store: Store) -> None:
    fake = tmp_path / "holiday.png"
    fake.write_bytes(b"<script>alert(1)</script>")
    tab(page, "Image to image")
    upload(page, "img2img", fake)
    expect(page.locator("#photo-status-img2img [role=alert]")).to_contain_text("PNG, JPEG")
    assert not store.inputs.exists()


def test_words_the_model_does_not_know_are_named_and_shown_as_typed(page: Page) -> None:
    tab(page, "Studio")
    page.locator("#studio-prompt textarea").fill("a red backpack <b id=injected>flurbing</b>")
    expect(page.locator("#studio-words")).to_contain_text("flurbing")
    assert page.locator("#injected").count() == 0


def test_a_parameter_out_of_bounds_is_named(page: Page) -> None:
    tab(page, "Studio")
    page.locator("#studio-prompt textarea").fill("a red backpack")
    page.locator("#studio-seed input").fill("-5")
    page.locator("#generate-studio").click()
    expect(page.locator("#status-studio [role=alert]")).to_contain_text("Seed")

"""What comes next is offered once a tab is complete; on a phone every tab is reached by its name."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from tests.browser.conftest import INSIDE, SIZES, RunningLab, StartLab
from tests.grading.good import make_work

OpenPage = Callable[..., Page]
TABS = [
    "Start", "Smoke test", "Baseline", "Sweep", "Observations", "Image to image", "Your product", "Code",
    "Studio", "Evaluation", "List", "Gallery", "Hand in", "Health",
]  # fmt: skip


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """Everything is done but one run of the sweep."""
    work: Path = tmp_path_factory.mktemp("work")
    make_work(work, find_assignment("tp2"), "jane.doe")
    for path in work.glob("tp2/outputs/t2i_run06_ddim.*"):
        path.unlink()
    shutil.rmtree(work / ".cache", ignore_errors=True)
    return start_lab(work)


@pytest.mark.parametrize("size", SIZES)
def test_a_complete_tab_offers_the_next_one_within_the_screen(
    lab: RunningLab, open_page: OpenPage, size: str
) -> None:
    page = open_page(lab.page(tab="smoke"), viewport=SIZES[size])
    link = page.locator("#status-smoke").get_by_role("link", name=re.compile("^Next: Baseline"))
    expect(link).to_be_visible()
    assert link.evaluate(INSIDE)
    link.click()
    expect(page.locator("#generate-baseline")).to_be_visible()


def test_a_tab_with_something_to_do_offers_none(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="sweep"))
    expect(page.locator("#checks-sweep .to_do").first).to_be_visible()
    expect(page.locator("#tab-sweep").get_by_role("link", name=re.compile("^Next"))).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_on_a_phone_every_tab_is_reached_by_its_name_and_the_header_is_small(
    lab: RunningLab, open_page: OpenPage, language: str
) -> None:
    page = open_page(lab.page(language), viewport=SIZES["phone"])
    more = page.get_by_role("button", name=re.compile("More tabs|onglets", re.IGNORECASE))
    more.click()
    names = (
        page.get_by_role("tab").all_inner_texts()
        + page.locator("#lab-tabs .overflow-dropdown button").all_inner_texts()
    )
    assert len([name for name in names if name.strip()]) == len(TABS)
    if language == "en":
        assert {name.strip() for name in names} == set(TABS)
    top = page.locator("#lab-tabs [role=tab]").first.bounding_box()
    assert top
    assert top["y"] + top["height"] <= 110
    points = page.locator("#lab-points .points-words").bounding_box()
    languages = page.locator("#lab-languages nav").bounding_box()
    assert points
    assert languages
    beside = points["x"] + points["width"] <= languages["x"]
    assert beside or points["y"] >= languages["y"] + languages["height"]
    page.locator("#lab-tabs .overflow-dropdown button").last.click()
    expect(page.locator("#tab-health")).to_be_visible()

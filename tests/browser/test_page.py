"""The page as such: languages, prefix, width, and that it keeps to itself (`conftest` watches that)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningLab, StartLab, tab

OpenPage = Callable[..., Page]


def test_the_door_leads_to_the_browsers_language_and_the_switch_is_remembered(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.url, locale="fr-CA")
    expect(page).to_have_url(f"{lab.url}fr/#start")
    page.get_by_role("link", name="English").click()
    page.locator("[role=tab][aria-selected=true]").wait_for()
    page.goto(lab.url)
    expect(page).to_have_url(f"{lab.url}en/#start")


def test_the_french_page_is_french_in_any_browser(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page("fr", "img2img"), locale="en-US")
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.evaluate("navigator.language") == "fr"  # what Gradio's own labels go by
    expect(page.get_by_role("button", name="Arrêter")).to_be_visible()
    expect(page.locator("#lab-points")).to_contain_text("0 sur 20 points")


@pytest.mark.parametrize("width", [390, 1600])
@pytest.mark.parametrize("name", ["start", "baseline", "sweep", "img2img", "studio"])
def test_nothing_scrolls_sideways(lab: RunningLab, open_page: OpenPage, width: int, name: str) -> None:
    page = open_page(lab.page("fr", name), viewport={"width": width, "height": 900})
    filled = "#progress table" if name == "start" else f"#checks-{name} ul.checklist"
    expect(page.locator(filled).first).to_be_attached()  # the tab has read the disk
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_a_reload_comes_back_to_the_same_tab(lab: RunningLab, page: Page) -> None:
    tab(page, "Studio")
    expect(page.locator("#studio-prompt")).to_be_visible()
    expect(page).to_have_url(lab.page("en", "studio"))
    page.reload()
    expect(page.locator("#studio-prompt")).to_be_visible()


def test_all_of_it_works_below_a_prefix(start_lab: StartLab, open_page: OpenPage) -> None:
    lab = start_lab(GENAI_PREFIX="/user/jane.doe/")
    assert lab.url.endswith("/user/jane.doe/")
    page = open_page(lab.url)
    expect(page).to_have_url(f"{lab.url}en/#start")
    page.get_by_role("link", name="Français").click()
    expect(page.locator("#lab-points")).to_contain_text("0 sur 20 points")

"""All open assignments in one lab: one goes from one to the other, and each keeps its own work."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningLab, StartLab

OpenPage = Callable[..., Page]
DUE = "2026-12-01T12:00:00+00:00"
OPENS = "2099-06-01T12:00:00+00:00"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    dates = {"tp2": DUE, "api-analysis": None, "seeds": {"opens": OPENS}}
    return start_lab(GENAI_OPEN=json.dumps(dates))


def test_each_open_assignment_stands_on_start_with_points_and_deadline_in_the_students_time_zone(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(), timezone_id="America/New_York")
    table = page.locator("#assignments")
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table.locator("local-time").first).to_contain_text("7:00")  # noon in London
    expect(table).to_contain_text("no deadline")
    expect(table).to_contain_text("your teacher decides")


def test_one_that_opens_later_is_named_with_its_moment_in_the_students_time_zone_and_has_no_page_yet(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(), timezone_id="America/New_York")
    row = page.locator("#assignments tbody tr").last
    expect(row).to_contain_text("Opens Monday, June 1, 2099")
    expect(row).to_contain_text("8:00")  # summer time
    expect(row.get_by_role("link")).to_have_count(0)
    waiting = page.context.new_page()  # a page that nobody watches for answers of 403
    waiting.goto(f"{lab.url}en/seeds/")
    expect(waiting.get_by_role("heading")).to_contain_text("Not open yet")
    expect(waiting.locator("local-time")).to_contain_text("Monday, June 1, 2099 at 8:00")
    waiting.get_by_role("link", name="TP 2").click()
    waiting.wait_for_url(f"{lab.url}en/**")


def test_one_goes_to_another_assignment_and_works_there_without_a_restart(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page())
    page.locator("#lab-title summary").click()
    page.locator("#lab-title").get_by_role("link").click()
    page.wait_for_url("**/en/api-analysis/**")
    expect(page.locator("#lab-points")).to_contain_text("of 20")
    page.get_by_role("link", name="Français").click()
    page.wait_for_url("**/fr/api-analysis/**")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/en/api-analysis/**")
    page.get_by_role("tab", name="Pictures", exact=True).click()
    page.locator("#generate-one-pictures").click()
    expect(page.locator("#status-pictures")).to_contain_text("Saved as", timeout=300_000)
    expect(page.locator("#stage-pictures .shown img").first).to_be_visible()
    assert len(list((lab.work / "api-analysis" / "outputs").glob("*.json"))) == 1
    assert not (lab.work / "tp2" / "outputs").exists()
    page.goto(f"{lab.url}en/tp2/")
    expect(page.locator("#lab-title")).to_contain_text("TP 2")

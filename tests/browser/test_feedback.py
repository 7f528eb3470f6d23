"""A student is told of their feedback on Start, reads it, and asks for an exercise to be looked at again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SIZES, StartLab
from tests.browser.test_accessibility import AXE, LOOKS, needs_axe, violations
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway
from tests.gateway.conftest import start_gateway as start_gateway
from tests.gateway.test_feedback import document


@pytest.fixture
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """A gateway at which ada's feedback was published."""
    gateway = start_gateway()
    with gateway.client("teacher") as client:
        client.put("/class/feedback/tp2/ada", json={"feedback": document("ada")})
    return gateway


@pytest.fixture
def page(gateway: RunningGateway, start_lab: StartLab, open_page: Callable[..., Page]) -> Page:
    lab = start_lab(GENAI_GATEWAY=gateway.url, GENAI_GATEWAY_TOKEN=TOKENS["ada"], GENAI_STUDENT="ada")
    return open_page(lab.page(), viewport=SIZES["laptop"])


def test_from_start_to_the_answer(page: Page, gateway: RunningGateway) -> None:
    page.locator(".feedback-is-here a").click()
    feedback = page.locator("#feedback")
    expect(feedback).to_contain_text("15.5 / 20")
    expect(feedback).to_contain_text("Look at the <b>edges</b>")
    page.locator("#look-again-ask").click()
    expect(page.locator("#look-again-status")).to_contain_text("Choose an exercise")
    page.get_by_label("Ask for an exercise").click()
    page.get_by_role("option", name="Sweep").click()
    page.locator("#look-again-reason textarea").fill("The edges are sharp in run 3.")
    page.locator("#look-again-ask").click()
    expect(page.locator("#look-again-status")).to_contain_text("was sent")
    expect(feedback).to_contain_text("You asked for this")
    expect(page.locator("#look-again")).to_be_hidden()  # each exercise once
    with gateway.client("teacher") as client:
        (asked,) = client.get("/class/feedback/tp2/requests").json()
        assert (asked["student"], asked["reason"]) == ("ada", "The edges are sharp in run 3.")
        client.put(f"/class/feedback/requests/{asked['number']}", json={"answer": "You are right."})


@needs_axe
def test_axe_finds_nothing_on_the_feedback(page: Page) -> None:
    page.locator(".feedback-is-here a").click()
    expect(page.locator("#feedback")).to_contain_text("15.5 / 20")
    page.add_script_tag(path=AXE)
    found = [each for scheme, size in LOOKS for each in violations(page, scheme, size)]
    assert found == []

"""Tests of the hub's pages in a real browser: languages, themes, widths, and axe-core's checks."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WAIT
from tests.browser.test_accessibility import AXE, INSTALL, RULES
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub

NARROW = 360  # CSS pixels


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    """A hub with the native authenticator, which has the most pages."""
    return start_hub(GENAI_HUB_AUTHENTICATOR="native")


@pytest.fixture(
    params=[("en-GB", "light", 1200), ("fr-FR", "dark", NARROW)], ids=["en-light-wide", "fr-dark-narrow"]
)
def page(request: pytest.FixtureRequest, browser: Browser, hub: RunningHub) -> Iterator[Page]:
    """An instructor's browser. Requests to other machines and script errors fail the test."""
    locale, scheme, width = request.param
    context = browser.new_context(
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 700}, base_url=hub.url
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda sent: (
            complaints.append(sent.url)
            if "//127.0.0.1" not in sent.url and not sent.url.startswith("data:")
            else None
        ),
    )
    yield page
    context.close()
    assert complaints == []


def log_in(page: Page, hub: RunningHub) -> None:
    password = json.loads((hub.state / "instructors.json").read_text())[INSTRUCTOR]["password"]
    page.goto("hub/login?next=/hub/home")
    page.locator("#username_input").fill(INSTRUCTOR)
    page.locator("#password_input").fill(password)
    page.locator("#login_submit").click()
    page.wait_for_url("**/hub/home")


def look(page: Page) -> None:
    """Check that the page does not scroll sideways and names its language, and that axe-core is content."""
    expect(page.locator("html")).to_have_attribute("lang", page.evaluate("navigator.language").split("-")[0])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    if AXE.is_file():
        page.add_script_tag(path=AXE)
        found = page.evaluate(
            "rules => axe.run('main, nav', {runOnly: rules, resultTypes: ['violations']})", RULES
        )["violations"]
        assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == [], (
            page.url
        )


@pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core is not here; to get it: {INSTALL}")
def test_axe_finds_nothing_on_any_page(page: Page, hub: RunningHub) -> None:
    for address in ("hub/login", "hub/signup", "hub/no-such-page"):
        page.goto(address)
        look(page)
    page.goto("hub/login")
    page.locator("#username_input").fill("nobody")
    page.locator("#password_input").fill("wrong")
    page.locator("#login_submit").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    look(page)
    log_in(page, hub)
    for address in ("hub/home", "hub/change-password", "hub/authorize", "hub/logout"):
        page.goto(address)
        page.locator("main").wait_for()
        look(page)


def test_a_password_can_be_looked_at_while_it_is_typed(page: Page) -> None:
    page.goto("hub/login")
    field, button = page.locator("#password_input"), page.locator("#toggle_password_visibility")
    field.fill("swan-lake-77")
    expect(field).to_have_attribute("type", "password")
    button.press("Enter")
    expect(field).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_lab_is_started_and_closed_from_the_home_page(page: Page, hub: RunningHub) -> None:
    (hub.state / "homes" / INSTRUCTOR).mkdir(parents=True, exist_ok=True)
    (hub.state / "homes" / INSTRUCTOR / ".env").write_text("GENAI_MODEL=no-such-model\n")
    log_in(page, hub)
    page.locator("#start").click()
    # The waiting page shows it, or an error page if the start fails at once.
    expect(page.get_by_role("alert").filter(has_text="no-such-model")).to_be_visible()
    look(page)
    (hub.state / "homes" / INSTRUCTOR / ".env").unlink()
    page.goto("hub/spawn")
    page.wait_for_url(f"**/user/{INSTRUCTOR}/**", timeout=3 * WAIT)
    page.goto("hub/home")
    page.locator("#stop").click()
    expect(page.locator("#stop")).to_have_count(0)
    expect(page.get_by_role("status")).to_be_visible()

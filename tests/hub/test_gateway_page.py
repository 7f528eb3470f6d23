"""The instructors' page about the gateway in a real browser: pause, stop, budgets; languages, widths, axe."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from lab.engine.protocol import Cancelled
from lab.engine.remote import RemoteEngine, RemoteJob
from tests.browser.conftest import WAIT
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, free_port, wait_until
from tests.hub.test_pages import NARROW, look
from tests.lab.engine.asking import asked


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, port: int) -> RunningHub:
    return start_hub(GENAI_HUB_GATEWAY="1", GENAI_HUB_GATEWAY_PORT=str(port))


@pytest.fixture(scope="module")
def waiting(hub: RunningHub, port: int) -> Iterator[list[RemoteJob]]:
    """Pictures that are asked for with the hub's own token, so that the page has something to show."""
    engine = RemoteEngine(
        f"http://127.0.0.1:{port}", SecretStr((hub.state / "gateway-token").read_text().strip())
    )
    jobs = [engine.submit(asked(seed=seed, steps=150), model="mini") for seed in range(20)]
    yield jobs
    for job in jobs:
        job.cancel()


@pytest.fixture(
    params=[("en-GB", "light", 1200), ("fr-FR", "dark", NARROW)], ids=["en-light-wide", "fr-dark-narrow"]
)
def page(request: pytest.FixtureRequest, browser: Browser, hub: RunningHub) -> Iterator[Page]:
    """The instructor's browser, at the page."""
    locale, scheme, width = request.param
    context = browser.new_context(
        locale=locale, color_scheme=scheme, viewport={"width": width, "height": 700}, base_url=hub.url
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto("hub/login?next=/hub/gateway")
    page.locator("#username_input").fill(INSTRUCTOR)
    page.locator("#password_input").fill(hub.passwords["instructors"])
    page.locator("#login_submit").click()
    page.wait_for_url("**/hub/gateway")
    yield page
    context.close()


def stopped(jobs: list[RemoteJob]) -> int:
    return sum(isinstance(job.latest, Cancelled) for job in jobs)


def test_axe_finds_nothing_while_pictures_are_drawn_and_wait(page: Page, waiting: list[RemoteJob]) -> None:
    expect(page.locator("button[value=stop]").first).to_be_visible()
    look(page)


def test_a_picture_is_stopped_and_the_gateway_paused_with_the_keyboard(
    page: Page, waiting: list[RemoteJob]
) -> None:
    stops = page.locator("button[value=stop]")
    expect(stops.first).to_be_visible()
    before = stopped(waiting)
    stops.last.press("Enter")
    expect(page.locator("main h1")).to_be_visible()
    mode = page.locator("#gateway .mode")
    resumed = mode.inner_text()
    page.locator("button[value=pause]").press("Enter")
    expect(mode).not_to_have_text(resumed)
    page.locator("button[value=resume]").press("Enter")
    expect(mode).to_have_text(resumed)
    wait_until(lambda: stopped(waiting) > before, "the picture's job is told")


def test_budgets_are_typed_with_a_comma_or_a_point_and_hold(page: Page, hub: RunningHub) -> None:
    file = hub.state / "gateway" / "budgets.toml"
    page.locator("#limit-day").fill("0,85")
    page.locator("#limit-class").fill("")
    rows = page.locator("#budgets tbody tr")
    rows.last.locator("select").select_option("groups")
    rows.last.locator("[name=name]").fill("master <b>1</b>")
    rows.last.locator("[name=amount]").fill("12.5")
    page.locator("button[value=budgets]").click()
    expect(page.locator("#budgets [role=status]")).to_be_visible()
    look(page)
    text = file.read_text()
    assert "day = 0.85" in text
    assert "\nclass = " not in text
    assert '"master <b>1</b>" = 12.5' in text
    # What is wrong is said, and what was typed stays
    page.locator("#limit-student").fill("plenty")
    page.locator("button[value=budgets]").click()
    expect(page.locator("#budgets [role=alert]")).to_contain_text("plenty")
    expect(page.locator("#limit-student")).to_have_value("plenty")
    look(page)
    assert file.read_text() == text
    # Somebody else writes the file meanwhile
    page.goto("hub/gateway")
    file.write_text(text.replace("0.85", "0.2"))
    page.locator("#limit-day").fill("3")
    page.locator("button[value=budgets]").click()
    expect(page.locator("#budgets [role=alert]")).to_be_visible()
    assert "day = 0.2" in file.read_text()
    # The last row is emptied: no limit of its own any more
    page.goto("hub/gateway")
    row = page.locator("#budgets tbody tr", has=page.locator("[name=name][value*=master]"))
    row.locator("[name=amount]").fill("")
    page.locator("button[value=budgets]").click()
    expect(page.locator("#budgets [role=status]")).to_be_visible()
    assert "<b>" not in file.read_text()

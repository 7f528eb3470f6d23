"""A test with a host name for each lab, so that the browser isolates labs from each other."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import WAIT
from tests.hub.conftest import RunningHub, StartHub, free_port


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    port = str(free_port())  # browsers resolve every name below localhost to this machine
    return start_hub(GENAI_HUB_PORT=port, GENAI_HUB_SUBDOMAIN_HOST=f"http://hub.localhost:{port}")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(WAIT)
    yield page
    context.close()


def test_a_lab_has_a_host_of_its_own_with_cookies_that_stay_there(hub: RunningHub, page: Page) -> None:
    port = urlsplit(hub.url).port
    page.goto(f"http://hub.localhost:{port}/")
    page.locator("#username_input").fill("jane")
    page.locator("#password_input").fill(hub.passwords["students"])
    page.locator("#login_submit").click()
    page.wait_for_url(f"http://jane.hub.localhost:{port}/user/jane/**", timeout=3 * WAIT)
    page.get_by_role("tab").first.wait_for()  # the lab's own page

    kept = [(cookie["domain"], cookie["name"]) for cookie in page.context.cookies()]
    # Every host gets the session's id, so that a logout works everywhere.
    assert {name for domain, name in kept if domain == ".hub.localhost"} <= {"jupyterhub-session-id"}
    assert {domain for domain, _ in kept} >= {"hub.localhost", "jane.hub.localhost"}
    assert {domain for domain, name in kept if "hub-login" in name} == {"hub.localhost"}

    asked = f"http://127.0.0.1:{port}/user/jane/api"
    assert httpx2.get(asked, headers={"Host": f"jane.hub.localhost:{port}"}).status_code in (200, 401, 403)
    for host in ("hub.localhost", "john.hub.localhost", "127.0.0.1"):
        other = httpx2.get(asked, headers={"Host": f"{host}:{port}"})
        assert other.status_code in (302, 404), f"{host}: {other.text}"

"""Who may ask: programs and the lab's own pages, no page of another site. Of Gradio, nothing is public."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from exercises.i18n import LANGUAGES
from lab.session.lab import Lab
from lab.web.app import build_app
from lab.web.rest.app import PATH
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.rest.conftest import BASE, client_of, lab_of
from tests.lab.web.test_app import make_lab

OWN = [
    {},  # a program that is no browser
    {"Origin": "http://127.0.0.1"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1"},
]
FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "https://127.0.0.1"},
    {"Origin": "http://127.0.0.1:8080"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
]
CHANGING = [("POST", "generations"), ("DELETE", "generations/x"), ("DELETE", "images/x")]
READING = [("GET", "images"), ("GET", "images/x/file"), ("GET", "generations"), ("GET", "openapi.json")]


@pytest.fixture(scope="module")
def engine() -> QuickEngine:
    return QuickEngine()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, engine: QuickEngine) -> Lab:
    """One for the whole module: nothing here depends on what was made before."""
    return lab_of(tmp_path_factory.mktemp("work"), engine)


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[TestClient]:
    with client_of(lab) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), CHANGING + READING)
@pytest.mark.parametrize("headers", FOREIGN)
def test_what_another_site_causes_is_refused(
    client: TestClient, engine: QuickEngine, method: str, path: str, headers: dict[str, str]
):
    begun = len(engine.jobs)
    answer = client.request(method, path, headers=headers, json={"prompt": "a cat"})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "elsewhere"
    assert len(engine.jobs) == begun


@pytest.mark.parametrize(("method", "path"), CHANGING + READING)
@pytest.mark.parametrize("headers", OWN)
def test_programs_and_own_pages_are_answered(
    client: TestClient, method: str, path: str, headers: dict[str, str]
):
    answer = client.request(method, path, headers=headers, json={"prompt": "a cat"})
    assert answer.status_code in (200, 202, 404)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_of_another_site_is_no_request(client: TestClient, engine: QuickEngine, content_type: str):
    begun = len(engine.jobs)
    answer = client.post(
        "generations", content=b'{"prompt": "a cat"}', headers={"Content-Type": content_type}
    )
    assert answer.status_code == 400
    assert len(engine.jobs) == begun


def test_nobody_elsewhere_is_allowed_to_read(client: TestClient):
    for headers in OWN:
        answer = client.get("images", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    lab = make_lab(tmp_path_factory.mktemp("work"), prefix="/user/jane")
    with TestClient(build_app(lab), base_url="http://127.0.0.1") as client:
        yield client


def test_the_api_stands_below_the_labs_prefix_and_leaves_the_hubs_address_alone(whole: TestClient):
    assert whole.get(f"{BASE}/models").status_code == 200
    assert whole.get(f"/user/jane{PATH}/").status_code == 200
    assert whole.get("/user/jane/api").status_code == 404
    assert whole.get("/api/v1/models").status_code == 404
    assert "default-src 'self'" in whole.get(f"{BASE}/").headers["content-security-policy"]


def test_on_a_laptop_a_name_that_leads_here_from_outside_gets_nothing(tmp_path: Path):
    with TestClient(build_app(make_lab(tmp_path)), base_url="http://127.0.0.1:7860") as client:
        assert client.get(f"{PATH}/images").status_code == 200
        assert client.get(f"{PATH}/images", headers={"host": "evil.example:7860"}).status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_gradio_nothing_is_public(whole: TestClient, language: str):
    """What is private is in no list that `gradio_client` or an MCP client reads."""
    base = f"/user/jane/{language}/gradio_api"
    info: dict[str, Any] = whole.get(f"{base}/info").json()
    assert info == {"named_endpoints": {}, "unnamed_endpoints": {}}
    config = whole.get(f"/user/jane/{language}/config").json()
    assert config["dependencies"]
    assert {each["api_visibility"] for each in config["dependencies"]} == {"private"}
    for address in ("mcp", "mcp/", "mcp/sse", "mcp/schema"):
        assert whole.get(f"{base}/{address}").status_code == 404

"""The application: the door, the cookie, the headers, the names it answers to, and what is not given out."""

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exercises.loader import find_assignment
from lab.session.lab import Lab
from lab.session.opened import Offered
from lab.session.settings import LabSettings
from lab.web.app import build_app
from lab.web.language import COOKIE
from manifests.pictures import MAX_BYTES


class NoEngine:
    """Pages are built and read without one; closing the application must close it."""

    closed = False

    def submit(self, *_: object, **__: object) -> None:
        raise AssertionError("nothing is generated here")

    def close(self) -> None:
        self.closed = True


def make_lab(work: Path, **settings: object) -> Lab:
    return Lab(LabSettings(**settings), find_assignment("tp2"), work, "<b>jane</b>", NoEngine())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return make_lab(tmp_path_factory.mktemp("work"), prefix="/user/jane")


@pytest.fixture(scope="module")
def client(lab: Lab) -> Iterator[TestClient]:
    with TestClient(build_app(lab), base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_cookies(client: TestClient) -> None:
    client.cookies.clear()


@pytest.mark.parametrize(
    ("accepted", "language"), [("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("en-GB", "en"), ("de", "en"), ("", "en")]
)
def test_the_door_leads_to_the_browsers_language(client: TestClient, accepted: str, language: str) -> None:
    response = client.get("/user/jane/", headers={"accept-language": accepted})
    assert response.headers["location"] == f"/user/jane/{language}/"


def test_the_choice_is_remembered_and_beats_the_browser(client: TestClient) -> None:
    response = client.get("/user/jane/language/fr")
    assert response.headers["location"] == "/user/jane/fr/"
    assert "Path=/user/jane/" in response.headers["set-cookie"]
    client.cookies.set(COOKIE, "fr")
    response = client.get("/user/jane/", headers={"accept-language": "en"})
    assert response.headers["location"] == "/user/jane/fr/"


def test_the_settings_beat_the_browser_and_the_choice_beats_both(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_LANGUAGE", "fr")
    assert client.get("/user/jane/", headers={"accept-language": "en"}).headers["location"].endswith("/fr/")
    client.cookies.set(COOKIE, "en")
    assert client.get("/user/jane/").headers["location"].endswith("/en/")


def test_a_language_there_is_not_is_not_taken(client: TestClient) -> None:
    assert client.get("/user/jane/language/de").status_code == 422
    client.cookies.set(COOKIE, "//evil.example")
    response = client.get("/user/jane/")
    assert response.headers["location"] == "/user/jane/en/"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_page_is_there_in_its_language_and_told_to_load_nothing_from_outside(
    client: TestClient, language: str
) -> None:
    page = client.get(f"/user/jane/{language}/")
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text[:200]
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


def test_the_students_name_is_no_markup_in_the_page(client: TestClient) -> None:
    config = client.get("/user/jane/en/config").json()
    values = [str(component["props"].get("value")) for component in config["components"]]
    assert any("&lt;b&gt;jane&lt;/b&gt;" in value for value in values)
    assert not any("<b>jane" in value for value in values if value.startswith("<h1>"))


def test_files_outside_the_students_folder_are_not_given_out(
    client: TestClient, lab: Lab, tmp_path: Path
) -> None:
    inside = lab.folder / "outputs" / "smoke.png"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"picture")
    outside = tmp_path / "secret.txt"
    outside.write_text("secret")
    (lab.work / ".env").write_text("OPENAI_API_KEY=x")
    address = "/user/jane/en/gradio_api/file="
    assert client.get(f"{address}{inside}").status_code == 200
    for path in (outside, lab.work / ".env", "/etc/passwd", lab.folder / ".." / ".env"):
        assert client.get(f"{address}{path}").status_code in (403, 404), path


def test_an_upload_is_bounded(client: TestClient) -> None:
    big = bytes(MAX_BYTES + 1)
    response = client.post("/user/jane/en/gradio_api/upload", files={"files": ("big.png", big)})
    assert response.status_code == 413


def test_closing_the_application_closes_the_engine(tmp_path: Path) -> None:
    lab = make_lab(tmp_path)
    with TestClient(build_app(lab), base_url="http://127.0.0.1"):
        assert not lab.engine.closed  # type: ignore[attr-defined]
    assert lab.engine.closed  # type: ignore[attr-defined]


def test_a_page_of_another_site_that_took_this_machines_name_gets_nothing(tmp_path: Path) -> None:
    with TestClient(build_app(make_lab(tmp_path)), base_url="http://127.0.0.1:7860") as client:
        assert client.get("/en/").status_code == 200
        assert client.get("/en/", headers={"host": "localhost:7860"}).status_code == 200
        assert client.get("/en/", headers={"host": "evil.example:7860"}).status_code == 400


def test_every_open_assignment_has_a_page_of_its_own_built_when_it_is_asked_for(tmp_path: Path) -> None:
    opened = tuple(Offered(find_assignment(name)) for name in ("tp2", "api-analysis"))
    lab = make_lab(tmp_path / "work", prefix="/user/jane")
    lab.offered = opened
    with TestClient(build_app(lab), base_url="http://127.0.0.1", follow_redirects=False) as client:
        assert client.get("/user/jane/en/tp2/").headers["location"] == "/user/jane/en/"
        assert client.get("/user/jane/en/tp2").headers["location"] == "/user/jane/en/"
        other = client.get("/user/jane/fr/api-analysis/")
        assert other.status_code == 200
        assert 'lang="fr"' in other.text
        assert opened[1].assignment.title("fr") in html.unescape(other.text)
        assert opened[1].assignment.title("fr") not in html.unescape(client.get("/user/jane/fr/").text[:4000])
        config = client.get("/user/jane/fr/api-analysis/config").json()
        assert config["root"].endswith("/user/jane/fr/api-analysis")
        assert client.get("/user/jane/en/nothing/").status_code == 404
        chosen = client.get("/user/jane/language/en?assignment=api-analysis")
        assert chosen.headers["location"] == "/user/jane/en/api-analysis/"
        foreign = client.get("/user/jane/language/en?assignment=//evil.example")
        assert foreign.headers["location"] == "/user/jane/en/"


@pytest.mark.parametrize("closed", ["tp2", "api-analysis"])
def test_an_assignment_that_is_not_open_yet_says_when_and_opens_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    opens = datetime(2026, 11, 20, 12, tzinfo=UTC)
    time = datetime(2026, 11, 20, 11, tzinfo=UTC)
    monkeypatch.setattr("lab.session.opened.now", lambda: time)
    lab = make_lab(tmp_path / "work", prefix="/user/jane")
    lab.offered = tuple(
        Offered(find_assignment(name), opens=opens if name == closed else None)
        for name in ("tp2", "api-analysis")
    )
    page, other = "/user/jane/fr/", "/user/jane/fr/api-analysis/"
    if closed == "api-analysis":
        page, other = other, page
    with TestClient(build_app(lab), base_url="http://127.0.0.1", follow_redirects=False) as client:
        waiting = client.get(page)
        assert waiting.status_code == 403
        assert 'customElements.define("local-time"' in waiting.text  # the reader's own time zone
        assert "default-src 'self'" in waiting.headers["content-security-policy"]
        assert client.get(f"{page}config").status_code == 403
        assert client.get(other).status_code == 200
        time = opens
        assert client.get(page).status_code == 200
        assert client.get(f"{page}config").json()["components"]

"""Nobody enters the desk without its secret, and no page of another origin makes it do anything."""

import re
from pathlib import Path

import httpx2
import pytest

from exercises.assignment import Assignment
from tests.grading.desk.serving import TOKEN, Fields, Served, serving

ROUTES = [
    "/",
    "/mark/reflection/x",
    "/groups/reflection",
    "/marks.jsonl",
    "/static/desk.js",
    "/picture/x/y",
    "/publish",
    "/requests",
]
SENT = ["/me", "/names", "/mark/reflection/x", "/groups/reflection", "/publish", "/requests"]


@pytest.mark.parametrize("path", ROUTES)
def test_without_the_secret_no_page_is_shown(served: Served, path: str) -> None:
    for given in ("", "?token=", "?token=wrong", "?token=%00"):
        answer = httpx2.get(f"{served.url}{path}{given}", trust_env=False)
        assert answer.status_code == 403
        assert "alice" not in answer.text


def test_the_secret_becomes_a_cookie_and_leaves_the_address(served: Served) -> None:
    answer = httpx2.get(f"{served.url}/?token={TOKEN}", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize("path", SENT)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {},
    ],
)
def test_what_another_page_sends_does_nothing(served: Served, path: str, headers: dict[str, str]) -> None:
    client = served.client()
    answer = client.post(path, data={"hide": "yes", "name": "x", "word": "guessed"}, headers=headers)
    assert answer.status_code in (400, 403)
    assert not served.desk.hides_names


def test_every_page_forbids_foreign_scripts_frames_and_requests(served: Served) -> None:
    client = served.client()
    for path in ("/", served.place("reflection", "alice"), "/nothing", "/static/desk.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:1"])
def test_no_link_leads_away(served: Served, to: str) -> None:
    client = served.client()
    answer = client.get("/language/fr", params={"back_to": to}, follow_redirects=False)
    assert answer.headers["location"] == "/"
    form = Fields.of(client.get("/").text, "/me").data
    answer = client.post("/me", data=form | {"back": [to], "name": ["ann"]}, follow_redirects=False)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/mark/none/{key}", "/mark/reflection/none", "/groups/none", "/none"])
def test_what_is_not_there_is_said(served: Served, path: str) -> None:
    answer = served.client().get(path.format(key=served.key("alice")))
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


def test_what_is_no_form_is_refused_whole(served: Served) -> None:
    client = served.client()
    place = served.place("reflection", "alice")
    for content in (b"\xff\xfe", b"a=" + b"b" * 2_000_000, b"&".join(b"a=b" for _ in range(6000))):
        answer = client.post(
            place, content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert answer.status_code == 400
    form = Fields.of(client.get(place).text, place).data
    for name in [name for name in form if name.startswith("version:")]:
        for bad in ("{", "-1", "9" * 30, "7", "null"):
            answer = client.post(place, data=form | {name: [bad], "action": ["save"]})
            assert answer.status_code == 400, (name, bad)
    assert served.desk.seats.store.everything() == []


def test_below_a_path_of_a_proxy_every_link_and_form_stays_below_it(subs: Path, tp2: Assignment) -> None:
    with serving(subs, tp2, subs.parent / "out", root_path="/services/desk") as served:
        root = f"{served.url}/services/desk"
        with httpx2.Client(follow_redirects=True, trust_env=False, timeout=30) as client:
            assert client.get(f"{root}/", params={"token": TOKEN}).status_code == 200
            place = f"{root}/mark/reflection/{served.key('alice')}"
            pages = [client.get(path).text for path in (f"{root}/", place, f"{root}/groups/reflection")]
            for html in pages:
                links = re.findall(r'(?:href|src|action)="(/[^"]*)"', html)
                assert links
                assert [link for link in links if not link.startswith("/services/desk/")] == []
            form = Fields.of(pages[1], "/services/desk/mark/").data
            saved = client.post(place, data=form | {"action": ["next"], "comment": ["below"]})
            assert str(saved.url).startswith(f"{root}/mark/")
            assert "below" in client.get(place).text


def test_the_settings_language_counts_before_the_browsers(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_LANGUAGE", "fr")
    assert '<html lang="fr"' in served.client(language="en").get("/").text

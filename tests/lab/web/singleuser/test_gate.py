"""Who gets in, what the others are told, and for how long: the Hub's word, route by route the same."""

import concurrent.futures
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.lab.web.singleuser.conftest import HERE, PAGE, PREFIX, SCOPE, Lab

SOON = 30  # seconds; the machine may be busy


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["", "en/", "en/gradio_api/x", "api/", "apix", "oauth_callback/x"])
def test_without_credentials_nothing_answers(lab: Lab, method: str, path: str) -> None:
    answer = lab.browser.request(method, PREFIX + path)
    assert answer.status_code == 401
    assert "path" not in answer.text


@pytest.mark.parametrize("path", ["/", "/user/eve/", "/user/jane", "/other", "//", "/user/jane/../../x"])
def test_nothing_beside_the_prefix_answers_either(lab: Lab, path: str) -> None:
    assert lab.browser.get(path).status_code == 401
    assert lab.browser.get(path, headers=PAGE).status_code == 302


def test_the_hub_finds_the_lab_up_and_sees_its_version(lab: Lab) -> None:
    import jupyterhub  # type: ignore[import-untyped]

    answer = lab.browser.get(f"{PREFIX}api")
    assert answer.status_code == 200
    assert answer.headers["x-jupyterhub-version"] == jupyterhub.__version__
    assert lab.browser.post(f"{PREFIX}api").status_code == 401


def test_only_a_page_that_a_person_opens_leads_to_the_login(lab: Lab) -> None:
    assert lab.browser.get(f"{PREFIX}en/", headers=PAGE).status_code == 302
    for headers in (PAGE | {"sec-fetch-mode": "cors"}, {"accept": "text/event-stream"}, {}):
        answer = lab.browser.get(f"{PREFIX}en/", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["detail"]


def test_a_person_who_is_in_reaches_the_application_which_learns_no_secret(jane: Lab) -> None:
    jane.browser.cookies.set("genai_lab_language", "fr")
    jane.browser.cookies.set("jupyterhub-session-id", "hub-session")
    seen = jane.browser.get(f"{PREFIX}en/").json()
    assert seen["path"] == f"{PREFIX}en/"
    assert seen["headers"]["cookie"] == "genai_lab_language=fr"


def test_no_cache_on_the_way_keeps_what_is_one_persons(jane: Lab) -> None:
    assert jane.browser.get(f"{PREFIX}en/").headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("kind", ["token", "Bearer", "Token"])
def test_a_token_of_the_hubs_lets_a_program_in(lab: Lab, kind: str) -> None:
    token = lab.hub.give("service-1", "cohort")
    seen = lab.browser.post(f"{PREFIX}en/", headers={"authorization": f"{kind} {token}"})
    assert seen.status_code == 200
    assert "service-1" not in seen.text


def test_a_token_is_not_read_from_an_address(lab: Lab) -> None:
    token = lab.hub.give("jane-2")
    assert lab.browser.get(f"{PREFIX}en/?token={token}").status_code == 401


@pytest.mark.parametrize("scopes", [(), ("access:servers!server=eve/",), ("users:activity!user=jane",)])
def test_a_token_without_the_scope_is_forbidden(lab: Lab, scopes: tuple[str, ...]) -> None:
    token = lab.hub.give("eve-1", "eve", scopes)
    answer = lab.browser.post(f"{PREFIX}en/", headers={"authorization": f"token {token}"})
    assert answer.status_code == 403
    assert "jane" in answer.json()["detail"]


def test_any_of_the_scopes_is_enough(lab: Lab) -> None:
    for scopes in (("access:servers!user=jane",), ("access:servers",), (SCOPE, "self")):
        token = lab.hub.give(f"token-{scopes[0]}", "prof", scopes)
        answer = lab.browser.get(PREFIX, headers={"authorization": f"token {token}"})
        assert answer.status_code == 200, scopes


@pytest.mark.parametrize("token", ["", "x" * 501, "caf\u00e9", "a\tb"])
def test_what_cannot_be_a_token_is_not_asked_about(lab: Lab, token: str) -> None:
    answer = lab.browser.get(PREFIX, headers={b"authorization": b"token " + token.encode("latin-1")})
    assert answer.status_code == 401
    assert lab.hub.asked == 0


def test_a_wrong_token_is_not_made_good_by_a_cookie(jane: Lab) -> None:
    answer = jane.browser.get(PREFIX, headers={"authorization": "token wrong"})
    assert answer.status_code == 401


def test_the_refusal_speaks_the_persons_language(lab: Lab) -> None:
    lab.hub.give("eve-1", "<b>eve</b>", ())
    lab.browser.headers["accept-language"] = "fr-CA"
    answer = lab.login(token="eve-1")
    assert 'lang="fr"' in answer.text
    assert "Ce lab est à jane" in answer.text
    assert "<b>eve</b>" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_cookie_that_was_made_up_leads_to_the_login(lab: Lab) -> None:
    lab.browser.cookies.set("jupyterhub-user-jane", "made-up")
    assert lab.browser.get(PREFIX, headers=PAGE).status_code == 302
    assert lab.browser.get(PREFIX).status_code == 401
    assert lab.hub.asked == 0


def test_many_requests_at_once_ask_the_hub_once(jane: Lab) -> None:
    jane.hub.asked = 0
    token = {"authorization": f"token {jane.hub.give('fresh')}"}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: jane.browser.get(PREFIX, headers=token).status_code, range(8)))
    assert answers == [200] * 8
    assert jane.hub.asked == 1


def test_a_revoked_token_stops_working(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    assert lab.browser.get(PREFIX).status_code == 200
    lab.hub.tokens.clear()
    until(lambda: lab.browser.get(PREFIX).status_code == 401)
    lab.hub.give("jane-1")
    other = {"authorization": f"token {lab.hub.give('other')}"}
    asked = lab.hub.asked
    until(lambda: lab.browser.get(PREFIX, headers=other) and lab.hub.asked > asked + 1)
    assert lab.browser.get(PREFIX).status_code == 401  # nothing is remembered: the session is over for good


def test_logging_out_of_the_hub_counts_at_once(jane: Lab) -> None:
    """The Hub takes its session's cookie away in the same browser: what was remembered counts no more."""
    jane.browser.cookies.set("jupyterhub-session-id", "hub-session")
    assert jane.browser.get(PREFIX).status_code == 200
    jane.hub.tokens.clear()
    del jane.browser.cookies["jupyterhub-session-id"]
    jane.browser.cookies.set("jupyterhub-session-id", "another")
    assert jane.browser.get(PREFIX).status_code == 401


def test_access_that_shrinks_ends(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    assert lab.browser.get(PREFIX).status_code == 200
    lab.hub.give("jane-1", scopes=("read:users!user=jane",))
    until(lambda: lab.browser.get(PREFIX).status_code == 403)


@pytest.mark.parametrize("scopes", [None, (), ("read:users!user=jane",)])
def test_an_open_stream_is_cut_when_access_ends(
    make_lab: Callable[..., Lab], scopes: tuple[str, ...] | None
) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    later(0.5, lab.hub.tokens.clear if scopes is None else lambda: lab.hub.give("jane-1", scopes=scopes))
    started = time.monotonic()
    answer = lab.browser.get(f"{PREFIX}stream")  # returns when the stream ends
    assert answer.status_code == 200
    assert answer.content.startswith(b"data: x")
    assert time.monotonic() - started < SOON


def test_an_open_stream_goes_on_while_the_hub_restarts(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    asked = lab.hub.asked

    def fails_once() -> None:
        lab.hub.status = 503
        until(lambda: lab.hub.asked > asked)
        lab.hub.status = None
        seen = lab.hub.asked
        until(lambda: lab.hub.asked > seen)  # asked again: it was not cut
        lab.hub.tokens.clear()

    later(0, fails_once)
    lab.browser.get(f"{PREFIX}stream")
    assert not lab.hub.tokens, "it was cut while the hub was only restarting"


def test_an_open_stream_is_cut_when_the_hub_stays_away(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    later(0.5, lambda: setattr(lab.hub, "status", 500))
    lab.browser.get(f"{PREFIX}stream")


@pytest.mark.parametrize("status", [500, 502, 404])
def test_while_the_hub_does_not_answer_nobody_gets_in_and_it_is_said(lab: Lab, status: int) -> None:
    token = {"authorization": f"token {lab.hub.give('jane-9')}"}
    lab.hub.status = status
    answer = lab.browser.get(PREFIX, headers=token | PAGE)
    assert answer.status_code == 503
    assert "hub does not answer" in answer.text
    assert lab.browser.post(PREFIX, headers=token).status_code == 503
    lab.hub.status = None
    assert lab.browser.get(PREFIX, headers=token).status_code == 200


def test_a_hub_that_is_not_there_is_the_same(make_lab: Callable[..., Lab]) -> None:
    from lab.web.server import listen

    with listen("127.0.0.1", 0) as bound:  # and never listens
        lab = make_lab(api_url=f"http://127.0.0.1:{bound.getsockname()[1]}/hub/api")
        assert lab.browser.get(PREFIX, headers={"authorization": "token x"}).status_code == 503
        assert lab.login().status_code in (403, 503)


def test_websockets_stand_behind_the_gate_too(jane: Lab) -> None:
    address = f"{PREFIX}socket"
    with jane.browser.websocket_connect(address, headers={"origin": HERE}) as socket:
        assert socket.receive_text() == "in"
    for headers in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert _denied(jane, address, headers) == 403
    jane.browser.cookies.clear()
    assert _denied(jane, address, {"origin": HERE}) == 401


def test_an_open_websocket_is_cut_when_access_ends(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(access_seconds=1)
    lab.hub.give("jane-1")
    lab.login()
    with lab.browser.websocket_connect(f"{PREFIX}socket", headers={"origin": HERE}) as socket:
        assert socket.receive_text() == "in"
        lab.hub.tokens.clear()
        assert _close_code(socket) == 1008


def test_a_page_of_another_site_changes_nothing(jane: Lab) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": HERE, "sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {},
        ):
            answer = jane.browser.request(method, f"{PREFIX}en/", headers=headers)
            assert answer.status_code == 403, (method, headers)
    assert jane.interactions == []
    assert jane.browser.post(f"{PREFIX}en/", headers={"origin": HERE}).status_code == 200


def test_what_a_person_does_counts_as_activity_and_what_a_page_reads_does_not(jane: Lab) -> None:
    jane.browser.get(f"{PREFIX}en/", headers=PAGE)
    jane.browser.get(f"{PREFIX}en/gradio_api/queue/data")
    jane.browser.get(f"{PREFIX}en/gradio_api/heartbeat/x")
    token = {"authorization": f"token {jane.hub.give('service', 'cohort')}"}
    jane.browser.post(f"{PREFIX}en/", headers=token)  # an instructor's program is not the student
    assert jane.interactions == []
    jane.browser.post(f"{PREFIX}en/gradio_api/run/predict", headers={"origin": HERE})
    assert len(jane.interactions) == 1


@pytest.mark.parametrize(("name", "encoded"), [("jérôme", "j%C3%A9r%C3%B4me"), ("a+b c", "a%2Bb%20c")])
def test_a_name_that_addresses_encode_reaches_the_same_routes(
    make_lab: Callable[..., Lab], name: str, encoded: str
) -> None:
    prefix = f"/user/{encoded}/"
    lab = make_lab(user=name, service_prefix=prefix, oauth_callback_url=f"{prefix}oauth_callback")
    token = {"authorization": f"token {lab.hub.give('x')}"}
    assert lab.browser.get(f"{prefix}api").status_code == 200
    assert lab.browser.get(f"{prefix}en/", headers=token).json()["path"] == f"{prefix}en/"
    question = lab.authorize(lab.browser.get(f"{prefix}en/", headers=PAGE))
    lab.hub.give("jane-1", name=name)
    answer = lab.browser.get(lab.callback(question), headers=PAGE)
    assert answer.headers["location"] == f"{prefix}en/"
    assert lab.browser.get(f"{prefix}en/").status_code == 200


def test_no_token_is_in_any_answer_or_log(jane: Lab, caplog: pytest.LogCaptureFixture, capfd: Any) -> None:
    caplog.set_level("DEBUG")
    answers = [
        jane.browser.get(PREFIX),
        jane.browser.get(PREFIX, headers={"authorization": "token not-known-secret"}),
        jane.browser.get(f"{PREFIX}oauth_callback?code=code-secret&state=x", headers=PAGE),
    ]
    jane.hub.status = 500
    answers.append(jane.browser.get(PREFIX, headers={"authorization": "token unasked-secret"}))
    out = capfd.readouterr()
    said = json.dumps([a.text + str(a.headers) for a in answers]) + caplog.text + out.out + out.err
    for secret in ("jane-1", "not-known-secret", "unasked-secret", "the-servers-own"):
        assert secret not in said


def _denied(lab: Lab, address: str, headers: dict[str, str]) -> int:
    with (
        pytest.raises(WebSocketDenialResponse) as denied,
        lab.browser.websocket_connect(address, headers=headers),
    ):
        pass
    return int(denied.value.status_code)


def _close_code(socket: Any) -> int | None:
    """Read on until the server closes."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        try:
            socket.receive_text()
        except WebSocketDisconnect as closed:
            return closed.code
    return None


def later(seconds: float, action: Callable[[], Any]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()

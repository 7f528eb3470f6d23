"""Logging in: to the Hub and back, once, in one browser, and never to anywhere else."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import WebSocketDenialResponse

from lab.web.singleuser.logins import MAX_LOGINS, MAX_SESSIONS, LoginRefused, Logins, Sessions, safe_redirect
from tests.lab.web.singleuser.conftest import HERE, PAGE, PREFIX, Lab


def other_browser(lab: Lab) -> TestClient:
    """One with cookies of its own, in the same event loop."""
    browser = TestClient(lab.gate, base_url=HERE, follow_redirects=False)
    browser.portal = lab.browser.portal
    return browser


def _written(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def test_a_page_leads_to_the_hub_with_pkce_and_a_state(lab: Lab) -> None:
    question = lab.authorize(lab.browser.get(f"{PREFIX}en/", headers=PAGE))
    assert question["client_id"] == "jupyterhub-user-jane"
    assert question["redirect_uri"] == f"{PREFIX}oauth_callback"
    assert question["response_type"] == "code"
    assert question["code_challenge_method"] == "S256"
    assert len(question["code_challenge"]) == 43
    assert len(question["state"]) >= 22


def test_after_the_login_the_page_that_was_asked_for_is_there(lab: Lab) -> None:
    lab.hub.give("jane-1")
    question = lab.authorize(lab.browser.get(f"{PREFIX}en/?view=1", headers=PAGE))
    answer = lab.browser.get(lab.callback(question), headers=PAGE)
    assert answer.headers["location"] == f"{PREFIX}en/?view=1"
    assert lab.browser.get(f"{PREFIX}en/?view=1", headers=PAGE).status_code == 200


def test_the_cookie_is_on_the_labs_own_path_and_holds_no_token(lab: Lab) -> None:
    lab.hub.give("jane-1")
    answer = lab.login()
    session = next(c for c in answer.headers.get_list("set-cookie") if "-login-" not in c)
    assert session.startswith("jupyterhub-user-jane=")
    assert f"Path={PREFIX}" in session
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Secure" not in session  # http
    assert "jane-1" not in str(answer.headers)


def test_below_https_cookies_are_for_https_only(make_lab: Callable[..., Lab]) -> None:
    for lab, headers in (
        (make_lab(public_url="https://hub.example.org/user/jane/"), {}),
        (make_lab(), {"x-forwarded-proto": "https"}),
    ):
        answer = lab.browser.get(PREFIX, headers=PAGE | headers)
        assert "Secure" in answer.headers["set-cookie"]


def test_with_a_host_name_for_each_lab_the_cookie_is_bound_to_it(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(cookie_host_prefix_enabled=True, public_url="https://jane.hub.example.org/user/jane/")
    lab.hub.give("jane-1")
    cookies = lab.login().headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Path=/;" in cookie
        assert "Secure" in cookie


def test_a_state_counts_once(lab: Lab) -> None:
    lab.hub.give("jane-1")
    question = lab.authorize(lab.browser.get(PREFIX, headers=PAGE))
    kept = dict(lab.browser.cookies)
    assert lab.browser.get(lab.callback(question), headers=PAGE).status_code == 302
    again = lab.browser.get(lab.callback(question), headers=PAGE | {"cookie": _written(kept)})
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


@pytest.mark.parametrize("state", ["", "state=", "state=made-up"])
def test_a_missing_or_unknown_state_is_refused(lab: Lab, state: str) -> None:
    answer = lab.browser.get(f"{PREFIX}oauth_callback?code=x&{state}", headers=PAGE)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert f'href="{PREFIX}"' in answer.text  # the way on


def test_a_state_of_another_browser_is_refused(lab: Lab) -> None:
    """A login begun by somebody else must not put a person into their session."""
    lab.hub.give("jane-1")
    mine, theirs = other_browser(lab), other_browser(lab)
    my_question = lab.authorize(mine.get(PREFIX, headers=PAGE))
    lab.authorize(theirs.get(PREFIX, headers=PAGE))
    answer = theirs.get(lab.callback(my_question), headers=PAGE)
    assert answer.status_code == 403
    assert "jupyterhub-user-jane" not in theirs.cookies


def test_the_codes_verifier_is_this_logins(lab: Lab) -> None:
    """A code that the Hub gave for another login is of no use."""
    lab.hub.give("jane-1")
    browser = other_browser(lab)
    first = lab.authorize(browser.get(PREFIX, headers=PAGE))
    second = lab.authorize(browser.get(PREFIX, headers=PAGE))
    injected = lab.callback(first).split("&state=")[0] + f"&state={second['state']}"
    answer = browser.get(injected, headers=PAGE)
    assert answer.status_code == 403
    assert "jupyterhub-user-jane" not in browser.cookies


def test_two_tabs_may_log_in_at_once(lab: Lab) -> None:
    lab.hub.give("jane-1")
    first = lab.authorize(lab.browser.get(PREFIX, headers=PAGE))
    second = lab.authorize(lab.browser.get(f"{PREFIX}en/", headers=PAGE))
    assert lab.browser.get(lab.callback(first), headers=PAGE).headers["location"] == PREFIX
    assert lab.browser.get(lab.callback(second), headers=PAGE).headers["location"] == f"{PREFIX}en/"


def test_a_no_of_the_hub_is_said(lab: Lab) -> None:
    question = lab.authorize(lab.browser.get(PREFIX, headers=PAGE))
    answer = lab.browser.get(
        f"{PREFIX}oauth_callback?error=access_denied&state={question['state']}", headers=PAGE
    )
    assert answer.status_code == 403


def test_whoever_may_not_enter_gets_no_session_and_is_told_whose_lab_it_is(lab: Lab) -> None:
    lab.hub.give("eve-1", "eve", ("access:servers!server=eve/",))
    answer = lab.login(token="eve-1")
    assert answer.status_code == 403
    assert "lab of jane" in answer.text
    assert "eve" in answer.text
    assert 'href="/hub/spawn"' in answer.text
    assert "jupyterhub-user-jane" not in lab.browser.cookies


def test_a_login_that_takes_too_long_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    logins = Logins()
    monkeypatch.setattr("lab.web.singleuser.logins.LOGIN_SECONDS", -1)
    state, secret = logins.start(PREFIX, "v")
    with pytest.raises(LoginRefused):
        logins.finish(state, secret)


def test_a_flood_of_logins_or_sessions_does_not_fill_the_memory() -> None:
    logins, sessions = Logins(), Sessions()
    first, secret = logins.start(PREFIX, "v")
    kept = sessions.open("kept")
    dropped = sessions.open("dropped")
    for number in range(max(MAX_LOGINS, MAX_SESSIONS)):
        logins.start(PREFIX, "v")
        sessions.open(str(number))
        assert sessions.token(kept) == "kept"  # whoever works stays
    assert sessions.token(dropped) is None
    with pytest.raises(LoginRefused):
        logins.finish(first, secret)


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/",
        "https://evil.example/",
        "/user/jane",
        "/user/janet/",
        "/user/jane/../eve/",
        "/user/jane/%2e%2e/eve/",
        "/user/jane/\\evil",
        "/user/jane/\r\nSet-Cookie: a=b",
        "/user/jane/" + "x" * 3000,
        "",
    ],
)
def test_nobody_is_led_elsewhere(address: str) -> None:
    assert safe_redirect(address, PREFIX) == PREFIX


@given(st.text(max_size=100) | st.text(max_size=60).map(lambda t: PREFIX + t))
def test_whatever_was_asked_for_the_way_leads_into_the_lab(address: str) -> None:
    result = safe_redirect(address, PREFIX)
    assert result.startswith(PREFIX)
    assert "\\" not in result
    assert result.isascii()
    assert result.isprintable()


def test_an_address_of_the_lab_is_kept() -> None:
    assert safe_redirect("/user/jane/en/?a=b&c=..", PREFIX) == "/user/jane/en/?a=b&c=.."


def test_who_opens_somebody_elses_lab_is_told_whose_it_is_and_touches_nothing(lab: Lab) -> None:
    lab.hub.give("prof-1", name="<b>prof</b>")
    lab.login(token="prof-1")
    answer = lab.browser.get(f"{PREFIX}en/", headers=PAGE | {"accept-language": "en"})
    assert answer.status_code == 403
    assert "This is the lab of jane" in answer.text
    assert "&lt;b&gt;prof" in answer.text
    assert "/hub/class?view=student&amp;user=jane" in answer.text
    for method in ("GET", "POST", "DELETE"):
        own = {"origin": HERE}
        assert lab.browser.request(method, f"{PREFIX}en/config", headers=own).status_code == 403
    with pytest.raises(WebSocketDenialResponse), lab.browser.websocket_connect(f"{PREFIX}socket"):
        pass


def test_who_wants_to_enter_it_all_the_same_says_so_on_the_labs_own_page(lab: Lab) -> None:
    lab.hub.give("prof-1", name="prof")
    lab.login(token="prof-1")
    elsewhere = {"origin": "http://elsewhere.example"}
    assert lab.browser.post(f"{PREFIX}visit", headers=elsewhere).status_code == 403
    assert lab.browser.get(f"{PREFIX}en/", headers=PAGE).status_code == 403
    answer = lab.browser.post(f"{PREFIX}visit", headers={"origin": HERE})
    assert (answer.status_code, answer.headers["location"]) == (303, PREFIX)
    assert lab.browser.get(f"{PREFIX}en/", headers=PAGE).status_code == 200
    other = other_browser(lab)
    assert other.get(f"{PREFIX}en/", headers=PAGE).status_code == 302  # to the login: nobody else is in


def test_what_is_the_students_own_opens_in_no_other_browser_though_it_entered_the_lab(lab: Lab) -> None:
    lab.hub.give("prof-1", name="prof")
    lab.login(token="prof-1")
    lab.browser.post(f"{PREFIX}visit", headers={"origin": HERE})
    answer = lab.browser.get(f"{PREFIX}own/lab", headers=PAGE | {"accept-language": "en"})
    assert answer.status_code == 403
    assert "JupyterLab is open to jane alone" in answer.text
    assert lab.browser.post(f"{PREFIX}own/api", headers={"origin": HERE}).status_code == 403
    with pytest.raises(WebSocketDenialResponse), lab.browser.websocket_connect(f"{PREFIX}own/socket"):
        pass


def test_the_student_opens_what_is_their_own(jane: Lab) -> None:
    assert jane.browser.get(f"{PREFIX}own/lab", headers=PAGE).status_code == 200


def test_a_program_with_a_token_is_not_asked(lab: Lab) -> None:
    lab.hub.give("prof-1", name="prof")
    answer = lab.browser.get(f"{PREFIX}en/", headers={"authorization": "token prof-1"})
    assert answer.status_code == 200

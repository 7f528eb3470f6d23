"""Tests of logins by LTI 1.3, with launches that a small platform on this machine signs."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.hub.conftest import RunningHub, StartHub, wait_until
from tests.hub.identity import CLIENT, LTI, LearningPlatform, serving


@pytest.fixture(scope="module")
def platform() -> Iterator[LearningPlatform]:
    platform = LearningPlatform()
    with serving(platform):
        yield platform


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, platform: LearningPlatform) -> RunningHub:
    return start_hub(
        GENAI_HUB_AUTHENTICATOR="lti",
        GENAI_HUB_LTI_ISSUER=platform.url,
        GENAI_HUB_LTI_AUTHORIZE_URL=f"{platform.url}/authorize",
        GENAI_HUB_LTI_JWKS_URL=f"{platform.url}/jwks",
        GENAI_HUB_LTI_CLIENT_IDS=CLIENT,
        GENAI_HUB_LTI_DEPLOYMENTS="1, 2",
    )


class Launch:
    """A launch: a student followed the course's link, and the platform can now send its signed answer."""

    def __init__(self, hub: RunningHub, platform: LearningPlatform) -> None:
        self.client = httpx2.Client(base_url=hub.url, timeout=60)
        asked = self.client.get(
            "hub/lti13/oauth_login",
            params={
                "iss": platform.url,
                "login_hint": "17",
                "target_link_uri": f"{hub.url}hub/home",
                "client_id": CLIENT,
            },
        )
        self.url = httpx2.URL(asked.headers["location"])
        self.state, self.nonce = self.url.params["state"], self.url.params["nonce"]
        self.callback = self.url.params["redirect_uri"]

    def answer(self, token: str, state: str | None = None) -> httpx2.Response:
        return self.client.post(self.callback, data={"id_token": token, "state": state or self.state})

    @property
    def name(self) -> Any:
        headers = {"Referer": f"{self.client.base_url}hub/"}
        return self.client.get("hub/api/user", headers=headers).json().get("name")


@pytest.fixture
def launch(hub: RunningHub, platform: LearningPlatform) -> Launch:
    return Launch(hub, platform)


def test_the_hub_asks_the_platform_as_the_standard_says(launch: Launch, platform: LearningPlatform) -> None:
    assert str(launch.url).startswith(f"{platform.url}/authorize?")
    assert (
        dict(launch.url.params).items()
        >= {
            "response_type": "id_token",
            "response_mode": "form_post",
            "scope": "openid",
            "prompt": "none",
            "client_id": CLIENT,
            "login_hint": "17",
        }.items()
    )


def test_a_signed_launch_logs_in(launch: Launch, platform: LearningPlatform) -> None:
    answer = launch.answer(platform.signed(platform.claims(launch.nonce)))
    assert answer.status_code == 302
    assert answer.headers["location"] == "/hub/home"
    assert launch.name == "jane.doe@univ.example"


def test_who_has_no_address_is_named_by_the_platform_s_own_number(
    launch: Launch, platform: LearningPlatform
) -> None:
    launch.answer(platform.signed(platform.claims(launch.nonce, email=None)))
    assert launch.name == "user-17"


NO_KEY: Any = None
PAST = int(time.time()) - 3600
WRONG: dict[str, Callable[[LearningPlatform, Launch], str]] = {
    "another key": lambda p, a: p.signed(
        p.claims(a.nonce), key=rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ),
    "a key the platform does not have": lambda p, a: p.signed(p.claims(a.nonce), kid="two"),
    "no signature": lambda p, a: jwt.encode(p.claims(a.nonce), NO_KEY, algorithm="none"),
    "the public key as a shared secret": lambda p, a: p.signed(
        p.claims(a.nonce), key="x" * 32, algorithm="HS256"
    ),
    "expired": lambda p, a: p.signed(p.claims(a.nonce, exp=PAST)),
    "issued long ago": lambda p, a: p.signed(p.claims(a.nonce, iat=PAST)),
    "another nonce": lambda p, a: p.signed(p.claims("0" * 64)),
    "no nonce": lambda p, a: p.signed(p.claims(a.nonce, nonce=None)),
    "for another tool": lambda p, a: p.signed(p.claims(a.nonce, aud="another")),
    "by another platform": lambda p, a: p.signed(p.claims(a.nonce, iss="https://moodle.example.org")),
    "of another deployment": lambda p, a: p.signed(p.claims(a.nonce, **{f"{LTI}deployment_id": "3"})),
    "no launch": lambda p, a: p.signed(p.claims(a.nonce, **{f"{LTI}message_type": "Other"})),
    "a name that is none": lambda p, a: p.signed(p.claims(a.nonce, email="x`) || PathPrefix(`/")),
    "no token at all": lambda p, a: "nonsense",
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_refused(launch: Launch, platform: LearningPlatform, case: str) -> None:
    answer = launch.answer(WRONG[case](platform, launch))
    assert answer.status_code in (400, 401, 403), answer.text
    assert launch.name is None


def test_a_state_that_is_not_this_browser_s_is_refused(
    launch: Launch, hub: RunningHub, platform: LearningPlatform
) -> None:
    token = platform.signed(platform.claims(launch.nonce))
    assert launch.answer(token, state=Launch(hub, platform).state).status_code == 400
    stranger = httpx2.Client(base_url=hub.url, timeout=60)
    sent = stranger.post(launch.callback, data={"id_token": token, "state": launch.state})
    assert sent.status_code == 400
    assert launch.name is None


def test_a_launch_cannot_be_repeated(launch: Launch, platform: LearningPlatform) -> None:
    token = platform.signed(platform.claims(launch.nonce))
    assert launch.answer(token).status_code == 302
    assert launch.answer(token).status_code == 400


def test_a_launch_is_no_link(launch: Launch) -> None:
    assert launch.client.get(launch.callback).status_code == 405


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "/\\example.org"])
def test_a_launch_leads_nowhere_else(
    hub: RunningHub, platform: LearningPlatform, launch: Launch, target: str
) -> None:
    asked = launch.client.get(
        "hub/lti13/oauth_login",
        params={"iss": platform.url, "login_hint": "17", "target_link_uri": target, "client_id": CLIENT},
    )
    url = httpx2.URL(asked.headers["location"])
    answer = launch.answer(platform.signed(platform.claims(url.params["nonce"])), state=url.params["state"])
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))


def test_what_to_register_is_said_at_the_start(hub: RunningHub) -> None:
    assert f"{hub.url}hub/lti13/oauth_login" in wait_until(hub.console.read_text, "the hub said something")

"""Tests of names at the login: normalized as in the roster, and explained where they cannot be user names."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.auth import Authenticator
from ltiauthenticator.lti13.auth import LTI13Authenticator
from oauthenticator.generic import GenericOAuthenticator
from tornado import web
from traitlets.config import Config

from hub.authenticators.lti.authenticator import LtiAuthenticator
from hub.authenticators.native.authenticator import AccountAuthenticator
from hub.authenticators.oidc.authenticator import OidcAuthenticator
from hub.authenticators.shared_password import SharedPasswords
from hub.cohort.roster import read_roster

FRENCH = SimpleNamespace(request=SimpleNamespace(headers={"Accept-Language": "fr"}))


@pytest.mark.parametrize("kind", [SharedPasswords, AccountAuthenticator, OidcAuthenticator, LtiAuthenticator])
@pytest.mark.parametrize("written", ["zoe\u0301", "ZOÉ", " Zoe\u0301\u00a0"])
def test_a_name_at_the_login_is_the_one_of_the_roster(kind: type[Authenticator], written: str) -> None:
    [student] = read_roster(f"login\n{written}\n".encode()).students
    assert not_set_up(kind).normalize_username(written) == student.user == "zoé"


def not_set_up(kind: Any) -> Any:
    """An authenticator without its hub and database, for what needs neither."""
    made = kind.__new__(kind)
    made.username_map = {}
    return made


def shared() -> SharedPasswords:
    config = Config()
    config.SharedPasswordAuthenticator.user_password = "correct-horse"
    return SharedPasswords(config=config)


def test_a_name_that_cannot_be_one_is_explained_and_not_called_a_wrong_password() -> None:
    for name in ("d'ann", "ann lee", "_ann"):
        with pytest.raises(web.HTTPError) as refused:
            asyncio.run(shared().authenticate(FRENCH, {"username": name, "password": "correct-horse"}))
        assert refused.value.status_code == 403
        assert "Par exemple" in str(refused.value.log_message)
    model = asyncio.run(shared().authenticate(FRENCH, {"username": "zoe\u0301", "password": "correct-horse"}))
    assert model is not None
    assert model["name"] == "zoé"


@pytest.mark.parametrize(
    ("kind", "base"), [(OidcAuthenticator, GenericOAuthenticator), (LtiAuthenticator, LTI13Authenticator)]
)
def test_a_name_that_a_provider_gives_is_explained_too(
    kind: type[Any], base: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gives(*_: object, **__: object) -> dict[str, Any]:
        return {"name": "O'Connor, Ann"}

    monkeypatch.setattr(base, "authenticate", gives)
    with pytest.raises(web.HTTPError) as refused:
        asyncio.run(kind().authenticate(FRENCH, {}))
    assert "oconnor.ann" in str(refused.value.log_message)

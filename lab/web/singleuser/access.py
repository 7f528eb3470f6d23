"""Asks the Hub who holds a token and whether they may enter, and remembers the answer for some seconds."""

import asyncio
import hashlib
from dataclasses import dataclass

from jupyterhub.services.auth import HubOAuth  # type: ignore[import-untyped]
from tornado.web import HTTPError

from lab.web.singleuser.logins import LoginRefused
from lab.web.singleuser.settings import HubServerSettings

PATIENCE = 10  # seconds for the Hub's answer
MAX_TOKEN = 500  # characters; what is longer is no token


class HubUnreachable(Exception):
    """The Hub did not answer, or not in a way that says anything."""


@dataclass(frozen=True)
class Person:
    """Whom a token belongs to (a user or a service), and whether this lab is open to them."""

    name: str
    allowed: bool


def hub_oauth(settings: HubServerSettings) -> HubOAuth:
    """JupyterHub's client for us, told everything explicitly rather than by the environment."""
    return HubOAuth(
        base_url=settings.service_prefix,
        api_url=settings.api_url,
        api_token=settings.api_token.get_secret_value(),
        hub_host=settings.host,
        hub_prefix=f"{settings.base_url}hub/",
        access_scopes=set(settings.oauth_access_scopes),
        oauth_client_id=settings.client_id,
        oauth_redirect_uri=settings.oauth_callback_url,
        cookie_host_prefix_enabled=settings.cookie_host_prefix_enabled,
        cache_max_age=settings.access_seconds,
    )


class Access:
    """Asks the Hub about tokens; many requests at once that carry the same one ask it once."""

    def __init__(self, auth: HubOAuth) -> None:
        self._auth = auth
        self._asking: dict[str, asyncio.Task[Person | None]] = {}

    async def person(self, token: str, session_id: str = "") -> Person | None:
        """Whom the token belongs to; None when the Hub knows it no longer, or never did.

        `session_id` is the Hub's in the same browser: a person who logged out there has none or
        another, and then nothing that was remembered counts. Raises HubUnreachable.
        """
        if not 0 < len(token) <= MAX_TOKEN or not token.isascii() or not token.isprintable():
            return None
        key = hashlib.sha256(f"{session_id}\n{token}".encode()).hexdigest()
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(self._ask(token, session_id))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(asking)

    async def token(self, code: str, verifier: str) -> str:
        """The token that the Hub gives for a login's code. Raises LoginRefused."""
        try:
            async with asyncio.timeout(PATIENCE):
                token = await self._auth.token_for_code(code, code_verifier=verifier, sync=False)
        except (HTTPError, TimeoutError) as error:
            raise LoginRefused from error
        return str(token)

    async def _ask(self, token: str, session_id: str) -> Person | None:
        try:
            async with asyncio.timeout(PATIENCE):
                model = await self._auth.user_for_token(token, session_id=session_id, sync=False)
        except (HTTPError, TimeoutError) as error:
            raise HubUnreachable from error
        if model is None:
            return None
        return Person(str(model["name"]), bool(self._auth.check_scopes(self._auth.access_scopes, model)))

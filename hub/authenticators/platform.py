"""jupyterhub-ltiauthenticator's LTI 1.3, which asks the platform for its keys without holding up the hub.

Two more things it leaves open: the cookies that a launch is checked against have to come back with a
POST from the platform's site, and a launch may be of another deployment than ours.
"""

import asyncio
from typing import Any

from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import InvalidAudienceError, ValidationError
from ltiauthenticator.lti13.handlers import LTI13CallbackHandler, LTI13LoginInitHandler
from tornado import web
from traitlets import Set, Unicode

DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"


class LaunchLogin(LTI13LoginInitHandler):  # type: ignore[misc]
    def _set_oauth_cookie(self, key: str, value: str) -> None:
        """SameSite=None, which browsers take over TLS only; the default would not come back with the POST."""
        cross_site = {"samesite": "None", "secure": True} if self.request.protocol == "https" else {}
        self._set_cookie(key, value, expires_days=1, httponly=True, encrypted=True, **cross_site)


class LaunchCallback(LTI13CallbackHandler):  # type: ignore[misc]
    async def post(self) -> None:
        try:
            token = await asyncio.to_thread(self.decode_and_validate_launch_request)
        except InvalidAudienceError as error:
            raise web.HTTPError(401, str(error)) from error
        except ValidationError as error:
            raise web.HTTPError(400, str(error)) from error
        user = await self.login_user(token)
        if user is None:
            raise web.HTTPError(403)
        await self.redirect_to_next_url(user)


class Platform(LTI13Authenticator):  # type: ignore[misc]
    login_handler = LaunchLogin
    callback_handler = LaunchCallback
    deployments = Set(Unicode(), help="Whose launches are let in; empty: all").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, Any] | None = None) -> dict[str, Any] | None:
        if self.deployments and (data or {}).get(DEPLOYMENT) not in self.deployments:
            return None
        known: dict[str, Any] = await super().authenticate(handler, data)
        return {"name": known["name"]}  # nothing else of what the platform told is kept

"""jupyterhub-ltiauthenticator's LTI 1.3 with four changes.

The platform's keys are fetched without blocking the hub. The cookies that a launch is checked against
come back with a POST from the platform's site. A launch of another deployment than ours is refused.
Where grades go is kept, if they are to be sent, and the key they are signed with is published.
"""

import asyncio
import json
from typing import Any

from jupyterhub.handlers.base import BaseHandler
from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import InvalidAudienceError, ValidationError
from ltiauthenticator.lti13.handlers import LTI13CallbackHandler, LTI13LoginInitHandler
from tornado import web
from traitlets import Dict, Set, Unicode

from hub.authenticators.lti.grades import where_grades_go
from hub.authenticators.names import NormalizedNames, require_user_name

DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"


class LaunchLogin(LTI13LoginInitHandler):  # type: ignore[misc]
    """Begins a launch and sets the cookies that the callback compares."""

    def _set_oauth_cookie(self, key: str, value: str) -> None:
        """Use SameSite=None over TLS: browsers would not send a default cookie with the platform's POST."""
        cross_site = {"samesite": "None", "secure": True} if self.request.protocol == "https" else {}
        self._set_cookie(key, value, expires_days=1, httponly=True, encrypted=True, **cross_site)


class LaunchCallback(LTI13CallbackHandler):  # type: ignore[misc]
    """Checks a launch in a thread, because the library fetches the platform's keys synchronously."""

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


class LtiAuthenticator(NormalizedNames, LTI13Authenticator):  # type: ignore[misc]
    """Lets in whoever the platform signs a launch for."""

    login_handler = LaunchLogin
    callback_handler = LaunchCallback
    tool_jwks = Dict(help="The public keys with which grades are sent, if they are").tag(config=True)
    deployments = Set(Unicode(), help="Deployments whose launches are accepted, or all").tag(config=True)

    async def authenticate(self, handler: Any, data: dict[str, Any] | None = None) -> dict[str, Any] | None:
        if self.deployments and (data or {}).get(DEPLOYMENT) not in self.deployments:
            return None
        auth_model: dict[str, Any] = await super().authenticate(handler, data)
        require_user_name(handler, self.normalize_username(auth_model["name"]))
        model: dict[str, Any] = {
            "name": auth_model["name"]
        }  # the hub keeps nothing else of the platform's data
        if self.enable_auth_state:  # but where this student's grade goes
            model["auth_state"] = {"grades": where_grades_go(data or {})}
        return model

    def get_handlers(self, app: Any) -> list[Any]:
        """Beside the launches, the public half of the key with which grades are sent."""
        handlers: list[Any] = super().get_handlers(app)
        return [*handlers, (r"/lti13/jwks", ToolKeys)] if self.tool_jwks else handlers


class ToolKeys(BaseHandler):  # type: ignore[misc]
    """The tool's keys, for the platform: public, as every JWKS."""

    def get(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(self.authenticator.tool_jwks))

"""oauthenticator's generic client, which can admit the members of a provider's groups.

The provider's groups do not become groups of the hub. JupyterHub's `manage_groups` would do that, and
would replace the cohort's groups at each login.
"""

from typing import Any

from oauthenticator.generic import GenericOAuthenticator
from tornado import web
from traitlets import Set, Unicode

from hub.authenticators.names import NormalizedNames, require_user_name


class OidcAuthenticator(NormalizedNames, GenericOAuthenticator):  # type: ignore[misc]
    """Lets in allowed users and the members of the admitted groups."""

    groups_claim = Unicode("groups", help="The claim that lists a person's groups").tag(config=True)
    admitted_groups = Set(Unicode(), help="Whose members may enter").tag(config=True)

    async def authenticate(self, handler: Any, data: Any = None, **more: Any) -> dict[str, Any] | None:
        auth_model: dict[str, Any] | None = await super().authenticate(handler, data, **more)
        if auth_model is not None:
            require_user_name(handler, self.normalize_username(auth_model["name"]))
        return auth_model

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """Return the claim that identifies a person. An unverified e-mail address is refused.

        Some providers say so as a text; what they do not say at all is left to them.
        """
        verified = user_info.get("email_verified")
        if self.username_claim == "email" and verified is not None and str(verified).lower() != "true":
            raise web.HTTPError(403, "this e-mail address is not verified")
        name = super().user_info_to_username(user_info)
        if not isinstance(name, str):
            raise web.HTTPError(403, f"the claim {self.username_claim} is no text")
        return name

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        if await super().check_allowed(username, auth_model):
            return True
        user_info = ((auth_model or {}).get("auth_state") or {}).get(self.user_auth_state_key) or {}
        groups = user_info.get(self.groups_claim) or []
        return isinstance(groups, list) and any(group in self.admitted_groups for group in groups)

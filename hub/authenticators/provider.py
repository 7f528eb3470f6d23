"""oauthenticator's generic client, with groups that admit without becoming the hub's own groups.

JupyterHub's `manage_groups` would replace the cohort's groups at each login by the provider's.
"""

from typing import Any

from oauthenticator.generic import GenericOAuthenticator
from tornado import web
from traitlets import Set, Unicode


class Provider(GenericOAuthenticator):  # type: ignore[misc]
    groups_claim = Unicode("groups", help="The claim that lists a person's groups").tag(config=True)
    admitted_groups = Set(Unicode(), help="Whose members may enter").tag(config=True)

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """The claim that names a person; an address that the provider did not verify names nobody."""
        if self.username_claim == "email" and user_info.get("email_verified") is False:
            raise web.HTTPError(403, "this e-mail address is not verified")
        name = super().user_info_to_username(user_info)
        if not isinstance(name, str):
            raise web.HTTPError(403, f"the claim {self.username_claim} is no text")
        return name

    async def check_allowed(self, username: str, auth_model: dict[str, Any] | None) -> bool:
        if await super().check_allowed(username, auth_model):
            return True
        told = ((auth_model or {}).get("auth_state") or {}).get(self.user_auth_state_key) or {}
        groups = told.get(self.groups_claim) or []
        return isinstance(groups, list) and any(group in self.admitted_groups for group in groups)

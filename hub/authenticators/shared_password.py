"""JupyterHub's shared passwords, with names as everywhere in this hub."""

from typing import Any

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

from hub.authenticators.names import NormalizedNames, require_user_name


class SharedPasswords(NormalizedNames, SharedPasswordAuthenticator):  # type: ignore[misc]
    """Lets in whoever knows the password of students, or an instructor's name and theirs."""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        require_user_name(handler, self.normalize_username(data["username"]))
        model: dict[str, Any] | None = await super().authenticate(handler, data)
        return model

"""Names at the login, for all authenticators: normalized as in the roster.

What cannot be a user name is refused with the rule that it breaks.
"""

from typing import Any

from jupyterhub.auth import Authenticator
from tornado import web

from hub.language import language_of
from hub.user_names import fault_of, normalized


class NormalizedNames(Authenticator):  # type: ignore[misc]
    """Normalizes names before anything else is done with them. To be inherited first."""

    def normalize_username(self, username: str) -> str:
        name: str = super().normalize_username(normalized(username))
        return name


def require_user_name(handler: Any, name: str) -> None:
    """Raise a refusal that explains the rule, in the person's language, for what cannot be a user name.

    JupyterHub shows it in the form if the name came from one, else on a page.
    """
    fault = fault_of(name)
    if fault is not None:
        raise web.HTTPError(403, fault.text(language_of(handler)))

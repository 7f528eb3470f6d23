"""JupyterHub's configuration for accounts in the hub's own database."""

from traitlets.config import Config

from exercises.i18n import Translate
from hub.authenticators.native.passwords import (
    LOCK_SECONDS,
    MAX_FAILED_LOGINS,
    MIN_LENGTH,
    ensure_first_passwords,
    first_passwords_file,
)
from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.native.authenticator import AccountAuthenticator

    ensure_first_passwords(settings)
    c.JupyterHub.authenticator_class = AccountAuthenticator
    c.JupyterHub.template_vars["sign_up"] = True
    c.JupyterHub.template_vars["instructor_pages"].append(("authorize", "account.approval"))
    c.AccountAuthenticator.allow_all = True  # accounts that are not approved fail at their password
    c.AccountAuthenticator.first_passwords_file = str(first_passwords_file(settings))
    c.AccountAuthenticator.minimum_password_length = MIN_LENGTH
    c.AccountAuthenticator.check_common_password = True
    c.AccountAuthenticator.allowed_failed_logins = MAX_FAILED_LOGINS
    c.AccountAuthenticator.seconds_before_next_try = LOCK_SECONDS


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """Show the instructors' first passwords, but only at the start at which they are made."""
    passwords = ensure_first_passwords(settings)
    new = {name: entry for name, entry in passwords.items() if not entry["given"]}
    if not new:
        return []
    lines = [t("start.native_first", name=name, password=entry["password"]) for name, entry in new.items()]
    return [*lines, t("start.native_kept", file=first_passwords_file(settings))]

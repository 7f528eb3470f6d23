"""One password for all students and one for all instructors: for trying out, and within one class.

Both passwords are made at the first start and kept in `passwords.json` in the state folder. Only the
file's owner can read it.
"""

import json
import secrets
from pathlib import Path

from traitlets.config import Config

from exercises.i18n import Translate
from hub.secret_files import secret_file
from hub.settings import HubSettings

PASSWORDS = "passwords.json"


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.shared_password import SharedPasswords

    passwords = load_passwords(settings.state.resolve() / PASSWORDS)
    c.JupyterHub.authenticator_class = SharedPasswords
    c.Authenticator.allow_all = True
    c.SharedPasswordAuthenticator.user_password = passwords["students"]
    c.SharedPasswordAuthenticator.admin_password = passwords["instructors"]


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """Show the passwords at the start at which they are made; later, show where they are."""
    file = settings.state.resolve() / PASSWORDS
    key = "start.shared_again" if file.exists() else "start.shared_first"
    return [t(key, file=file, **load_passwords(file))]


def load_passwords(file: Path) -> dict[str, str]:
    """Return `{"students": …, "instructors": …}`, and make both passwords if there is no file yet."""
    passwords: dict[str, str] = json.loads(secret_file(file, _new_passwords))
    return passwords


def _new_passwords() -> str:
    return json.dumps({"students": secrets.token_urlsafe(12), "instructors": secrets.token_urlsafe(32)})

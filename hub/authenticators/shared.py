"""One password for all students, one for all instructors: for trying out, and for a class among itself.

Both are made at the first start and kept in `passwords.json` in the state folder, which only its
owner can read.
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
    passwords = load_passwords(settings.state.resolve() / PASSWORDS)
    c.JupyterHub.authenticator_class = "shared-password"
    c.Authenticator.allow_all = True
    c.SharedPasswordAuthenticator.user_password = passwords["students"]
    c.SharedPasswordAuthenticator.admin_password = passwords["instructors"]


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """The passwords, the one time that they are made; later, where they are."""
    file = settings.state.resolve() / PASSWORDS
    key = "start.shared_again" if file.exists() else "start.shared_first"
    return [t(key, file=file, **load_passwords(file))]


def load_passwords(file: Path) -> dict[str, str]:
    """`{"students": …, "instructors": …}`; made where the file does not exist yet."""
    passwords: dict[str, str] = json.loads(secret_file(file, _new_passwords))
    return passwords


def _new_passwords() -> str:
    return json.dumps({"students": secrets.token_urlsafe(12), "instructors": secrets.token_urlsafe(32)})

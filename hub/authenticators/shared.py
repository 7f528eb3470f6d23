"""One password for all students, one for all instructors: for trying out, and for a class among itself.

Both are made at the first start and kept in `passwords.json` in the state folder, which only its
owner can read.
"""

import json
import os
import secrets
from pathlib import Path

from traitlets.config import Config

from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    passwords = load_passwords(settings.state.resolve() / "passwords.json")
    c.JupyterHub.authenticator_class = "shared-password"
    c.Authenticator.allow_all = True
    c.SharedPasswordAuthenticator.user_password = passwords["students"]
    c.SharedPasswordAuthenticator.admin_password = passwords["instructors"]


def load_passwords(file: Path) -> dict[str, str]:
    """`{"students": …, "instructors": …}`; made where the file does not exist yet."""
    if not file.exists():
        made = {"students": secrets.token_urlsafe(12), "instructors": secrets.token_urlsafe(32)}
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(made, stream)
    passwords: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return passwords

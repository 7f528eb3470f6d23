"""The rules for passwords, and the file with the instructors' first passwords.

Nobody can sign up with an instructor's name: whoever did it first would control the hub. Instead the
instructors' accounts are made when the hub starts, each with a first password. These passwords are
kept in `instructors.json` in the state folder.
"""

import json
import secrets
from pathlib import Path
from typing import TypedDict

from hub.settings import HubSettings
from manifests.atomic import write_atomic

FILE_NAME = "instructors.json"
MIN_LENGTH = 10  # characters
MAX_FAILED_LOGINS = 5  # after which an account is locked for a while
LOCK_SECONDS = 600


class FirstPassword(TypedDict):
    """An instructor's first password. `given` says whether the account has received it."""

    password: str
    given: bool


def first_passwords_file(settings: HubSettings) -> Path:
    return settings.state.resolve() / FILE_NAME


def ensure_first_passwords(settings: HubSettings) -> dict[str, FirstPassword]:
    """Return the first password of every instructor, and make those that are missing."""
    file = first_passwords_file(settings)
    passwords = read_first_passwords(file)
    missing = sorted(settings.instructors - passwords.keys())
    if missing:
        passwords |= {name: {"password": secrets.token_urlsafe(16), "given": False} for name in missing}
        write_first_passwords(file, passwords)
    return passwords


def read_first_passwords(file: Path) -> dict[str, FirstPassword]:
    if not file.exists():
        return {}
    passwords: dict[str, FirstPassword] = json.loads(file.read_text(encoding="utf-8"))
    return passwords


def write_first_passwords(file: Path, passwords: dict[str, FirstPassword]) -> None:
    write_atomic(file, json.dumps(passwords, indent=1, ensure_ascii=False).encode(), mode=0o600)

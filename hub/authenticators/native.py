"""Accounts of the hub's own: students sign up, an instructor approves.

Nobody can sign up as an instructor. Their accounts are made when the hub starts, with a first password
each, kept in `instructors.json` in the state folder: a name that anyone could sign up with first would
give the hub to whoever is quickest.
"""

import json
import secrets
from pathlib import Path
from typing import Any, TypedDict

from traitlets.config import Config

from exercises.i18n import Translate
from hub.settings import HubSettings
from manifests.atomic import write_atomic

INSTRUCTORS = "instructors.json"
SHORTEST = 10  # characters of a password
ATTEMPTS = 5  # wrong ones, until an account is closed for a while
CLOSED = 600  # seconds


class FirstPassword(TypedDict):
    """`given`: whether the account has it; a password that was not given yet is what the account gets."""

    password: str
    given: bool


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.accounts import Accounts

    first_passwords(settings)
    c.JupyterHub.authenticator_class = Accounts
    c.JupyterHub.template_vars["sign_up"] = True
    c.JupyterHub.template_vars["instructor_pages"].append(("authorize", "account.approval"))
    c.Accounts.allow_all = True  # who is approved; the others do not get past their password
    c.Accounts.instructors_file = str(settings.state.resolve() / INSTRUCTORS)
    c.Accounts.minimum_password_length = SHORTEST
    c.Accounts.check_common_password = True
    c.Accounts.allowed_failed_logins = ATTEMPTS
    c.Accounts.seconds_before_next_try = CLOSED


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """The instructors' first passwords, the one time that they are made."""
    new = {name: entry for name, entry in first_passwords(settings).items() if not entry["given"]}
    if not new:
        return []
    lines = [t("start.native_first", name=name, password=entry["password"]) for name, entry in new.items()]
    return [*lines, t("start.native_kept", file=settings.state.resolve() / INSTRUCTORS)]


def first_passwords(settings: HubSettings) -> dict[str, FirstPassword]:
    """Of every instructor; made for those who have none yet."""
    file = settings.state.resolve() / INSTRUCTORS
    known = read(file)
    missing = sorted(settings.instructors - known.keys())
    if missing:
        known |= {name: {"password": secrets.token_urlsafe(16), "given": False} for name in missing}
        write(file, known)
    return known


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(file: Path, known: dict[str, Any]) -> None:
    write_atomic(file, json.dumps(known, indent=1, ensure_ascii=False).encode(), mode=0o600)

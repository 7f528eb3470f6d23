"""nativeauthenticator, closed where it is open: instructors' accounts, state changes by GET, long passwords.

What it leaves to us: whoever signs up first with an admin's name is admin; a link approves or discards an
account when an instructor merely opens it; hashing a password holds up the whole hub; a password of more
than 72 bytes is an error; and whether a password is right can be tried without limit on accounts that wait.
"""

import asyncio
from pathlib import Path
from typing import Any

import bcrypt
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from traitlets import Unicode

from hub.authenticators import native

BYTES = 72  # that bcrypt looks at
_NOBODY = bcrypt.hashpw(b"", bcrypt.gensalt())  # so that an unknown name takes as long as a known one


class Accounts(NativeAuthenticator):  # type: ignore[misc]
    """Accounts in the hub's database; a login's outcome is also known to its handler (`waits`)."""

    instructors_file = Unicode(help="The instructors' first passwords").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._give_first_passwords(Path(self.instructors_file))

    def _give_first_passwords(self, file: Path) -> None:
        """An account that existed before its name became an instructor's changes hands with its password."""
        known = native.read(file)
        for name, entry in known.items():
            if name not in self.admin_users or (entry["given"] and self.user_exists(name)):
                continue
            account = self.get_user(name) or UserInfo(username=name)
            account.password = bcrypt.hashpw(entry["password"].encode(), bcrypt.gensalt())
            account.is_authorized = True
            self.db.add(account)
            entry["given"] = True
        self.db.commit()
        native.write(file, known)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The user's name for the right password of an approved account; else None.

        An attempt counts before it is looked at, so that many at once are as many.
        """
        name = self.normalize_username(data["username"])
        account = self.get_user(name)
        handler.waits = False
        if account and self.is_blocked(name):
            return None
        if account:
            self.add_login_attempt(name)
        right = await asyncio.to_thread(matches, data["password"], account.password if account else _NOBODY)
        if not account or not right:
            return None
        self.successful_login(name)
        handler.waits = not account.is_authorized
        return name if account.is_authorized else None

    def is_password_strong(self, password: str) -> bool:
        """Long enough, short enough for bcrypt, and not one of the ten thousand that are tried first."""
        fits = len(password.encode()) <= BYTES
        return fits and super().is_password_strong(password) and not self.is_password_common(password.lower())

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        from hub.authenticators import account_pages

        return account_pages.HANDLERS


def matches(password: str, hashed: bytes) -> bool:
    """Whether that is the password; takes a quarter of a second on purpose."""
    given = password.encode()
    return bcrypt.checkpw(given[:BYTES], hashed) and len(given) <= BYTES

"""nativeauthenticator with its weaknesses removed.

nativeauthenticator gives the admin role to whoever signs up first with an admin's name. It approves or
deletes an account when an instructor merely opens a link. Hashing a password blocks the whole hub, and
a password of more than 72 bytes is an error. Passwords can be tried without limit on accounts that wait
for approval, and an account that was closed for a while closes again at the same hour of each later day.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import bcrypt
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo
from traitlets import Unicode

from hub.authenticators.names import NormalizedNames, require_user_name
from hub.authenticators.native import pages
from hub.authenticators.native.passwords import read_first_passwords, write_first_passwords

MAX_BYTES = 72  # bcrypt ignores what follows
_UNKNOWN_USER_HASH = bcrypt.hashpw(b"", bcrypt.gensalt())  # makes unknown names take as long as known ones


class AccountAuthenticator(NormalizedNames, NativeAuthenticator):  # type: ignore[misc]
    """Checks names and passwords against accounts in the hub's database.

    It sets `waits_for_approval` on the login's handler, so that the page can say so.
    """

    first_passwords_file = Unicode(help="The file of the instructors' first passwords").tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._give_first_passwords(Path(self.first_passwords_file))

    def _give_first_passwords(self, file: Path) -> None:
        """Make the instructors' accounts, or give existing accounts of their names the first passwords.

        An account that existed before its name became an instructor's thus belongs to the instructor.
        """
        passwords = read_first_passwords(file)
        for name, entry in passwords.items():
            if name not in self.admin_users or (entry["given"] and self.user_exists(name)):
                continue
            account = self.get_user(name) or UserInfo(username=name)
            account.password = bcrypt.hashpw(entry["password"].encode(), bcrypt.gensalt())
            account.is_authorized = True
            self.db.add(account)
            entry["given"] = True
        self.db.commit()
        write_first_passwords(file, passwords)

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """Return the user's name if the password is right and the account is approved, else None.

        An attempt is counted before the password is checked, so that attempts in parallel count, too.
        """
        name = self.normalize_username(data["username"])
        require_user_name(handler, name)
        account = self.get_user(name)
        handler.waits_for_approval = False
        if account and self.is_blocked(name):
            return None
        if account:
            self.add_login_attempt(name)
        hashed = account.password if account else _UNKNOWN_USER_HASH
        is_right = await asyncio.to_thread(matches, data["password"], hashed)
        if not account or not is_right:
            return None
        self.successful_login(name)
        handler.waits_for_approval = not account.is_authorized
        return name if account.is_authorized else None

    def can_try_to_login_again(self, username: str) -> bool:
        """Tell whether the account's last attempt is long enough ago, in days, too."""
        attempts = self.login_attempts.get(username)
        if not attempts:
            return True
        ago = datetime.now() - attempts["time"]
        return bool(ago.total_seconds() > self.seconds_before_next_try)

    async def make_account(self, name: str, password: str) -> bool:
        """Make an account, which waits for approval; False where the rules refuse name or password."""
        name = self.normalize_username(name)
        if not self.validate_username(name) or not self.is_password_strong(password):
            return False
        hashed = await _hashed(password)
        if self.user_exists(name):  # or signed up meanwhile
            return False
        self.db.add(UserInfo(username=name, password=hashed, is_authorized=name in self.get_authed_users()))
        self.db.commit()
        return True

    async def set_password(self, name: str, password: str) -> bool:
        """Give an account another password; False where the rules refuse it or the account is gone."""
        if not self.is_password_strong(password):
            return False
        hashed = await _hashed(password)
        account = self.get_user(name)
        if account is None:
            return False
        account.password = hashed
        self.db.commit()
        return True

    def is_password_strong(self, password: str) -> bool:
        """Tell whether a password is long enough, short enough for bcrypt, and not a common one."""
        fits = len(password.encode()) <= MAX_BYTES
        return fits and super().is_password_strong(password) and not self.is_password_common(password.lower())

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        return pages.HANDLERS


async def _hashed(password: str) -> bytes:
    """The password's hash, made in a thread: the hub goes on meanwhile."""
    return await asyncio.to_thread(bcrypt.hashpw, password.encode(), bcrypt.gensalt())


def matches(password: str, hashed: bytes) -> bool:
    """Tell whether a password is the hashed one. bcrypt takes a quarter of a second on purpose."""
    encoded = password.encode()
    return bcrypt.checkpw(encoded[:MAX_BYTES], hashed) and len(encoded) <= MAX_BYTES

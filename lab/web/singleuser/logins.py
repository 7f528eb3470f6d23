"""Logins under way and open sessions, both in memory, so that no token ever leaves this process.

A browser holds two kinds of random names: one per login under way, which ties the login's `state` to
it, and one for its session. After a restart of the lab nobody is in; the Hub lets them in again
without a question.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import unquote

MAX_LOGINS = 10_000  # some kilobytes each: a flood of them must not fill the memory
MAX_SESSIONS = 1_000
LOGIN_SECONDS = 600
MAX_NEXT = 2_000  # characters
VISIBLE = re.compile(r"[!-\[\]-~]+")  # ASCII without spaces, control characters and the backslash


class LoginRefused(Exception):
    """The login cannot be completed: unknown, used, too old, or another browser's."""


@dataclass(frozen=True)
class Login:
    """A login under way: where it leads, PKCE's secret, the hash of what its browser holds, its end."""

    next_url: str
    verifier: str
    browser: bytes
    until: float


class Logins:
    """`state` of each login under way; each can be finished once, by the browser that started it."""

    def __init__(self) -> None:
        self._logins: OrderedDict[str, Login] = OrderedDict()

    def start(self, next_url: str, verifier: str) -> tuple[str, str]:
        """The login's `state`, and the secret its browser is to keep."""
        now = time.monotonic()
        while self._logins and (
            len(self._logins) >= MAX_LOGINS or next(iter(self._logins.values())).until < now
        ):
            self._logins.popitem(last=False)
        state, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._logins[state] = Login(next_url, verifier, _hash(secret), now + LOGIN_SECONDS)
        return state, secret

    def finish(self, state: str, secret: str) -> Login:
        """The login, which is then over whatever happens. Raises LoginRefused."""
        login = self._logins.pop(state, None)
        if login is None or login.until < time.monotonic():
            raise LoginRefused
        if not hmac.compare_digest(login.browser, _hash(secret)):
            raise LoginRefused
        return login


class Sessions:
    """The Hub's tokens of the people who are in, by the random name their browser holds.

    `visiting` are those who said that they want to be in somebody else's lab.
    """

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, str] = OrderedDict()
        self.visiting: set[str] = set()

    def open(self, token: str) -> str:
        while len(self._tokens) >= MAX_SESSIONS:
            self.close(next(iter(self._tokens)))
        name = secrets.token_urlsafe(32)
        self._tokens[name] = token
        return name

    def token(self, name: str) -> str | None:
        token = self._tokens.get(name)
        if token is not None:
            self._tokens.move_to_end(name)  # who was here least lately goes first
        return token

    def close(self, name: str) -> None:
        self._tokens.pop(name, None)
        self.visiting.discard(name)


def safe_redirect(address: str, prefix: str) -> str:
    """The address (path and query) if it leads into `prefix`, else the prefix: nobody is led elsewhere."""
    path = address.partition("?")[0]
    within = address.startswith(prefix) and ".." not in unquote(path).split("/")
    return address if within and len(address) <= MAX_NEXT and VISIBLE.fullmatch(address) else prefix


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

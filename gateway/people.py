"""Who asks: the Hub says so, or a file of the gateway's where there is no Hub.

Rule: nobody is who they say they are; only a token counts, and it is never logged. A slip of the pen in the
file costs the line that it is in: whoever stands in another line goes on, and the log says what is wrong.
"""

import csv
import hashlib
import hmac
import io
import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, Field, SecretStr, ValidationError

from exercises.errors import CatalogueError, SystemReason

log = logging.getLogger(__name__)

Role = Literal["student", "instructor"]
COLUMNS = ["student", "token", "role"]
TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,4096}")  # RFC 6750; no other goes into a header
HOLDS = 30.0  # seconds for which the Hub's word on a token is taken
MOST_KNOWN = 10_000  # tokens remembered; beyond that all are asked for anew


class GatewayError(CatalogueError):
    """The gateway cannot start or go on, for a reason its instructor can put right."""

    package = "gateway"


@dataclass(frozen=True)
class Person:
    """Somebody who may ask. `groups`: the Hub's, for budgets."""

    name: str
    role: Role = "student"
    groups: frozenset[str] = frozenset()

    @property
    def teaches(self) -> bool:
        return self.role == "instructor"


HUB = Person("hub", "instructor")  # the pages beside the Hub, with the gateway's own token


class People(Protocol):
    def who(self, token: str) -> Person | None:
        """The person of the token; None if it is nobody's. May wait for an answer."""


class PeopleFile:
    """`people.csv` of a gateway without a Hub: read anew whenever it has changed."""

    def __init__(self, file: Path) -> None:
        """Raises GatewayError where anything in the file is wrong: nobody asks yet who could be cut off."""
        self._file, self._lock = file, threading.Lock()
        if not file.exists():
            _write_first(file)
        self._read_at = _version(file)
        self._by_token, self._wrong = _read(file)
        if self._wrong:
            raise self._wrong[0]

    def who(self, token: str) -> Person | None:
        """As `People`. Tokens are compared by their hashes, which take no hint of the time it took."""
        wanted = hashlib.sha256(token.encode()).digest()
        found = None
        for known, person in self._people().items():
            if hmac.compare_digest(known, wanted):
                found = person
        return found

    def _people(self) -> dict[bytes, Person]:
        with self._lock:
            now = _version(self._file)
            if now is None or now != self._read_at:
                self._read_at = now
                try:
                    self._by_token, wrong = _read(self._file)
                except GatewayError as error:  # those known before may go on
                    wrong = [error]
                if list(map(str, wrong)) != list(map(str, self._wrong)):
                    for each in wrong:
                        log.error("Who may ask is not all read: %s", each)
                self._wrong = wrong
            return self._by_token


def _version(file: Path) -> tuple[int, int] | None:
    """Changes whenever the file does; None where it cannot be looked at."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _read(file: Path) -> tuple[dict[bytes, Person], list[GatewayError]]:
    """Who stands in the file, and what is wrong with other lines. Raises GatewayError if none can be read."""
    found: dict[bytes, Person] = {}
    wrong: list[GatewayError] = []
    rows = csv.DictReader(io.StringIO(_text(file), newline=""))
    try:
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise GatewayError("people.columns", file=file, columns=",".join(COLUMNS))
        for row in rows:
            name, token, role = ((row[column] or "").strip() for column in COLUMNS)
            digest = hashlib.sha256(token.encode()).digest()
            if not name or len(token) < 16 or role not in ("student", "instructor"):
                wrong.append(GatewayError("people.row", file=file, line=rows.line_num))
            elif digest in found:
                wrong.append(GatewayError("people.same_token", file=file, line=rows.line_num))
            else:
                found[digest] = Person(name, "instructor" if role == "instructor" else "student")
    except csv.Error as error:  # a field without end
        raise GatewayError("people.row", file=file, line=rows.line_num + 1) from error
    return found, wrong


def _text(file: Path) -> str:
    """Raises GatewayError."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise GatewayError("people.unreadable", file=file, reason=SystemReason(error)) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise GatewayError("people.encoding", file=file, line=line) from error


def _write_first(file: Path) -> None:
    """One instructor, with a new token, for the owner's eyes only."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(f"{','.join(COLUMNS)}\ninstructor,{secrets.token_urlsafe(32)},instructor\n")


def _opens_own_lab(name: str, scopes: Sequence[str]) -> bool:
    """Whether a token is as good as its owner, for whom it opens their own lab.

    Whoever visits another's lab leaves that lab a token of theirs, which opens that lab alone; a lab is its
    student's process, so such a token says nothing of who sends it.
    """
    whole = ("access:servers", f"access:servers!user={name}")
    own = f"access:servers!server={name}/"
    return any(scope in whole or scope.startswith(own) for scope in scopes)


class HubUser(BaseModel):
    """What the Hub says of the owner of a token, as far as it is used here."""

    kind: str  # "user", or "service"
    name: str = Field(min_length=1)
    admin: bool = False
    groups: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()


class HubPeople:
    """The Hub's word: it is asked who owns a token, and its answer is taken for HOLDS seconds."""

    def __init__(
        self, api_url: str, own: SecretStr | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`own`: the token that the Hub gave the gateway, and by which the Hub's pages ask it."""
        self._url, self._own, self._clock = api_url.rstrip("/"), own, clock
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[float, Person | None]] = {}

    def who(self, token: str) -> Person | None:
        """As `People`. Raises GatewayError where the Hub does not answer."""
        if self._own and hmac.compare_digest(token.encode(), self._own.get_secret_value().encode()):
            return HUB
        key, now = hashlib.sha256(token.encode()).digest(), self._clock()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now - known[0] < HOLDS:
            return known[1]
        person = self._ask(token)
        with self._lock:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = (now, person)
        return person

    def _ask(self, token: str) -> Person | None:
        if not TOKEN.fullmatch(token):
            return None
        import httpx2

        try:
            answer = httpx2.get(
                f"{self._url}/user",
                headers={"Authorization": f"token {token}"},
                timeout=10,
                follow_redirects=False,
                trust_env=False,
            )
        except httpx2.HTTPError as error:
            raise GatewayError("people.no_hub") from error
        if answer.status_code >= 500:
            raise GatewayError("people.no_hub")
        if answer.status_code != 200:
            return None
        try:
            said = HubUser.model_validate_json(answer.content)
        except ValidationError as error:  # a page, by what stands where the Hub should
            raise GatewayError("people.no_hub") from error
        if said.kind != "user" or not _opens_own_lab(said.name, said.scopes):
            return None  # a service's token is no person's
        return Person(said.name, "instructor" if said.admin else "student", said.groups)

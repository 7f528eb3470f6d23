"""Asks a student's lab for progress, checklist and pictures, and for a snapshot of the work.

A lab is a process of its student, so its answers are untrusted. They are limited in size and time,
parsed strictly or refused (`hub.cohort.told`), and redirects are not followed. Each request carries a pass
for that one lab, never the token of these tools.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from exercises.i18n import Language
from grading.submission.files import MAX_ZIP_BYTES, Unreadable, ZipFiles
from grading.submission.frozen import FROZEN_FILE, MAX_FROZEN_BYTES, Frozen, parse_frozen
from hub.cohort.client import HubClient, Pass, Server
from hub.cohort.errors import CohortError
from hub.cohort.times import showable
from hub.cohort.told import Checklist, Progress
from manifests.errors import JsonError
from manifests.strict_json import parse

# User options for a lab that is started only to be asked. Each spawner reads its own key.
WITHOUT_GPU: dict[str, Any] = {"processor": "cpu", "gpu": "none", "profile": "cpu"}

PROGRESS_SECONDS = 20.0
SNAPSHOT_SECONDS = 600.0
MAX_PROGRESS_BYTES = 2**16
MAX_CHECKLIST_BYTES = 2**20
MAX_PICTURE_BYTES = 2**19
KEEP_PASS = 200.0  # seconds; the Hub makes them for 300
BUSY_ATTEMPTS = 4  # how often a lab is asked that is busy with another snapshot
BUSY_SECONDS = 5.0
HANDED_IN = "Genai-Handed-In"  # the header with which a lab marks a hand-in

Told = TypeVar("Told", bound=BaseModel)


class LabError(CohortError):
    """A lab gave no answer, or one that cannot be used."""


@dataclass(frozen=True)
class Snapshot:
    """Work that was received, with its times by the lab's clock.

    `changed` is when the student last changed the work; `handed_in` is None for work as it is now.
    """

    bytes: int
    changed: datetime | None
    handed_in: datetime | None = None


class LabClient:
    """A client for labs, used as `async with LabClient(hub) as labs:`.

    Its methods raise LabError, and what HubClient raises if the Hub gives no pass. `beside`: for a service
    beside the Hub, which asks all labs for hours. It reaches them where the Hub does, without the proxy, and
    uses each pass several times, always for the lab it was made for.
    """

    def __init__(self, hub: HubClient, *, beside: bool = False) -> None:
        self._hub = hub
        self._beside = beside
        self._passes: dict[str, tuple[datetime | None, float, Pass]] = {}  # by user: the lab's start, until
        self._http = httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(PROGRESS_SECONDS, read=60),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # no lab gets another lab's cookies
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def progress(self, user: str, server: Server, assignment: str) -> Progress:
        """Return the student's progress."""
        asked = {"assignment": assignment}
        return await self._told(user, server, "progress", asked, Progress, MAX_PROGRESS_BYTES)

    async def checklist(self, user: str, server: Server, assignment: str, language: Language) -> Checklist:
        """Return the student's checklist and the list of pictures."""
        asked = {"assignment": assignment, "language": language}
        return await self._told(user, server, "checklist", asked, Checklist, MAX_CHECKLIST_BYTES)

    async def picture(self, user: str, server: Server, assignment: str, stem: str) -> bytes:
        """Return what the lab says is a small JPEG. Nothing of it has been checked but its size."""
        asked = {"assignment": assignment, "stem": stem}
        return await self._body(user, server, "picture", asked, "image/jpeg", MAX_PICTURE_BYTES)

    async def _told(
        self, user: str, server: Server, what: str, asked: dict[str, str], kind: type[Told], most: int
    ) -> Told:
        data = await self._body(user, server, what, asked, "application/json", most)
        try:
            return kind.model_validate(parse(data, max_bytes=most))
        except (JsonError, ValidationError):
            raise LabError("cohort.lab.odd_answer") from None

    async def _body(
        self, user: str, server: Server, what: str, asked: dict[str, str], media_type: str, most: int
    ) -> bytes:
        """Return the whole body of an answer of that media type, of at most that many bytes."""
        try:
            async with asyncio.timeout(PROGRESS_SECONDS):
                data = bytearray()
                async with self._get(user, server, what, asked) as answer:
                    _require(answer, media_type)
                    async for chunk in answer.aiter_raw():
                        data += chunk
                        if len(data) > most:
                            raise LabError("cohort.lab.too_much")
            return bytes(data)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise _no_answer(error) from None

    async def snapshot(
        self, user: str, server: Server, assignment: str, path: Path, due: datetime | None = None
    ) -> Snapshot | None:
        """Write the work that counts for a deadline to a new file; return None if there is no work yet.

        The file is checked and synced.

        The caller deletes the file at `path` after an exception. Raises OSError too.
        """
        asked = {"assignment": assignment} | ({"due": due.isoformat()} if due else {})
        try:
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                for attempt in range(BUSY_ATTEMPTS):
                    async with self._get(user, server, "snapshot", asked) as answer:
                        if answer.status_code == 204:
                            return None
                        if answer.status_code != 503 or attempt + 1 == BUSY_ATTEMPTS:
                            _require(answer, "application/zip")
                            with path.open("xb") as file:
                                size = await _receive(answer, file)
                            changed, is_hand_in = _last_modified(answer), HANDED_IN in answer.headers
                            break
                    await asyncio.sleep(BUSY_SECONDS)
        except (httpx2.HTTPError, TimeoutError) as error:
            raise _no_answer(error) from None
        frozen = await asyncio.to_thread(_frozen_submission, path, assignment)
        return Snapshot(size, changed, frozen.time.astimezone(UTC) if is_hand_in else None)

    @asynccontextmanager
    async def _get(
        self, user: str, server: Server, what: str, asked: dict[str, str]
    ) -> AsyncIterator[httpx2.Response]:
        """Ask the lab with a pass of its own, and give the answer before its body has been read."""
        given = await self._pass(user, server)
        place = given.url if self._beside and given.url else self._hub.lab_url(server)
        async with self._http.stream(
            "GET",
            f"{place}class/{what}",
            params=asked,
            headers={"Authorization": f"token {given.token}"},
        ) as answer:
            if answer.status_code in (401, 403):
                self._passes.pop(user, None)
            yield answer

    async def _pass(self, user: str, server: Server) -> Pass:
        now = asyncio.get_running_loop().time()
        started, until, kept = self._passes.get(user, (None, 0.0, None))
        if kept is not None and now < until and started == server.started:
            return kept
        given = await self._hub.lab_pass(user)
        if self._beside:
            self._passes[user] = (server.started, now + KEEP_PASS, given)
        return given


def _require(answer: httpx2.Response, media_type: str) -> None:
    """Raises LabError unless the answer is 200 and of that media type."""
    if answer.status_code != 200:
        raise LabError("cohort.lab.refused", status=answer.status_code)
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() != media_type:
        raise LabError("cohort.lab.odd_answer")


async def _receive(answer: httpx2.Response, file: BinaryIO) -> int:
    """Write the body to the file and return its size. Raises LabError if it is too large."""
    size = 0
    async for chunk in answer.aiter_raw(2**20):
        size += len(chunk)
        if size > MAX_ZIP_BYTES:
            raise LabError("cohort.lab.too_much")
        file.write(chunk)
    file.flush()
    await asyncio.to_thread(os.fsync, file.fileno())
    return size


def _last_modified(answer: httpx2.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("Last-Modified", ""))
        return showable(moment).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _frozen_submission(path: Path, assignment: str) -> Frozen:
    """Return what the zip says of itself. Raises LabError if it is no zip of that assignment."""
    try:
        files = ZipFiles(path)
        try:
            frozen = parse_frozen(files.read(FROZEN_FILE, MAX_FROZEN_BYTES))
        finally:
            files.close()
    except Unreadable as error:
        raise LabError("cohort.lab.bad_snapshot", reason=error) from None
    if frozen is None or frozen.assignment != assignment:
        raise LabError("cohort.lab.odd_answer")
    return frozen


def _no_answer(error: Exception) -> LabError:
    return LabError("cohort.lab.silent", reason=type(error).__name__)

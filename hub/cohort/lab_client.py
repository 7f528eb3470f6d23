"""Asks a student's lab for the student's progress and for a snapshot of the work.

A lab is a process of its student, so its answers are untrusted. They are limited in size and time,
parsed strictly or refused, and redirects are not followed. Each request carries a pass for that one
lab, never the token of these tools.
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
from typing import Annotated, Any, BinaryIO, Self

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grading.submission.files import MAX_ZIP_BYTES, Unreadable, ZipFiles
from grading.submission.frozen import FROZEN_FILE, MAX_FROZEN_BYTES, Frozen, parse_frozen
from hub.cohort.client import HubClient, Server
from hub.cohort.errors import CohortError
from manifests.errors import JsonError
from manifests.strict_json import parse

# User options for a lab that is started only to be asked. Each spawner reads its own key.
WITHOUT_GPU: dict[str, Any] = {"processor": "cpu", "gpu": "none", "profile": "cpu"}

PROGRESS_SECONDS = 20.0
SNAPSHOT_SECONDS = 600.0
MAX_PROGRESS_BYTES = 2**16
BUSY_ATTEMPTS = 4  # how often a lab is asked that is busy with another snapshot
BUSY_SECONDS = 5.0
HANDED_IN = "Genai-Handed-In"  # the header with which a lab marks a hand-in

_Count = Annotated[int, Field(ge=0, le=10**9)]
_Points = Annotated[float, Field(ge=0, le=10**6, allow_inf_nan=False)]


class LabError(CohortError):
    """A lab gave no answer, or one that cannot be used."""


class Progress(BaseModel):
    """A lab's answer at `class/progress`."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    points: _Points
    maximum: _Points
    pictures: _Count
    running: _Count


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

    Its methods raise LabError, and what HubClient raises if the Hub gives no pass.
    """

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub
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
        try:
            async with asyncio.timeout(PROGRESS_SECONDS):
                data = bytearray()
                async with self._get(user, server, "progress", assignment) as answer:
                    _require(answer, "application/json")
                    async for chunk in answer.aiter_raw():
                        data += chunk
                        if len(data) > MAX_PROGRESS_BYTES:
                            raise LabError("cohort.lab.too_much")
            return Progress.model_validate(parse(bytes(data), max_bytes=MAX_PROGRESS_BYTES))
        except (JsonError, ValidationError):
            raise LabError("cohort.lab.odd_answer") from None
        except (httpx2.HTTPError, TimeoutError) as error:
            raise _no_answer(error) from None

    async def snapshot(
        self, user: str, server: Server, assignment: str, path: Path, due: datetime | None = None
    ) -> Snapshot | None:
        """Write the work that counts for a deadline to a new file; return None if there is no work yet.

        The file is checked and synced.

        The caller deletes the file at `path` after an exception. Raises OSError too.
        """
        try:
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                for attempt in range(BUSY_ATTEMPTS):
                    async with self._get(user, server, "snapshot", assignment, due) as answer:
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
        self, user: str, server: Server, what: str, assignment: str, due: datetime | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Ask the lab with a pass of its own, and give the answer before its body has been read."""
        token = await self._hub.lab_pass(user)
        params = {"assignment": assignment} | ({"due": due.isoformat()} if due else {})
        async with self._http.stream(
            "GET",
            f"{self._hub.lab_url(server)}class/{what}",
            params=params,
            headers={"Authorization": f"token {token}"},
        ) as answer:
            yield answer


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
        return moment.astimezone(UTC)
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

"""What a student's lab says of itself: progress, and a snapshot of the work.

A lab is a process of its student, so nothing of it is believed beyond its form: answers are bounded
in size and time, read as what they must be or not at all, never followed elsewhere. It is asked with
a pass for that lab alone, never with the token of these tools.
"""

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, BinaryIO, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grading.files import MAX_ZIP_BYTES, Unreadable, ZipFiles
from grading.frozen import FROZEN_FILE, MAX_FROZEN_BYTES, parse_frozen
from hub.cohort.client import Hub, Server
from hub.cohort.errors import CohortError
from manifests.errors import JsonError
from manifests.strict_json import parse

# A stopped lab is started with this to be asked; each spawner takes its own key and ignores the others.
WITHOUT_GPU: dict[str, Any] = {"processor": "cpu", "gpu": "none", "profile": "cpu"}

PROGRESS_SECONDS = 20.0
SNAPSHOT_SECONDS = 600.0
MAX_PROGRESS_BYTES = 2**16
ATTEMPTS = 4  # where a lab is busy with another snapshot
BUSY_SECONDS = 5.0

_Count = Annotated[int, Field(ge=0, le=10**9)]
_Points = Annotated[float, Field(ge=0, le=10**6, allow_inf_nan=False)]


class NoAnswer(CohortError):
    """A lab that said nothing, or nothing that can be used."""


class Progress(BaseModel):
    """`class/progress` of a lab."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    points: _Points
    maximum: _Points
    pictures: _Count
    running: _Count


@dataclass(frozen=True)
class Snapshot:
    """What was received: `changed` is when the lab says the work was last changed, if it says so."""

    bytes: int
    changed: datetime | None


class Labs:
    """`async with Labs(hub) as labs:`. Raises NoAnswer, and what `Hub` raises where no pass is given."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._http = httpx.AsyncClient(
            headers={"Accept-Encoding": "identity"},
            timeout=httpx.Timeout(PROGRESS_SECONDS, read=60),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # what one lab sets, none is sent
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def progress(self, user: str, server: Server, assignment: str) -> Progress:
        """How far the student is."""
        try:
            async with asyncio.timeout(PROGRESS_SECONDS):
                data = bytearray()
                async with await self._open(user, server, "progress", assignment) as answer:
                    _expect(answer, "application/json")
                    async for chunk in answer.aiter_raw():
                        data += chunk
                        if len(data) > MAX_PROGRESS_BYTES:
                            raise NoAnswer("cohort.lab.too_much")
            return Progress.model_validate(parse(bytes(data), max_bytes=MAX_PROGRESS_BYTES))
        except (JsonError, ValidationError):
            raise NoAnswer("cohort.lab.odd_answer") from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise _silent(error) from None

    async def snapshot(self, user: str, server: Server, assignment: str, path: Path) -> Snapshot | None:
        """Write the zip to a new file, checked and synced; None where there is nothing yet.

        Whatever is at `path` after an exception is to be deleted. Raises OSError too.
        """
        try:
            async with asyncio.timeout(SNAPSHOT_SECONDS):
                for attempt in range(ATTEMPTS):
                    async with await self._open(user, server, "snapshot", assignment) as answer:
                        if answer.status_code == 204:
                            return None
                        if answer.status_code != 503 or attempt + 1 == ATTEMPTS:
                            _expect(answer, "application/zip")
                            with path.open("xb") as file:
                                received = Snapshot(await _receive(answer, file), _changed(answer))
                            break
                    await asyncio.sleep(BUSY_SECONDS)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _silent(error) from None
        await asyncio.to_thread(_check, path, assignment)
        return received

    async def _open(self, user: str, server: Server, what: str, assignment: str) -> "_Opened":
        token = await self._hub.lab_pass(user)
        request = self._http.build_request(
            "GET",
            f"{self._hub.lab_url(server)}class/{what}",
            params={"assignment": assignment},
            headers={"Authorization": f"token {token}"},
        )
        return _Opened(await self._http.send(request, stream=True))


class _Opened:
    """An answer whose body is still to be read."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    async def __aenter__(self) -> httpx.Response:
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        await self._answer.aclose()


def _expect(answer: httpx.Response, kind: str) -> None:
    if answer.status_code != 200:
        raise NoAnswer("cohort.lab.refused", status=answer.status_code)
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() != kind:
        raise NoAnswer("cohort.lab.odd_answer")


async def _receive(answer: httpx.Response, file: BinaryIO) -> int:
    """How many bytes were written."""
    size = 0
    async for chunk in answer.aiter_raw(2**20):
        size += len(chunk)
        if size > MAX_ZIP_BYTES:
            raise NoAnswer("cohort.lab.too_much")
        file.write(chunk)
    file.flush()
    await asyncio.to_thread(os.fsync, file.fileno())
    return size


def _changed(answer: httpx.Response) -> datetime | None:
    try:
        moment = parsedate_to_datetime(answer.headers.get("Last-Modified", ""))
        return moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _check(path: Path, assignment: str) -> None:
    """That it is a zip the grader can open, frozen for that assignment. Raises NoAnswer."""
    try:
        files = ZipFiles(path)
        try:
            frozen = parse_frozen(files.read(FROZEN_FILE, MAX_FROZEN_BYTES))
        finally:
            files.close()
    except Unreadable as error:
        raise NoAnswer("cohort.lab.bad_snapshot", reason=error) from None
    if frozen is None or frozen.assignment != assignment:
        raise NoAnswer("cohort.lab.odd_answer")


def _silent(error: Exception) -> NoAnswer:
    return NoAnswer("cohort.lab.silent", reason=type(error).__name__)

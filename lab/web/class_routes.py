"""What an instructor's tools ask a student's lab: how far the student is, and the work that counts.

All only read, and stand behind whatever guards the lab's other routes. The work that counts is the
newest hand-in before the deadline, or else the newest one. Of a student who has handed nothing in it is
what `genai-lab hand-in` would freeze now, made in a nameless temporary file: a killed process leaves
nothing behind. One is made at a time.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import IO, TYPE_CHECKING

from pydantic import AwareDatetime

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import Language, preferred_language
from exercises.loader import find_assignment
from grading.submission.files import Unreadable
from grading.submission.hand_in import HandInError, freeze, hand_in_that_counts, last_change
from lab.session.lab import Lab
from lab.web.class_told import Checklist, Progress, checklist_of, progress_of, small_picture
from manifests.answers import load_answers
from manifests.errors import AnswersError, PictureError
from manifests.store import Store

if TYPE_CHECKING:
    from fastapi import FastAPI

ATTEMPTS = 3  # a picture may be moved to the bin while the work is read
RETRY_SECONDS = 5
HANDED_IN = "Genai-Handed-In"  # the header that says of a hand-in when it was made
_CHUNK = 2**20


def add_class_routes(app: "FastAPI", lab: Lab) -> None:
    """Add `class/progress`, `checklist`, `picture`, `snapshot`: for `?assignment=ID`, else the lab's own."""
    from fastapi import HTTPException, Response
    from fastapi.responses import StreamingResponse

    making = threading.Lock()

    def wanted(assignment: str | None) -> Assignment:
        try:
            return find_assignment(assignment) if assignment else lab.assignment
        except UserError:
            raise HTTPException(404, "there is no such assignment") from None

    @app.get(f"{lab.settings.prefix}/class/progress")
    def progress(assignment: str | None = None) -> Progress:
        return progress_of(lab, wanted(assignment))

    @app.get(f"{lab.settings.prefix}/class/checklist")
    def checklist(assignment: str | None = None, language: Language = "en") -> Checklist:
        return checklist_of(lab, wanted(assignment), language)

    @app.get(f"{lab.settings.prefix}/class/picture", response_class=Response)
    def picture(stem: str, assignment: str | None = None) -> Response:
        """One of the checklist's pictures as a small JPEG."""
        record = lab.on(wanted(assignment)).store().find(stem)
        try:
            if record is not None:
                return Response(small_picture(record), media_type="image/jpeg")
        except (OSError, PictureError):
            pass
        raise HTTPException(404, "there is no such picture")

    @app.get(f"{lab.settings.prefix}/class/snapshot", response_class=StreamingResponse)
    def snapshot(assignment: str | None = None, due: AwareDatetime | None = None) -> Response:
        """The zip that counts for a deadline. 204: nothing yet.

        `Last-Modified` says when the work in the folder was last changed; a hand-in also has `HANDED_IN`.
        """
        chosen = wanted(assignment)
        if not making.acquire(blocking=False):
            raise HTTPException(503, "another is being made", {"Retry-After": str(RETRY_SECONDS)})
        try:
            file, headers = _handed_in(lab, chosen, due) or _frozen(lab, chosen)
        except HandInError:
            return Response(status_code=204)
        finally:
            making.release()
        return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _handed_in(
    lab: Lab, assignment: Assignment, due: datetime | None
) -> tuple[IO[bytes], dict[str, str]] | None:
    """The hand-in that counts, as an open file, and the headers it goes with; None if there is none."""
    store = Store(lab.work, assignment.id, lab.student)
    chosen = hand_in_that_counts(assignment, store, due)
    if chosen is None:
        return None
    path, time = chosen
    file = path.open("rb")
    headers = {"Content-Length": str(os.fstat(file.fileno()).st_size), HANDED_IN: _http_date(time)}
    with suppress(HandInError, Unreadable, OSError):  # a folder that was emptied since has no last change
        headers["Last-Modified"] = _http_date(last_change(assignment, store))
    return file, headers


def _http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _frozen(lab: Lab, assignment: Assignment) -> tuple[IO[bytes], dict[str, str]]:
    """The zip in an open file, at its beginning, and the headers it goes with."""
    store = Store(lab.work, assignment.id, lab.student)
    for attempt in range(ATTEMPTS):
        file = tempfile.TemporaryFile(dir=lab.cache)  # noqa: SIM115 - closed when it was sent
        try:
            newest = freeze(file, assignment, store, _language(store))
        except BaseException as error:
            file.close()
            if isinstance(error, Unreadable | OSError) and attempt + 1 < ATTEMPTS:
                continue
            raise
        break
    size = file.tell()
    file.seek(0)
    return file, {"Content-Length": str(size), "Last-Modified": _http_date(newest)}


def _language(store: Store) -> Language:
    try:
        return load_answers(store.folder).language or preferred_language()
    except AnswersError:
        return preferred_language()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk

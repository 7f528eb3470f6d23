"""What an instructor's tools ask a student's lab: how far the student is, and a snapshot of the work.

Both only read, and stand behind whatever guards the lab's other routes. A snapshot is what
`genai-lab hand-in` freezes, made in a nameless temporary file: the student's own hand-ins stay as
they are, and a killed process leaves nothing behind. One is made at a time.
"""

import tempfile
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from typing import IO, TYPE_CHECKING

from pydantic import BaseModel

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import Language, preferred_language
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.files import Unreadable
from grading.submission.hand_in import HandInError, freeze
from grading.submission.reading import closing, open_work
from lab.session.lab import Lab
from manifests.answers import load_answers
from manifests.errors import AnswersError
from manifests.store import Store

if TYPE_CHECKING:
    from fastapi import FastAPI

ATTEMPTS = 3  # a picture may be moved to the bin while the work is read
RETRY_SECONDS = 5
_CHUNK = 2**20


class Progress(BaseModel):
    """`GET <prefix>/class/progress`."""

    assignment: str
    points: float
    maximum: float
    pictures: int  # recorded ones, those in the bin left out
    running: int  # generations under way now


def add_class_routes(app: "FastAPI", lab: Lab) -> None:
    """Add `class/progress` and `class/snapshot`, each for `?assignment=ID`, else for the lab's own."""
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

    @app.get(f"{lab.settings.prefix}/class/snapshot", response_class=StreamingResponse)
    def snapshot(assignment: str | None = None) -> Response:
        """The zip, with `Last-Modified`: when the newest of what it holds was written. 204: nothing yet."""
        chosen = wanted(assignment)
        if not making.acquire(blocking=False):
            raise HTTPException(503, "another is being made", {"Retry-After": str(RETRY_SECONDS)})
        try:
            file, headers = _frozen(lab, chosen)
        except HandInError:
            return Response(status_code=204)
        finally:
            making.release()
        return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def progress_of(lab: Lab, assignment: Assignment) -> Progress:
    """Points by the same checks as the student's own list and the grade."""
    with closing(open_work(lab.work, assignment.id, lab.student)) as submission:
        checks = check_submission(assignment, submission, "en")
        pictures = len(submission.kept)
    return Progress(
        assignment=assignment.id,
        points=round(sum(check.points for check in checks), 2),
        maximum=assignment.points,
        pictures=pictures,
        running=lab.runs.under_way(),
    )


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
    return file, {"Content-Length": str(size), "Last-Modified": format_datetime(newest, usegmt=True)}


def _language(store: Store) -> Language:
    try:
        return load_answers(store.folder).language or preferred_language()
    except AnswersError:
        return preferred_language()


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk

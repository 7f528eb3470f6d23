"""The submissions that are open at the desk: read when they are looked at, a few kept for the next look.

Rule: as in grading, nothing in them is trusted; a picture leaves only decoded and written anew.
"""

import io
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from cachetools import TTLCache
from PIL import Image

from exercises.assignment import Assignment
from exercises.i18n import translator
from grading.checks import KINDS
from grading.class_.grade import confirmed_names
from grading.desk.seats import Seat, is_asked
from grading.submission.files import Unreadable
from grading.submission.reading import Submission, closing, open_submission
from manifests.errors import PictureError
from manifests.pictures import open_picture

KEPT, KEPT_SECONDS = 8, 60.0
LARGEST = 1600  # pixels of a side, as it is shown
MAX_ANSWER = 20_000  # characters


class Works:
    """Opens submissions by their seats. Thread-safe."""

    def __init__(self) -> None:
        self._open: TTLCache[str, tuple[Submission, threading.Lock]] = TTLCache(KEPT, KEPT_SECONDS)
        self._answers: dict[str, tuple[int, dict[str, str]]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, seat: Seat, assignment: Assignment) -> Iterator[Submission]:
        """A submission, for one reader at a time. Raises Unreadable."""
        with self._lock:
            found = self._open.get(seat.key)
            if found is None:
                found = self._open[seat.key] = _opened(seat, assignment), threading.Lock()
        submission, lock = found
        with lock:
            yield submission

    def answer(self, seat: Seat, assignment: Assignment, check: str) -> str:
        """What a student wrote for a check, bounded; read once for all checks, while the submission is as it
        was."""
        changed = _changed(seat)
        kept = self._answers.get(seat.key)
        if kept is None or kept[0] != changed or check not in kept[1]:
            kept = self._answers[seat.key] = changed, self._read_answers(seat, assignment)
        return kept[1].get(check, "")

    def prepare(self, seats: Iterable[Seat], assignment: Assignment, closed: threading.Event) -> None:
        """Read everybody's answers, so that like ones are found at once when they are asked for."""
        for seat in seats:
            if closed.wait(0.005):  # the pages go before
                return
            for check in [check.id for check in seat.grade.checks if is_asked(check)][:1]:
                self.answer(seat, assignment, check)

    def _read_answers(self, seat: Seat, assignment: Assignment) -> dict[str, str]:
        asked = [check.id for check in seat.grade.checks if is_asked(check)]
        try:
            with closing(_opened(seat, assignment)) as submission:
                return {check: _answer(assignment, submission, check)[:MAX_ANSWER] for check in asked}
        except Unreadable:
            return {}


def _opened(seat: Seat, assignment: Assignment) -> Submission:
    marks = {check: decision.mark for check, decision in seat.decisions.items()}
    name, also = seat.entry.name, confirmed_names(marks)
    return open_submission(seat.entry.real_path, assignment.id, name=name, also=also)


def _changed(seat: Seat) -> int:
    try:
        return seat.entry.real_path.stat().st_mtime_ns
    except OSError:
        return 0


def _answer(assignment: Assignment, submission: Submission, check: str) -> str:
    name, part, _ = check.split("/", 2)
    exercise = assignment.exercise(name)
    if exercise is None:
        return ""
    kind = KINDS[exercise.kind]
    if kind.answer is not None:
        return kind.answer(exercise, submission, part)
    texts = kind.texts(exercise, submission, translator("grading", "en"))
    return "\n".join(text.body for text in texts)


def picture(submission: Submission, sha256: str) -> bytes | None:
    """A picture, source or mask of the submission as PNG, by the hash in its manifest; None where there is
    none that can be shown."""
    data = _bytes(submission, sha256)
    if data is None:
        return None
    try:
        image = open_picture(data)
    except PictureError:
        return None
    image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    image.save(written, "PNG", compress_level=1)
    return written.getvalue()


def _bytes(submission: Submission, sha256: str) -> bytes | None:
    for recorded in submission.records:
        request = recorded.manifest.request
        try:
            if recorded.manifest.image.sha256 == sha256:
                return submission.image(recorded)
            for kept in (request.source, request.mask):
                if kept is not None and kept.sha256 == sha256:
                    return submission.source(kept)
        except Unreadable:
            continue
    return None

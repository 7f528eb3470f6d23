"""Looking things up in a student's notebook, for the kinds that are done with models behind an API."""

from typing import TypeVar

from grading.submission.reading import Submission
from manifests.analysis import Analysis, Note, Seen

MAX_ENTRIES = 20  # of one sort in the report

Said = TypeVar("Said")


def is_own(submission: Submission, image: Seen) -> bool:
    """Whether it is one of the student's kept pictures, by its file."""
    return any(
        (r.stem, r.manifest.image.sha256) == (image.stem, image.sha256)
        for r in submission.own
        if image.assignment == submission.assignment
    )


def analysis(submission: Submission, number: int | None) -> Analysis | None:
    """The analysis of that number in the student's notebook."""
    return next((e for e in submission.notebook if isinstance(e, Analysis) and e.sequence == number), None)


def notes(submission: Submission, kind: type[Said]) -> list[Said]:
    """What the student wrote of one sort, oldest first."""
    return [e.said for e in submission.notebook if isinstance(e, Note) and isinstance(e.said, kind)]

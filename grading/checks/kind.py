"""What a kind of exercise brings to the grade: its rules, and what the report shows of it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exercises.i18n import Translator
from grading.checks.verdict import RuleResult
from grading.results import Regeneration
from grading.submission.pictures import PictureFacts, Undecodable
from grading.submission.reading import Recorded, Submission
from grading.wording import Message


@dataclass(frozen=True)
class Evidence:
    """What the rules look at: the submission, what regenerating its pictures gave, what was to be drawn."""

    submission: Submission
    regenerations: Mapping[str, Regeneration]  # by the picture's stem
    prompts: Collection[str]  # of the assignment and of the student: no words of theirs about the pictures
    newest: Mapping[tuple[str, str], Recorded]  # by exercise and run; one that counts before any other

    @classmethod
    def of(
        cls, submission: Submission, regenerations: Iterable[Regeneration], prompts: Iterable[str] = ()
    ) -> "Evidence":
        counting = {id(r) for r in submission.own}
        by_attempt = sorted(
            submission.kept,
            key=lambda r: (
                id(r) in counting,
                submission.has_picture(r),
                not submission.is_doubtful(r),
                r.manifest.attempt,
            ),
        )
        newest = {(r.manifest.exercise, r.manifest.run): r for r in by_attempt}
        used = {r.manifest.request.prompt for r in submission.own}
        return cls(submission, {r.stem: r for r in regenerations}, used.union(prompts), newest)


@dataclass(frozen=True)
class ReportPicture:
    """A picture for the report; where `facts` are none of a picture, the report shows a gap."""

    caption: str
    alt: str
    facts: PictureFacts | Undecodable | Message | None


@dataclass(frozen=True)
class ReportText:
    """What the student wrote, as it was written, below a heading; `code` is set in one width."""

    title: str
    body: str
    code: bool = False


def nothing(*_: Any) -> list[Any]:
    """For kinds of which the report shows no pictures, or no texts."""
    return []


@dataclass(frozen=True)
class KindChecks:
    """A kind's part of the grade; the functions get the exercise first.

    `answer` says what was written for one part of the exercise (the middle of a check's id), where a kind
    has several answers; where it is None, all texts are one answer.
    """

    check: Callable[[Any, Evidence], list[RuleResult]]
    pictures: Callable[[Any, Submission, Translator], list[ReportPicture]] = nothing
    texts: Callable[[Any, Submission, Translator], list[ReportText]] = nothing
    answer: Callable[[Any, Submission, str], str] | None = None

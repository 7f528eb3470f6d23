"""Kind `recognise`: each picture judged, each with what gave it away, and a conclusion in words.

Being right earns nothing: what counts is to have looked, and to know afterwards how far one's own eye goes.
So the figures are shown, to the student and in the report, and no rule reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import fsum

from exercises.i18n import Translator, number
from exercises.kinds import Recognise
from exercises.kinds.recognise import ORIGINS, SURE_LEAST, SURE_MOST, Mixed, Origin
from grading.checks.alt_text_rules import count_words
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.text_rules import check_words, plain
from grading.checks.verdict import Rule, RuleResult, Verdict, in_order, not_yet, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message, shown
from manifests.answers import ExerciseAnswer

GROUPS = ((50, 65), (66, 85), (86, 100))  # of how sure one was, in percent


@dataclass(frozen=True)
class Judged:
    """What was said of one picture."""

    picture: Mixed
    origin: Origin
    sure: int
    why: str

    @property
    def right(self) -> bool:
        return self.origin == self.picture.origin


@dataclass(frozen=True)
class Share:
    """Of so many judgements how many were right, and how sure one was of them in the mean, from 0 to 1."""

    count: int
    right: int
    sure: float

    @classmethod
    def of(cls, judged: list[Judged]) -> "Share":
        mean = fsum(each.sure for each in judged) / len(judged) / 100 if judged else 0.0
        return cls(len(judged), sum(each.right for each in judged), mean)


@dataclass(frozen=True)
class Figures:
    """`brier`: the mean square of how sure one was less whether one was right; 0 is best, 0.25 a coin’s."""

    together: Share
    by_origin: Mapping[Origin, Share]
    by_sure: tuple[tuple[int, int, Share], ...]
    brier: float


def judged_of(exercise: Recognise, answer: ExerciseAnswer) -> list[Judged]:
    """What is said of the exercise's pictures, as far as it is a judgement."""
    found = []
    for picture in exercise.pictures:
        step = answer.steps.get(picture.stem)
        origin, sure = (step.scores.get("origin"), step.scores.get("sure")) if step else (None, None)
        is_sure = isinstance(sure, int) and not isinstance(sure, bool) and SURE_LEAST <= sure <= SURE_MOST
        known = next((each for each in ORIGINS if each == origin), None)
        if step and known and is_sure:
            assert isinstance(sure, int)  # noqa: S101 - seen above
            found.append(Judged(picture, known, sure, step.why))
    return found


def figures_of(judged: list[Judged]) -> Figures:
    """How often one was right, and whether one was as sure as one was right."""
    groups = [(low, high, [each for each in judged if low <= each.sure <= high]) for low, high in GROUPS]
    squares = [(each.sure / 100 - each.right) ** 2 for each in judged]
    return Figures(
        Share.of(judged),
        {origin: Share.of([each for each in judged if each.picture.origin == origin]) for origin in ORIGINS},
        tuple((low, high, Share.of(group)) for low, high, group in groups if group),
        fsum(squares) / len(squares) if squares else 0.0,
    )


def check_recognise(exercise: Recognise, evidence: Evidence) -> list[RuleResult]:
    """All judged, all with a reason; the conclusion is for a person."""
    answer = evidence.submission.said(exercise.id)
    judged = judged_of(exercise, answer)
    none = message("recognise.no_words")
    rules: list[Rule] = [
        ("judged", partial(_judged, exercise, judged)),
        ("gave_away", partial(_reasons, exercise, judged)),
    ]
    words: list[Rule] = [
        ("about_it", lambda: check_words(answer.text, exercise.words_minimum, evidence.prompts, none))
    ]
    return [*in_order("pictures", rules), *in_order("words", words)]


def _judged(exercise: Recognise, judged: list[Judged]) -> Verdict:
    if not judged:
        return not_yet(message("recognise.none"))
    if len(judged) < exercise.asked:
        return wrong(message("recognise.few"), str(exercise.asked), str(len(judged)))
    return ok()


def _reasons(exercise: Recognise, judged: list[Judged]) -> Verdict:
    """Each says what gave it away, and not all of them the same."""
    given = [plain(each.why) for each in judged if count_words(each.why) >= exercise.why_words]
    if len(given) < exercise.asked:
        return wrong(message("recognise.no_reason"), str(exercise.asked), str(len(given)))
    if len(set(given)) <= len(given) // 2:
        return wrong(message("recognise.same_reasons"))
    return ok()


def _texts(exercise: Recognise, submission: Submission, t: Translator) -> list[ReportText]:
    """The figures, what was said of each picture, and the conclusion."""
    answer = submission.said(exercise.id)
    judged = judged_of(exercise, answer)
    figures = figures_of(judged)
    lines = [
        t("report.recognise_brier", brier=number(round(figures.brier, 2), t.language)),
        *(
            t(f"report.recognise_{origin}", right=share.right, count=share.count)
            for origin, share in figures.by_origin.items()
        ),
        *(
            f"{'✓' if each.right else '✗'} {each.picture.stem}: "
            + t(f"report.origin_{each.origin}")
            + f", {each.sure} %. {shown(each.why, 300)}"
            for each in judged
        ),
    ]
    return [
        ReportText(t("report.recognised"), "\n".join(lines) if judged else ""),
        ReportText(t("report.about_it"), answer.text),
    ]


KIND = KindChecks(check_recognise, texts=_texts)

"""What the report shows of the notebook: answers asked for, corrections, alternative texts, the comparison.

Only texts and pictures of the student's own records; the report escapes all of it.
"""

from dataclasses import dataclass

from exercises.assignment import AltTexts, Analyse, Compare, Correct, Exercise
from exercises.i18n import Translator
from grading.checks.alt_texts import newest
from grading.checks.analyses import analysis, is_own
from grading.checks.comparison import conclusion, newest_comparison
from grading.submission.reading import Recorded, Submission
from grading.wording import shown
from manifests.analysis import AltText, Analysis, Correction, Note

MAX_ANSWERS = 20


@dataclass(frozen=True)
class Said:
    """A heading and what stands under it."""

    title: str
    body: str


def said(exercise: Exercise, submission: Submission, t: Translator) -> list[Said]:
    """The texts of an exercise that are kept in the notebook."""
    match exercise:
        case Analyse():
            return _answers(exercise, submission, t)
        case Correct():
            return _corrections(submission, t)
        case AltTexts():
            texts = [newest(submission, purpose) for purpose in exercise.purposes]
            return [_alt_text(text, t) for text in texts if text is not None]
        case Compare():
            found = conclusion(submission)
            title = t("report.conclusion")
            if found is None:
                return [Said(title, "")]
            return [Said(title, f"{t('report.chosen', stem=found.chosen)}\n{found.reason}")]
    return []


def described(exercise: AltTexts, submission: Submission) -> list[tuple[AltText, Recorded]]:
    """The alternative texts that are of a recorded picture, with that picture."""
    found = []
    for purpose in exercise.purposes:
        text = newest(submission, purpose)
        if text is not None and is_own(submission, text.image):
            found.append((text, next(r for r in submission.own if r.stem == text.image.stem)))
    return found


def compared(exercise: Compare, submission: Submission) -> list[Recorded]:
    """The pictures of the prompt compared last."""
    return newest_comparison(submission, exercise.id)


def maker(recorded: Recorded) -> str:
    """Model, provider, time and cost of a picture in one line."""
    manifest = recorded.manifest
    cost = "" if manifest.cost is None else f", {_cost(manifest.cost.amount, manifest.cost.currency)}"
    return shown(f"{manifest.model.id} ({manifest.model.repository}), {manifest.seconds:.1f} s{cost}")


def _cost(amount: float | None, currency: str) -> str:
    return f"? {currency}" if amount is None else f"{amount:g} {currency}"


def _answers(exercise: Analyse, submission: Submission, t: Translator) -> list[Said]:
    """The newest answers, oldest first."""
    answers = [e for e in submission.notebook if isinstance(e, Analysis) and e.asked.task in exercise.tasks]
    return [
        Said(
            t(
                "report.asked_about",
                model=shown(answer.model),
                provider=shown(answer.provider),
                task=t(f"task.{answer.asked.task}"),
                text=", ".join(image.stem for image in answer.asked.images),
            ),
            "\n".join(answer.answered.statements()),
        )
        for answer in answers[-MAX_ANSWERS:]
    ]


def _corrections(submission: Submission, t: Translator) -> list[Said]:
    found = [e.said for e in submission.notebook if isinstance(e, Note) and isinstance(e.said, Correction)]
    texts = []
    for each in found[-MAX_ANSWERS:]:
        about = analysis(submission, each.about)
        title = t("report.corrected") + (f" · {shown(about.model)}" if about else "")
        lines = [
            _line(t, "said", each.claim),
            _line(t, "in_truth", each.truth),
            _line(t, "how_noticed", each.noticed),
        ]
        texts.append(Said(title, "\n".join(lines)))
    return texts


def _alt_text(text: AltText, t: Translator) -> Said:
    lines = [_line(t, "use", text.use), text.alt or t("report.alt_decorative")]
    if text.long:
        lines.append(_line(t, "alt_long", text.long))
    return Said(t(f"purpose.{text.purpose}"), "\n".join(lines))


def _line(t: Translator, name: str, value: str) -> str:
    return t("report.line", name=t(f"report.{name}"), value=value)

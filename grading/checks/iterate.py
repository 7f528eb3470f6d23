"""Kind `iterate`: enough steps, only the prompts changed, the last one better than the first, all explained.

A step is a picture whose prompts differ from those of the picture before; of several with the same prompts
the last one counts. The scores are the student's own. What the judge found is shown, and no rule reads it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Protocol, TypeVar

from exercises.i18n import Translator
from exercises.kinds import Iterate
from exercises.kinds.base import Run
from exercises.kinds.iterate import ITERATION_RUN
from grading.checks.evaluation import is_score, whole_number
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import changed_parameters, named_picture, same_model
from grading.checks.text_rules import empty_words, too_short
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import message, shown
from manifests.answers import ExerciseAnswer, StepAnswer
from manifests.manifest import Manifest

MAX_STEPS = 30  # that are looked at, and shown in the report


class HasManifest(Protocol):
    """A picture of the store, or of a submission."""

    @property
    def manifest(self) -> Manifest: ...


Picture = TypeVar("Picture", bound=HasManifest)


def check_iterate(exercise: Iterate, evidence: Evidence) -> list[RuleResult]:
    """Five rules; what a person has to read comes last."""
    submission = evidence.submission
    steps, said = _steps(exercise, submission), submission.said(exercise.id)
    rules: list[Rule] = [
        ("steps", partial(_enough, exercise, evidence, steps)),
        ("only_prompts", partial(_only_prompts, exercise, steps)),
        ("scored", partial(_scored, exercise, steps, said)),
        ("better", partial(_better, exercise, steps, said)),
        ("why_steps", partial(_why, exercise, evidence, steps, said)),
    ]
    return in_order("steps", rules)


def steps_of(pictures: Sequence[Picture]) -> list[Picture]:
    """The steps among pictures in the order they were made: the same for page and grade."""
    steps: list[Picture] = []
    for picture in pictures:
        if steps and _prompts(steps[-1]) == _prompts(picture):
            steps.pop()
        steps.append(picture)
    return steps


def total_of(exercise: Iterate, step: StepAnswer | None) -> int | None:
    """The sum of a step's scores; None while one of them is missing or is none."""
    scores = [step.scores.get(criterion.id) if step else None for criterion in exercise.criteria]
    return sum(whole_number(s) or 0 for s in scores) if all(is_score(s) for s in scores) else None


def _steps(exercise: Iterate, submission: Submission) -> list[Recorded]:
    return steps_of(submission.attempts(exercise.id, ITERATION_RUN))[-MAX_STEPS:]


def _prompts(picture: HasManifest) -> tuple[str, str]:
    request = picture.manifest.request
    return request.prompt.strip(), str(getattr(request, "negative_prompt", "")).strip()


def _enough(exercise: Iterate, evidence: Evidence, steps: list[Recorded]) -> Verdict:
    verdicts = [check_free_picture(evidence, step) for step in steps]
    good = sum(verdict.passed is True for verdict in verdicts)
    if good >= exercise.minimum:
        return ok()
    asked, found = str(exercise.minimum), str(good)
    why = tuple(v.message for v in verdicts if v.passed is not True and v.message)
    if sum(v.passed is not False for v in verdicts) >= exercise.minimum:
        return for_a_person(message("unproven.several", why=why))
    if why:
        return wrong(message("iterate.broken", why=why), asked, found)
    return not_yet(message("iterate.too_few"), asked, found)


def _only_prompts(exercise: Iterate, steps: list[Recorded]) -> Verdict:
    """What was planned is as planned in each step, so that nothing but the words made the difference."""
    for step in steps:
        words = {"prompt": step.manifest.request.prompt}
        words["negative_prompt"] = getattr(step.manifest.request, "negative_prompt", "")
        run = Run(id=ITERATION_RUN, parameters=exercise.start.model_copy(update=words))
        if changed := changed_parameters(run, step):
            return wrong(message("iterate.changed", file=step.file, names=", ".join(changed)))
        if not same_model(step.manifest.model, steps[0].manifest.model):
            return wrong(message("iterate.model", file=step.file))
    return ok()


def _scored(exercise: Iterate, steps: list[Recorded], said: ExerciseAnswer) -> Verdict:
    unscored = tuple(
        step.stem for step in (steps[0], steps[-1]) if total_of(exercise, said.steps.get(step.stem)) is None
    )
    return not_yet(message("iterate.unscored", files=unscored)) if unscored else ok()


def _better(exercise: Iterate, steps: list[Recorded], said: ExerciseAnswer) -> Verdict:
    first, last = (total_of(exercise, said.steps.get(step.stem)) or 0 for step in (steps[0], steps[-1]))
    return ok() if last > first else wrong(message("iterate.no_better"), f"> {first}", str(last))


def _why(exercise: Iterate, evidence: Evidence, steps: list[Recorded], said: ExerciseAnswer) -> Verdict:
    """Every step but the first says what was changed, and why."""
    silent: list[str] = []
    for step in steps[1:]:
        why = said.steps.get(step.stem, StepAnswer()).why
        if not why.strip():
            silent.append(step.stem)
        elif fault := too_short(why, exercise.words_minimum) or empty_words(why, 2, evidence.prompts):
            return wrong(message("iterate.bad_why", file=step.stem, why=fault))
    if silent:
        return not_yet(message("iterate.no_why", files=tuple(silent)))
    return for_a_person(message("judge.words"))


def _caption(exercise: Iterate, number: int, step: Recorded, said: ExerciseAnswer, t: Translator) -> str:
    """The step's number, its total, and what the judge found."""
    total, opinion = total_of(exercise, said.steps.get(step.stem)), step.manifest.adherence
    parts = [t("report.step", number=number), t("report.total", total="–" if total is None else total)]
    if opinion:
        parts.append(t("report.judge", found=opinion.found, count=len(opinion.parts)))
    return " · ".join(parts)


def _pictures(exercise: Iterate, submission: Submission, t: Translator) -> list[ReportPicture]:
    said = submission.said(exercise.id)
    return [
        named_picture(_caption(exercise, number, step, said, t), step, submission, t)
        for number, step in enumerate(_steps(exercise, submission), 1)
    ]


def _texts(exercise: Iterate, submission: Submission, t: Translator) -> list[ReportText]:
    """For each step its prompt, the scores, and what was changed."""
    said = submission.said(exercise.id)
    return [
        ReportText(
            _caption(exercise, number, step, said, t),
            "\n".join(
                [
                    t("report.line", name=t("report.prompt"), value=step.manifest.request.prompt),
                    _scores(exercise, said.steps.get(step.stem, StepAnswer()), t),
                    said.steps.get(step.stem, StepAnswer()).why,
                ]
            ),
        )
        for number, step in enumerate(_steps(exercise, submission), 1)
    ]


def _scores(exercise: Iterate, step: StepAnswer, t: Translator) -> str:
    return " · ".join(
        t("report.score", criterion=c.title(t.language), score=shown(step.scores.get(c.id, "–")))
        for c in exercise.criteria
    )


KIND = KindChecks(check_iterate, pictures=_pictures, texts=_texts)

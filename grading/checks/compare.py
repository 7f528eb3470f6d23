"""Kind `compare`: one prompt, several models, and reasons for one of the pictures."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Protocol, TypeVar

from exercises.i18n import Translator
from exercises.kinds import Compare
from exercises.kinds.compare import COMPARISON_RUN
from grading.checks.alt_text_rules import count_words
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.notebook_rules import notes
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import named_picture
from grading.checks.text_rules import empty_words, reasons
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message, shown
from manifests.analysis import Conclusion
from manifests.manifest import Manifest

MAX_PICTURES = 12  # in the report


class HasManifest(Protocol):
    """A picture of the store, or of a submission."""

    @property
    def manifest(self) -> Manifest: ...


Picture = TypeVar("Picture", bound=HasManifest)


def check_comparison(exercise: Compare, evidence: Evidence) -> list[RuleResult]:
    """The pictures, what is concluded from them, and one rule for each point the reasons must touch."""
    submission = evidence.submission
    compared = newest_comparison(submission.own, exercise.id)
    concluded = conclusion(submission)
    rules: list[Rule] = [
        ("models", partial(_models, exercise, evidence, compared)),
        ("conclusion", partial(_concluded, exercise, compared, concluded, evidence.prompts)),
    ]
    reason = concluded.reason if concluded else ""
    none = message("compare.no_conclusion")
    return [
        *in_order("comparison", rules),
        *reasons(exercise.topics, reason, none, evidence.prompts),
    ]


def newest_comparison(pictures: Sequence[Picture], exercise: str) -> list[Picture]:
    """Those of the prompt that was compared last, oldest first: the ones that count, for page and grade."""
    compared = [p for p in pictures if (p.manifest.exercise, p.manifest.run) == (exercise, COMPARISON_RUN)]
    prompt = compared[-1].manifest.request.prompt if compared else None
    return [picture for picture in compared if picture.manifest.request.prompt == prompt]


def _models(exercise: Compare, evidence: Evidence, compared: list[Recorded]) -> Verdict:
    """How many models are in order; one model at two providers is two ways, each with its time and cost."""
    models: set[tuple[str, str]] = set()
    waiting: dict[tuple[str, str], Message] = {}
    broken: list[Message] = []
    for recorded in compared:
        verdict = check_free_picture(evidence, recorded)
        model = (recorded.manifest.model.repository, recorded.manifest.model.id)
        if verdict.passed:
            models.add(model)
        elif verdict.needs_person and verdict.message:
            waiting[model] = verdict.message
        elif verdict.message:
            broken.append(verdict.message)
    if len(models) >= exercise.models_minimum:
        return ok()
    if len(models | waiting.keys()) >= exercise.models_minimum:
        return for_a_person(message("unproven.several", why=tuple(waiting.values())))
    asked, found = str(exercise.models_minimum), str(len(models))
    if broken:
        return wrong(message("compare.broken", why=tuple(broken)), asked, found)
    return (wrong if models else not_yet)(message("compare.too_few"), asked, found)


def conclusion(submission: Submission) -> Conclusion | None:
    """The last one written."""
    written = notes(submission, Conclusion)
    return written[-1] if written else None


def _concluded(
    exercise: Compare, compared: list[Recorded], conclusion: Conclusion | None, prompts: Collection[str]
) -> Verdict:
    if conclusion is None:
        return not_yet(message("compare.no_conclusion"))
    stems = {recorded.stem for recorded in compared}
    if conclusion.chosen not in stems or not set(conclusion.pictures) <= stems:
        return wrong(message("compare.other_pictures"), ", ".join(sorted(stems)), conclusion.chosen)
    count = count_words(conclusion.reason)
    if count < exercise.words_minimum:
        return wrong(message("compare.short"), str(exercise.words_minimum), str(count))
    fault = empty_words(conclusion.reason, exercise.words_minimum // 2, prompts)
    return wrong(fault) if fault else for_a_person(message("judge.words"))


def _pictures(exercise: Compare, submission: Submission, t: Translator) -> list[ReportPicture]:
    compared = newest_comparison(submission.own, exercise.id)[-MAX_PICTURES:]
    return [named_picture(_maker(recorded), recorded, submission, t) for recorded in compared]


def _texts(exercise: Compare, submission: Submission, t: Translator) -> list[ReportText]:
    found, title = conclusion(submission), t("report.conclusion")
    body = f"{t('report.chosen', stem=found.chosen)}\n{found.reason}" if found else ""
    return [ReportText(title, body)]


def _maker(recorded: Recorded) -> str:
    """Model, provider, time and cost of a picture in one line."""
    manifest = recorded.manifest
    cost = "" if manifest.cost is None else f", {_cost(manifest.cost.amount, manifest.cost.currency)}"
    return shown(f"{manifest.model.id} ({manifest.model.repository}), {manifest.seconds:.1f} s{cost}")


def _cost(amount: float | None, currency: str) -> str:
    return f"? {currency}" if amount is None else f"{amount:g} {currency}"


KIND = KindChecks(check_comparison, pictures=_pictures, texts=_texts)

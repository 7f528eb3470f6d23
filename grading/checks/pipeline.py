"""Kind `pipeline`: rounds with their pictures, each looked at by a model, and reasons for the best of them.

That what a model found grew from round to round is not asked: that it need not is a part of the lesson.
"""

from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Pipeline
from exercises.kinds.pipeline import ROUND_RUN
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.picture_rule import check_free_picture
from grading.checks.runs import named_picture
from grading.checks.text_rules import check_words
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import message
from manifests.analysis import Analysis

MAX_ROUNDS = 30  # that are looked at, and shown in the report


def check_pipeline(exercise: Pipeline, evidence: Evidence) -> list[RuleResult]:
    """Four rules; what a person has to read comes last."""
    submission = evidence.submission
    rounds, said = _rounds(exercise, submission), submission.said(exercise.id)
    answers = _answers(submission)
    made: list[Rule] = [
        ("rounds", partial(_enough, exercise, evidence, rounds, answers)),
        ("looked_at", partial(_looked_at, rounds, answers)),
    ]
    none = message("own.no_why")
    best: list[Rule] = [
        ("best", partial(_best, rounds, said.chosen)),
        ("why", lambda: check_words(said.text, exercise.words_minimum, evidence.prompts, none)),
    ]
    return [*in_order("rounds", made), *in_order("best", best)]


def said_lists(answer: Analysis | None, name: str) -> list[str]:
    """A list of an answer's; whatever an answer holds in its place is none."""
    value = (answer.answered.data or {}).get(name) if answer else None
    return [str(each) for each in value] if isinstance(value, list) else []


def found_share(answer: Analysis | None) -> float | None:
    """How much of what was looked for is in the picture; None where nothing was. For page and grade."""
    found, looked = found_of(answer)
    return found / looked if looked else None


def found_of(answer: Analysis | None) -> tuple[int, int]:
    """How many things were found, and how many looked for."""
    found, missing, unsure = (len(said_lists(answer, name)) for name in ("present", "missing", "unsure"))
    return found, found + missing + unsure


def _rounds(exercise: Pipeline, submission: Submission) -> list[Recorded]:
    return submission.attempts(exercise.id, ROUND_RUN)[-MAX_ROUNDS:]


def _answers(submission: Submission) -> dict[str, Analysis]:
    """The newest answer about each picture, by the hash of its file."""
    return {
        seen.sha256: entry
        for entry in submission.notebook
        if isinstance(entry, Analysis) and entry.asked.task == "improve"
        for seen in entry.asked.images
    }


def _enough(
    exercise: Pipeline, evidence: Evidence, rounds: list[Recorded], answers: dict[str, Analysis]
) -> Verdict:
    """Two rounds at least, or one that was good enough at once."""
    verdicts = [check_free_picture(evidence, each) for each in rounds]
    shares = [found_share(answers.get(each.manifest.image.sha256)) for each in rounds]
    asked = 1 if any(share is not None and share >= exercise.good_enough for share in shares) else 2
    good = sum(verdict.passed is True for verdict in verdicts)
    if good >= asked:
        return ok()
    why = tuple(v.message for v in verdicts if v.passed is not True and v.message)
    if sum(v.passed is not False for v in verdicts) >= asked:
        return for_a_person(message("unproven.several", why=why))
    if why:
        return wrong(message("pipeline.broken", why=why), str(asked), str(good))
    return not_yet(message("pipeline.too_few"), str(asked), str(good))


def _looked_at(rounds: list[Recorded], answers: dict[str, Analysis]) -> Verdict:
    silent = tuple(each.stem for each in rounds if each.manifest.image.sha256 not in answers)
    return not_yet(message("pipeline.not_looked_at", files=silent)) if silent else ok()


def _best(rounds: list[Recorded], chosen: str | None) -> Verdict:
    stems = [each.stem for each in rounds]
    if not chosen:
        return not_yet(message("own.no_choice"))
    return ok() if chosen in stems else wrong(message("own.other_choice"), ", ".join(stems), chosen)


def _caption(number: int, each: Recorded, answers: dict[str, Analysis], t: Translator) -> str:
    answer = answers.get(each.manifest.image.sha256)
    parts = [t("report.round", number=number)]
    if answer:
        found, looked = found_of(answer)
        parts.append(t("report.round_found", found=found, count=looked, model=answer.model))
    return " · ".join(parts)


def _pictures(exercise: Pipeline, submission: Submission, t: Translator) -> list[ReportPicture]:
    answers = _answers(submission)
    return [
        named_picture(_caption(number, each, answers, t), each, submission, t)
        for number, each in enumerate(_rounds(exercise, submission), 1)
    ]


def _texts(exercise: Pipeline, submission: Submission, t: Translator) -> list[ReportText]:
    """The prompt of each round, then the student's reasons."""
    said = submission.said(exercise.id)
    prompts = [
        f"{number}. {each.manifest.request.prompt}"
        for number, each in enumerate(_rounds(exercise, submission), 1)
    ]
    return [
        ReportText(t("report.round_prompts"), "\n".join(prompts)),
        ReportText(t("report.why"), said.text),
    ]


KIND = KindChecks(check_pipeline, pictures=_pictures, texts=_texts)

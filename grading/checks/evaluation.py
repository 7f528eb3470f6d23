"""Kind `evaluation`, for each picture to judge: image, scores, total, reasons."""

import re
from collections.abc import Collection
from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Evaluation
from exercises.kinds.parts import Subject
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.text_rules import empty_words, plain, too_short, words_of
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Submission
from grading.wording import Message, message, shown
from manifests.answers import SubjectAnswer

SCORES = (0, 1, 2)


def check_evaluation(exercise: Evaluation, evidence: Evidence) -> list[RuleResult]:
    """Three rules for each subject, and a fourth where the student wrote a total."""
    submission = evidence.submission
    results: list[RuleResult] = []
    for subject in exercise.subjects:
        answers = submission.answers.evaluations if submission.answers else {}
        answer = answers.get(subject.id, SubjectAnswer())
        chosen: Rule = ("subject", partial(_subject, subject, answer, submission))
        scores: list[Rule] = [("scores", partial(_scores, exercise, answer))]
        if answer.total is not None:
            scores.append(("total", partial(_total, answer)))
        reasons: Rule = ("reasons", partial(_reasons, exercise, answer, evidence.prompts))
        results += in_order(subject.id, [chosen, *scores], subject=subject.title)
        results += in_order(subject.id, [chosen, reasons], subject=subject.title)[1:]
    return results


def is_score(value: object) -> bool:
    """0, 1 or 2, also where a program wrote 2.0 or "2": not true, not 1.5, not "two"."""
    return whole_number(value) in SCORES


def whole_number(value: object) -> int | None:
    """The whole number that is meant, or None where none is."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        written = re.fullmatch(r"\s*(-?\d{1,6})(?:[.,]0{1,6})?\s*", value, re.ASCII)
        return int(written[1]) if written else None
    return int(value) if isinstance(value, int | float) and value == int(value) else None


def _subject(subject: Subject, answer: SubjectAnswer, submission: Submission) -> Verdict:
    allowed = ", ".join(subject.one_of)
    if not answer.image:
        return not_yet(message("evaluation.no_image"), allowed, message("evaluation.none"))
    chosen = next((r for r in submission.own if r.stem == answer.image), None)
    if chosen is None:
        return wrong(message("evaluation.unknown_image"), allowed, answer.image)
    if chosen.manifest.run not in subject.one_of:
        return wrong(message("evaluation.other_run"), allowed, chosen.manifest.run)
    facts = submission.look_at_image(chosen)
    if isinstance(facts, PictureFacts):
        return ok()
    return wrong(facts if isinstance(facts, Message) else facts.reason)


def _scores(exercise: Evaluation, answer: SubjectAnswer) -> Verdict:
    expected = message("evaluation.integers", maximum=SCORES[-1])
    missing = tuple(c.title for c in exercise.criteria if answer.scores.get(c.id) is None)
    if missing:
        return not_yet(
            message("evaluation.scores_missing", criteria=missing), expected, message("evaluation.none")
        )
    bad = {c.id: answer.scores[c.id] for c in exercise.criteria if not is_score(answer.scores[c.id])}
    if bad:
        titles = tuple(c.title for c in exercise.criteria if c.id in bad)
        return wrong(
            message("evaluation.scores_bad", criteria=titles), expected, ", ".join(map(repr, bad.values()))
        )
    unknown = tuple(sorted(set(answer.scores) - {c.id for c in exercise.criteria}))
    return wrong(message("evaluation.scores_unknown", criteria=unknown)) if unknown else ok()


def _total(answer: SubjectAnswer) -> Verdict:
    total = sum(whole_number(score) or 0 for score in answer.scores.values())
    if whole_number(answer.total) == total:
        return ok()
    return wrong(message("evaluation.total"), str(total), repr(answer.total))


def _reasons(exercise: Evaluation, answer: SubjectAnswer, prompts: Collection[str]) -> Verdict:
    """Different reasons, each with a word in it; whether they are reasons is for a person."""
    reasons = {plain(r) for r in answer.reasons if any(len(word) > 2 for word in words_of(r))}
    if not exercise.reasons_minimum <= len(reasons) <= exercise.reasons_maximum:
        asked = f"{exercise.reasons_minimum}–{exercise.reasons_maximum}"
        judged = wrong if answer.reasons and any(answer.reasons) else not_yet
        return judged(message("evaluation.reasons"), asked, str(len(reasons)))
    short = filter(None, (too_short(reason, exercise.words_minimum) for reason in sorted(reasons)))
    fault = next(short, None) or empty_words("\n".join(reasons), len(reasons), prompts)
    return wrong(fault) if fault else for_a_person(message("judge.words"))


def _texts(exercise: Evaluation, submission: Submission, t: Translator) -> list[ReportText]:
    """For each subject the picture chosen, the scores and the reasons."""
    if submission.answers is None:
        return []
    texts = []
    for subject in exercise.subjects:
        title = subject.title(t.language)
        answer = submission.answers.evaluations.get(subject.id)
        if answer is None:
            texts.append(ReportText(title, ""))
            continue
        scores = [
            t("report.score", criterion=c.title(t.language), score=shown(answer.scores.get(c.id, "–")))
            for c in exercise.criteria
        ]
        reasons = [f"– {reason.strip()}" for reason in answer.reasons if reason.strip()]
        lines = [shown(answer.image or "–"), " · ".join(scores), *reasons]
        texts.append(ReportText(title, "\n".join(lines)))
    return texts


def _answer(exercise: Evaluation, submission: Submission, part: str) -> str:
    """The reasons given for one picture."""
    answers = submission.answers.evaluations if submission.answers else {}
    return "\n".join(answers.get(part, SubjectAnswer()).reasons)


KIND = KindChecks(check_evaluation, texts=_texts, answer=_answer)

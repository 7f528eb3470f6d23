"""Kind `quiz`: each question answered rightly, the sooner the better.

What is saved is what was chosen, try by try. Whether it is right is seen here from the manifests, or from the
graph that the question is about.
"""

from collections.abc import Mapping
from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Quiz
from exercises.kinds.quiz import Question
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.quiz_questions import Asked, ask, ask_by_itself
from grading.checks.verdict import RuleResult, Verdict, in_order, not_yet, ok, unknown, wrong
from grading.submission.reading import Submission
from grading.wording import message, shown
from manifests.answers import QuestionAnswer
from manifests.manifest import Manifest


def check_quiz(exercise: Quiz, evidence: Evidence) -> list[RuleResult]:
    """One rule for each question."""
    newest = newest_of(evidence.submission)
    results: list[RuleResult] = []
    for number, question in enumerate(exercise.questions, 1):
        rule = partial(_answered, exercise, question, evidence.submission, newest)
        results += in_order(question.id, [("answered", rule)], number=number)
    return results


def newest_of(submission: Submission) -> dict[str, Manifest]:
    """The newest picture of each run that counts and is there."""
    made = sorted(filter(submission.has_picture, submission.own), key=lambda r: r.manifest.attempt)
    return {recorded.manifest.run: recorded.manifest for recorded in made}


def asked_about(
    question: Question,
    answer: QuestionAnswer,
    by_stem: Mapping[str, Manifest],
    newest: Mapping[str, Manifest],
) -> Asked | None:
    """The question as it was asked when it was answered; None where what it was about is gone."""
    if question.by_itself:
        return ask_by_itself(question, answer.about)
    shown = [by_stem[stem] for stem in answer.pictures if stem in by_stem]
    return ask(question, shown, newest) if len(shown) == len(answer.pictures) else None


def right_try(answer: QuestionAnswer, asked: Asked, tries: int) -> int | None:
    """The number of the try that was right, from 1, or None where none of the first `tries` was."""
    return next((n for n, key in enumerate(answer.chosen[:tries], 1) if key in asked.right), None)


def _answered(
    exercise: Quiz, question: Question, submission: Submission, newest: Mapping[str, Manifest]
) -> Verdict:
    missing = [run for run in question.runs if run not in newest]
    if missing:
        return not_yet(message("quiz.make_first", runs=", ".join(missing)))
    answer = submission.said(exercise.id).questions.get(question.id)
    if answer is None or not answer.chosen:
        return not_yet(message("quiz.unanswered"))
    by_stem = {r.stem: r.manifest for r in submission.own}
    asked = asked_about(question, answer, by_stem, newest)
    if asked is None:
        if question.graph is not None:
            return unknown(message("quiz.other_graph", about=shown(answer.about, 130)))
        return unknown(message("quiz.other_pictures", files=tuple(answer.pictures)))
    tries = len(exercise.tries)
    number = right_try(answer, asked, tries)
    if number is not None:
        share = exercise.tries[number - 1]
        verdict = ok(message("quiz.right", number=number, percent=f"{100 * share:g}"))
        return Verdict(True, verdict.message, share=share)
    left = tries - len(answer.chosen)
    return wrong(message("quiz.again", left=left) if left > 0 else message("quiz.wrong"))


def _texts(exercise: Quiz, submission: Submission, t: Translator) -> list[ReportText]:
    """What was chosen, about which pictures, try by try."""
    texts = []
    for number, question in enumerate(exercise.questions, 1):
        answer = submission.said(exercise.id).questions.get(question.id, QuestionAnswer())
        chosen = " → ".join(answer.chosen) or "–"
        body = t("report.line", name=", ".join(answer.pictures) or answer.about or "–", value=chosen)
        texts.append(
            ReportText(t("report.question", number=number, ask=t(f"ask.{question.ask}")), shown(body, 500))
        )
    return texts


KIND = KindChecks(check_quiz, texts=_texts)

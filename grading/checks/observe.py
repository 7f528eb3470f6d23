"""Kind `observe`, for each question and each conclusion: there is a text of its own for every picture asked.

A program sees that something stands there; whether it is seen rightly is for a person.
"""

from collections.abc import Collection

from exercises.i18n import Translator
from exercises.kinds import Observe
from exercises.kinds.observe import Question
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.text_rules import empty_words, plain
from grading.checks.verdict import RuleResult, Verdict, for_a_person, not_yet, wrong
from grading.submission.reading import Submission
from grading.wording import Message, message
from manifests.answers import ObservationAnswers


def check_observe(exercise: Observe, evidence: Evidence) -> list[RuleResult]:
    """One rule for each question, over all pictures, and one for each conclusion."""
    answers = observations(exercise, evidence.submission)
    results = []
    for question in exercise.questions:
        texts = {run: answers.pictures.get(run, {}).get(question.id, "") for run in exercise.pictures}
        results.append(_result(question, texts, evidence.prompts))
    for question in exercise.conclusions:
        texts = {question.id: answers.conclusions.get(question.id, "")}
        results.append(_result(question, texts, evidence.prompts))
    return results


def observations(exercise: Observe, submission: Submission) -> ObservationAnswers:
    """What the student wrote for this exercise; empty where nothing is."""
    found = submission.answers.observations.get(exercise.id) if submission.answers else None
    return found or ObservationAnswers()


def _result(question: Question, texts: dict[str, str], prompts: Collection[str]) -> RuleResult:
    title = message("title.observed", question=question.title)
    verdict = _fault(question, texts, prompts) or _to_read(texts)
    return RuleResult(question.id, "observed", title, verdict)


def _fault(question: Question, texts: dict[str, str], prompts: Collection[str]) -> Verdict | None:
    """What is wrong with these texts or missing among them; None where a person has to read them."""
    faults: list[Message] = []
    for name, text in texts.items():
        if plain(text) and (fault := empty_words(text, question.words_minimum, prompts)):
            faults.append(message("observe.fault", name=name, fault=fault))
    if faults:
        return wrong(message("observe.faults", faults=tuple(faults)))
    missing = tuple(name for name, text in texts.items() if not plain(text))
    if not missing:
        return None
    if len(texts) == 1:
        return not_yet(message("observe.nothing"))
    found = str(len(texts) - len(missing))
    return not_yet(message("observe.missing", names=missing), str(len(texts)), found)


def _to_read(texts: dict[str, str]) -> Verdict:
    """Where the same words stand for several pictures, the person who reads them is told."""
    groups: dict[str, list[str]] = {}
    for name, text in texts.items():
        groups.setdefault(plain(text), []).append(name)
    same = tuple(", ".join(names) for names in groups.values() if len(names) > 1)
    return for_a_person(message("observe.same", names=same) if same else message("judge.words"))


def _texts(exercise: Observe, submission: Submission, t: Translator) -> list[ReportText]:
    """What stands beside each picture, then the conclusions."""
    answers = observations(exercise, submission)
    texts = []
    for run in exercise.pictures:
        written = answers.pictures.get(run, {})
        lines = [
            t("report.answered", question=question.title(t.language), text=written[question.id].strip())
            for question in exercise.questions
            if written.get(question.id, "").strip()
        ]
        texts.append(ReportText(run, "\n".join(lines)))
    for question in exercise.conclusions:
        texts.append(ReportText(question.title(t.language), answers.conclusions.get(question.id, "")))
    return texts


def _answer(exercise: Observe, submission: Submission, part: str) -> str:
    """A conclusion, or what was seen in all pictures."""
    answers = observations(exercise, submission)
    seen = [answers.pictures.get(run, {}).get(part, "").strip() for run in exercise.pictures]
    return answers.conclusions.get(part) or "\n".join(text for text in seen if text)


KIND = KindChecks(check_observe, texts=_texts, answer=_answer)

"""The rules of comparing models: one prompt, several of them, and reasons for one of the pictures."""

from functools import partial

from exercises.assignment import COMPARISON_RUN, Compare, Topic
from grading.checks.alt_text_rules import count_words
from grading.checks.picture_rule import judge_picture
from grading.checks.reflection import touches, words_looked_for
from grading.checks.runs import Work
from grading.checks.verdict import Judged, Rule, Verdict, for_a_person, in_order, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.analysis import Conclusion, Note


def judge_comparison(exercise: Compare, work: Work) -> list[Judged]:
    """The pictures, what is concluded from them, and one rule for each point the reasons must touch."""
    compared = newest_comparison(work.submission, exercise.id)
    concluded = conclusion(work.submission)
    rules: list[Rule] = [
        ("models", partial(_models, exercise, work, compared)),
        ("conclusion", partial(_concluded, exercise, compared, concluded)),
    ]
    judged = in_order("comparison", rules)
    return judged + [
        Judged(
            topic.id,
            "reasons_topic",
            message("title.reasons_topic", topic=topic.title),
            _topic(topic, concluded),
        )
        for topic in exercise.topics
    ]


def newest_comparison(submission: Submission, exercise: str) -> list[Recorded]:
    """The pictures of the prompt compared last."""
    pictures = submission.attempts(exercise, COMPARISON_RUN)
    prompt = pictures[-1].manifest.request.prompt if pictures else None
    return [picture for picture in pictures if picture.manifest.request.prompt == prompt]


def _models(exercise: Compare, work: Work, compared: list[Recorded]) -> Verdict:
    """How many models are in order; one model at two providers is two ways, each with its time and cost."""
    models: set[tuple[str, str]] = set()
    broken: list[Message] = []
    for recorded in compared:
        verdict = judge_picture(work.submission, recorded, work.regenerations)
        if verdict.passed:
            models.add((recorded.manifest.model.repository, recorded.manifest.model.id))
        elif verdict.message:
            broken.append(verdict.message)
    if len(models) >= exercise.models_minimum:
        return ok()
    reason = message("compare.broken", why=tuple(broken)) if broken else message("compare.too_few")
    return wrong(reason, str(exercise.models_minimum), str(len(models)))


def conclusion(submission: Submission) -> Conclusion | None:
    """The last one written."""
    said = [e.said for e in submission.notebook if isinstance(e, Note) and isinstance(e.said, Conclusion)]
    return said[-1] if said else None


def _concluded(exercise: Compare, compared: list[Recorded], conclusion: Conclusion | None) -> Verdict:
    if conclusion is None:
        return wrong(message("compare.no_conclusion"))
    stems = {recorded.stem for recorded in compared}
    if conclusion.chosen not in stems or not set(conclusion.pictures) <= stems:
        return wrong(message("compare.other_pictures"), ", ".join(sorted(stems)), conclusion.chosen)
    count = count_words(conclusion.reason)
    if count < exercise.words_minimum:
        return wrong(message("compare.short"), str(exercise.words_minimum), str(count))
    return ok()


def _topic(topic: Topic, conclusion: Conclusion | None) -> Verdict:
    if conclusion is None or not conclusion.reason.strip():
        return wrong(message("compare.no_conclusion"))
    if touches(conclusion.reason, topic):
        return ok()
    return for_a_person(message("reflection.topic_unseen", words=words_looked_for(topic)))

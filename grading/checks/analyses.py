"""The rules of asking a model about one's pictures, and of correcting what it said.

What a model says earns nothing and costs nothing: it counts that it was asked, about which file, and
what the student made of the answer.
"""

from collections.abc import Iterator
from functools import partial

from exercises.assignment import Analyse, Correct, Subject, Task
from grading.checks.alt_text_rules import count_words
from grading.checks.reflection import plain
from grading.checks.verdict import Judged, Rule, Verdict, in_order, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message
from manifests.analysis import Analysis, Correction, Note, Seen


def judge_analyse(exercise: Analyse, submission: Submission) -> list[Judged]:
    """One rule for each subject and task."""
    return [
        Judged(
            subject.id,
            f"asked_{task}",
            message(f"title.asked_{task}", subject=subject.title),
            _asked(subject, task, submission),
        )
        for subject in exercise.subjects
        for task in exercise.tasks
    ]


def judge_correct(exercise: Correct, submission: Submission) -> list[Judged]:
    """Three rules for each correction asked for; of those written, the ones in order come first."""
    written = [_rules(exercise, correction, submission) for correction in _corrections(submission)]
    written.sort(key=lambda rules: all(judge().passed for _, judge in rules), reverse=True)
    nothing: list[Rule] = [
        (name, partial(wrong, message("correct.none"))) for name in ("claim", "truth", "noticed")
    ]
    judged: list[Judged] = []
    for number in range(exercise.minimum):
        rules = written[number] if number < len(written) else nothing
        judged += in_order(f"correction{number + 1}", rules, number=number + 1)
    return judged


def is_own(submission: Submission, image: Seen) -> bool:
    """Whether it is one of the student's kept pictures, by its file."""
    return any(
        (r.stem, r.manifest.image.sha256) == (image.stem, image.sha256)
        for r in submission.own
        if image.assignment == submission.assignment
    )


def analysis(submission: Submission, number: int | None) -> Analysis | None:
    """The analysis of that number in the student's notebook."""
    return next((e for e in submission.notebook if isinstance(e, Analysis) and e.sequence == number), None)


def _asked(subject: Subject, task: Task, submission: Submission) -> Verdict:
    allowed = {(r.stem, r.manifest.image.sha256) for r in submission.own if r.manifest.run in subject.one_of}
    runs = ", ".join(subject.one_of)
    if not allowed:
        return wrong(message("analyse.no_picture"), runs)
    found = [e for e in submission.notebook if isinstance(e, Analysis) and e.asked.task == task]
    seen = [
        e
        for e in found
        if any(
            i.assignment == submission.assignment and (i.stem, i.sha256) in allowed for i in e.asked.images
        )
    ]
    if not seen:
        others = tuple(sorted({i.stem for e in found for i in e.asked.images}))
        return wrong(message("analyse.not_asked"), runs, others or message("analyse.none"))
    if not any(any(c.isalnum() for c in text) for e in seen for text in e.answered.statements()):
        return wrong(message("analyse.no_answer"))
    return ok()


def _corrections(submission: Submission) -> Iterator[Correction]:
    """Each claim's newest correction, the newest first."""
    claims: set[tuple[int, str]] = set()
    for entry in reversed(submission.notebook):
        if isinstance(entry, Note) and isinstance(entry.said, Correction):
            claim = (entry.said.about, plain(entry.said.claim))
            if claim not in claims:
                claims.add(claim)
                yield entry.said


def _rules(exercise: Correct, correction: Correction, submission: Submission) -> list[Rule]:
    return [
        ("claim", partial(_claim, correction, submission)),
        ("truth", partial(_truth, correction)),
        ("noticed", partial(_noticed, exercise, correction)),
    ]


def _claim(correction: Correction, submission: Submission) -> Verdict:
    """The claim stands in the answer, and the answer is about a picture of the student's own."""
    about = analysis(submission, correction.about)
    if about is None:
        return wrong(message("correct.no_analysis", number=correction.about))
    if not any(is_own(submission, image) for image in about.asked.images):
        return wrong(message("correct.other_picture"))
    claim = plain(correction.claim)
    if not any(c.isalnum() for c in claim) or not any(
        claim in plain(text) for text in about.answered.statements()
    ):
        return wrong(message("correct.not_said"), None, correction.claim)
    return ok()


def _truth(correction: Correction) -> Verdict:
    truth = plain(correction.truth)
    if not any(c.isalpha() for c in truth):
        return wrong(message("correct.no_truth"))
    return wrong(message("correct.same")) if truth == plain(correction.claim) else ok()


def _noticed(exercise: Correct, correction: Correction) -> Verdict:
    count = count_words(correction.noticed)
    if count >= exercise.words_minimum:
        return ok()
    return wrong(message("correct.noticed_short"), str(exercise.words_minimum), str(count))

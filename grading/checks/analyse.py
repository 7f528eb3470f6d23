"""Kind `analyse`: a model was asked each task about each subject.

What a model says earns nothing and costs nothing: it counts that it was asked, about which file. That the
answer is a model's, a program cannot know: a person looks at it in the report.
"""

from exercises.i18n import Translator
from exercises.kinds import Analyse
from exercises.kinds.parts import Subject, Task
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.notebook_rules import MAX_ENTRIES
from grading.checks.verdict import RuleResult, Verdict, for_a_person, not_yet, wrong
from grading.submission.reading import Submission
from grading.wording import message, shown
from manifests.analysis import Analysis


def check_analyse(exercise: Analyse, evidence: Evidence) -> list[RuleResult]:
    """One rule for each subject and task."""
    return [
        RuleResult(
            subject.id,
            f"asked_{task}",
            message(f"title.asked_{task}", subject=subject.title),
            _asked(subject, task, evidence.submission),
        )
        for subject in exercise.subjects
        for task in exercise.tasks
    ]


def _asked(subject: Subject, task: Task, submission: Submission) -> Verdict:
    allowed = {(r.stem, r.manifest.image.sha256) for r in submission.own if r.manifest.run in subject.one_of}
    runs = ", ".join(subject.one_of)
    if not allowed:
        return not_yet(message("analyse.no_picture"), runs)
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
        return not_yet(message("analyse.not_asked"), runs, others or message("analyse.none"))
    if not any(any(c.isalnum() for c in text) for e in seen for text in e.answered.statements()):
        return wrong(message("analyse.no_answer"))
    return for_a_person(message("judge.answer"))


def _texts(exercise: Analyse, submission: Submission, t: Translator) -> list[ReportText]:
    """The newest answers, oldest first."""
    answers = [e for e in submission.notebook if isinstance(e, Analysis) and e.asked.task in exercise.tasks]
    return [
        ReportText(
            t(
                "report.asked_about",
                model=shown(answer.model),
                provider=shown(answer.provider),
                task=t(f"task.{answer.asked.task}"),
                text=", ".join(image.stem for image in answer.asked.images),
            ),
            "\n".join(answer.answered.statements()),
        )
        for answer in answers[-MAX_ENTRIES:]
    ]


KIND = KindChecks(check_analyse, texts=_texts)

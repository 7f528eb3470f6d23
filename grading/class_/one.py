"""Surveys and grades one student's submission: what a worker process does, and the messages it exchanges.

Both ways it speaks JSON: a worker has read what strangers wrote, so nothing of it is unpickled.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic import AwareDatetime, Base64Bytes, BaseModel, ConfigDict, Field

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.checks import judge, worded_checks
from grading.checks.due import late
from grading.checks.receipts import receipt_findings
from grading.checks.suspicions import suspicions
from grading.class_.collected import Collected
from grading.class_.output import write_whole
from grading.class_.traces import evaluation, observed, photos, sentences
from grading.copies.exhibits import Exhibits, exhibits
from grading.copies.fingerprint import Fingerprint, fingerprint
from grading.marks.applying import mark_checks, marks_without_place
from grading.marks.mark import Mark
from grading.marks.totals import with_totals
from grading.reports.pdf import student_pdf
from grading.reports.strip import STRIP, contact_strip
from grading.reports.student import Report, report_of, student_report
from grading.results import Grade, Lateness, Regeneration, earned_points
from grading.submission.files import Unreadable
from grading.submission.reading import Submission, closing, open_submission
from grading.wording import Message
from manifests.receipts import Keys

EMPTY = "submission.empty"
PDF = "report.pdf"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Line):
    """One submission of the class. `path` is quoted, for file names need not be text; where it was
    collected at a Hub, `student` is the user's name there, else as `name`, and `groups` are the Hub's."""

    path: str
    name: str
    folder: str
    lateness: Lateness | None = None
    student: str = ""
    groups: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        path: Path,
        name: str,
        folder: str,
        lateness: Lateness | None = None,
        collected: Collected | None = None,
    ) -> "Entry":
        student, groups = (collected.student, collected.groups) if collected else (name, ())
        return cls(
            path=quote_from_bytes(os.fsencode(path)),
            name=name,
            folder=folder,
            lateness=lateness,
            student=student,
            groups=groups,
        )

    @property
    def hub_user(self) -> str:
        """The user's name at the Hub, where the folder's is another; else nothing."""
        return self.student if self.student != self.name else ""

    @property
    def real_path(self) -> Path:
        return Path(os.fsdecode(unquote_to_bytes(self.path)))


class Made(_Line):
    """How a picture was made: by two students never at the same moment, hardly ever in the same time."""

    file: str
    sha256: str
    time: AwareDatetime
    seconds: float


class Survey(_Line):
    """What the class must know of one submission before any is graded.

    `photos`: the hashes of the source photos; `sentences`: of what the student wrote; `evaluation`: of all
    scores and reasons together.
    """

    student: str | None = None
    language: Language | None = None
    made: tuple[Made, ...] = ()
    photos: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    evaluation: str | None = None


class Graded(_Line):
    """What a worker answers: the grade, and by what copies of it are found, where it could be read."""

    grade: Grade
    fingerprint: Fingerprint | None = None


class Task(_Line):
    """What a worker is to do: look at a submission, grade it into `out`/`folder`, or show some of it.

    `key`: under which its fingerprint is made; `wanted`: the places of the pictures to show; `pdf`: whether
    the report is written as PDF too.
    """

    kind: Literal["survey", "grade", "exhibit"]
    entry: Entry
    out: str
    language: Language
    graders_language: Language = "en"
    for_grader: tuple[str, ...] = ()
    classmates: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    marks: dict[str, Mark] = Field(default_factory=dict)
    regenerations: tuple[Regeneration, ...] = ()
    receipt_keys: Keys | None = None
    key: Base64Bytes = b""
    wanted: tuple[str, ...] = ()
    pdf: bool = False


def survey(task: Task, assignment: Assignment) -> Survey:
    """Whose work it is and when its pictures were made; an unreadable submission has nothing to say."""
    try:
        with closing(
            open_submission(task.entry.real_path, assignment.id, name=task.entry.name)
        ) as submission:
            made = [
                Made(
                    file=r.file,
                    sha256=r.manifest.image.sha256,
                    time=r.manifest.time,
                    seconds=r.manifest.seconds,
                )
                for r in submission.records
            ]
            return Survey(
                student=submission.student if submission.records else None,
                language=submission.language,
                made=tuple(made),
                photos=photos(submission),
                sentences=sentences(submission),
                observed=observed(submission),
                evaluation=evaluation(submission),
            )
    except Unreadable:
        return Survey()


def exhibit(task: Task, assignment: Assignment) -> Exhibits:
    """What is to be seen of a submission that may be copied."""
    try:
        with closing(
            open_submission(task.entry.real_path, assignment.id, name=task.entry.name, also=task.also)
        ) as submission:
            return exhibits(submission, assignment, task.wanted)
    except Unreadable:
        return Exhibits()


def grade(task: Task, assignment: Assignment) -> Graded:
    """Grade one submission and write its `grade.json`, `report.html` and `strip.jpg`."""
    pictures, traces = b"", None
    try:
        with closing(
            open_submission(
                task.entry.real_path,
                assignment.id,
                name=task.entry.name,
                also=task.also,
                classmates=task.classmates,
            )
        ) as submission:
            language = submission.language or task.language
            result = graded(task, assignment, submission, language)
            report = report_of(assignment, result, language, submission, task.marks)
            pictures = contact_strip(assignment, submission)
            traces = fingerprint(submission, assignment, task.key)
    except Unreadable as error:
        result = not_gradable(task.entry, assignment, error.message, task.language)
        report = report_of(assignment, result, task.language)
    write_results(Path(task.out) / task.entry.folder, report, pictures, pdf=task.pdf)
    return Graded(grade=result, fingerprint=traces)


def graded(task: Task, assignment: Assignment, submission: Submission, language: Language) -> Grade:
    """The grade of a submission that could be read."""
    judged = judge(assignment, submission, task.regenerations)
    checks = mark_checks(worded_checks(assignment, judged, language), task.marks, assignment, language)
    found = suspicions(judged, submission)
    if task.receipt_keys is not None:
        found += receipt_findings(submission, task.receipt_keys, drawn_wanted=assignment.receipts == "drawn")
    found += marks_without_place(task.marks, checks, assignment)
    grade = Grade(
        student=task.entry.name,
        assignment=assignment.id,
        gradable=True,
        points=earned_points(checks),
        maximum=assignment.points,
        groups=task.entry.groups,
        hub_user=task.entry.hub_user,
        language=language,
        lateness=task.entry.lateness,
        findings=tuple(f.text(language) for f in (*submission.findings, *late(assignment, submission))),
        for_grader=(*(each.text(task.graders_language) for each in found), *task.for_grader),
        checks=tuple(checks),
        without_receipt=sum(r.manifest.receipt is None for r in submission.own),
    )
    return with_totals(grade, assignment, language)


def not_gradable(entry: Entry, assignment: Assignment, reason: Message, language: Language) -> Grade:
    """The grade of a submission that could not be read, or in which there is nothing."""
    return Grade(
        student=entry.name,
        assignment=assignment.id,
        gradable=False,
        missing=reason.key == EMPTY,
        reasons=(reason.text(language),),
        points=0.0,
        maximum=assignment.points,
        groups=entry.groups,
        hub_user=entry.hub_user,
        language=language,
        lateness=entry.lateness,
    )


def write_results(folder: Path, report: Report, pictures: bytes = b"", *, pdf: bool = False) -> None:
    """`grade.json`, `report.html`, if wished `report.pdf` and, where there are pictures, `strip.jpg`, each
    whole or not at all. A PDF from before would say something else, so it goes."""
    folder.mkdir(parents=True, exist_ok=True)
    if pdf:
        write_whole(folder / PDF, student_pdf(report))
    else:
        (folder / PDF).unlink(missing_ok=True)
    if pictures:
        write_whole(folder / STRIP, pictures)
    else:
        (folder / STRIP).unlink(missing_ok=True)
    write_whole(folder / "report.html", student_report(report).encode())
    write_whole(folder / "grade.json", (report.grade.model_dump_json(indent=2) + "\n").encode())

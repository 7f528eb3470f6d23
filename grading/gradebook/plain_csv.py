"""A CSV with every column there is: for a spreadsheet, or a platform that no other form is for."""

from grading.gradebook.matching import match
from grading.gradebook.result import Exported
from grading.gradebook.scores import Score, number
from grading.gradebook.sheet import Sheet, write_rows
from grading.reports.table import exercise_points
from grading.wording import message

COLUMNS = (
    "student",
    "assignment",
    "status",
    "score",
    "maximum",
    "points",
    "open",
    "possible",
    "total",
    "late_seconds",
)


def export(scores: list[Score], roster: Sheet | None, title: str | None) -> Exported:
    """Every submission; beside it the line of the roster that is its student's. `title` names the score."""
    exercises = list(dict.fromkeys(c.id.split("/")[0] for s in scores for c in s.grade.checks))
    theirs: dict[int, int] = {}
    notes = []
    if roster is not None:
        matched = match(scores, roster)
        theirs = {id(score): place for place, score in matched.rows.items()}
        if matched.unmatched:
            notes.append(message("gradebook.unmatched", students=tuple(matched.unmatched)))
    beside = roster.header if roster is not None else ()
    header = [title if title and name == "score" else name for name in COLUMNS]
    rows = [
        [
            *_row(s, exercises),
            *(roster.rows[theirs[id(s)]] if roster and id(s) in theirs else [""] * len(beside)),
        ]
        for s in scores
    ]
    graded = sum(score.points is not None for score in scores)
    return Exported({"": write_rows([[*header, *exercises, *beside], *rows], bom=True)}, graded, notes)


def _row(score: Score, exercises: list[str]) -> list[str]:
    grade = score.grade
    known = grade.gradable
    return [
        score.student,
        grade.assignment,
        score.state.replace("_", " "),
        "" if score.points is None else number(score.points),
        number(score.maximum),
        number(grade.points) if known else "",
        number(grade.open) if known else "",
        number(grade.possible) if known else "",
        "" if grade.total is None else number(grade.total),
        str(grade.lateness.late_seconds) if grade.lateness and grade.lateness.due else "",
        *(number(exercise_points(grade, e)) if known else "" for e in exercises),
    ]

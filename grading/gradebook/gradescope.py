"""Gradescope: one `results.json` for each student, as an autograder writes it.

A result needs a number: who has none gets no file, and is named.
"""

import json

from grading.gradebook.result import Exported
from grading.gradebook.scores import Recorded, Score, by_state
from grading.gradebook.sheet import Sheet
from grading.wording import message

VISIBLE = "after_published"


def export(scores: list[Score], roster: Sheet | None, title: str | None) -> Exported:
    """A file `<folder of the student>/results.json` each; neither roster nor column is needed."""
    files = {f"{s.folder}/results.json": _result(s) for s in scores if s.points is not None}
    notes = [
        message(f"gradebook.left_{state}", students=tuple(names)) for state, names in by_state(scores).items()
    ]
    return Exported(files, len(files), notes)


def _result(score: Score) -> bytes:
    grade: Recorded = score.grade
    document = {
        "score": score.points,
        "max_score": score.maximum,
        "output": "\n".join(grade.findings),
        "visibility": VISIBLE,
        "tests": [
            {
                "name": f"{check.title} ({check.id})",
                "score": check.points,
                "max_score": check.maximum,
                "status": "passed" if check.passed else "failed",
                "output": check.cause.message if check.cause else "",
                "visibility": VISIBLE,
            }
            for check in grade.checks
        ],
        "extra_data": {"student": score.student, "assignment": grade.assignment},
    }
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")

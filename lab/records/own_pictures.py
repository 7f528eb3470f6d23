"""Every picture of the student in the work folder, whichever assignment it was made in, by one name.

The name is `<assignment>/<stem>`. Pictures of the assignment that is open come first, the newest first.
"""

from pathlib import Path

from exercises.parameters import is_assignment_id
from lab.records import gallery
from manifests.answers import load_answers
from manifests.errors import AnswersError
from manifests.store import Record, Store


def own_pictures(work: Path, assignment: str, student: str) -> dict[str, Record]:
    """The pictures by name; `assignment` is the one that is open."""
    others = sorted(
        folder.name
        for folder in (work.iterdir() if work.is_dir() else ())
        if folder.name != assignment and is_assignment_id(folder.name) and folder.is_dir()
    )
    return {
        f"{each}/{record.stem}": record
        for each in (assignment, *others)
        for record in reversed(Store(work, each, student).records())
    }


def caption(assignment: str, record: Record) -> str:
    """A picture in one line; its assignment's name only where another one is open."""
    own = record.manifest.assignment
    text = gallery.caption(record, 50)
    return text if own == assignment else f"{own} · {text}"


def own_scores(work: Path, assignment: str, stem: str) -> dict[str, int]:
    """The scores the student gave this picture in that assignment's evaluation, by criterion."""
    try:
        answers = load_answers(work / assignment)
    except AnswersError:
        return {}
    return {
        criterion: score
        for answer in answers.evaluations.values()
        if answer.image == stem
        for criterion, score in answer.scores.items()
        if type(score) is int and score in (0, 1, 2)
    }

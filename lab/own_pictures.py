"""Every picture of the student in the work folder, whichever assignment it was made in, by one name.

The name is `<assignment>/<stem>`. Pictures of the assignment that is open come first, the newest first.
"""

from exercises.parameters import is_assignment_id
from lab import browse
from lab.context import Lab
from manifests.answers import load_answers
from manifests.errors import AnswersError
from manifests.store import Record, Store


def own_pictures(lab: Lab) -> dict[str, Record]:
    """By name."""
    others = sorted(
        folder.name
        for folder in (lab.work.iterdir() if lab.work.is_dir() else ())
        if folder.name != lab.assignment.id and is_assignment_id(folder.name) and folder.is_dir()
    )
    return {
        f"{assignment}/{record.stem}": record
        for assignment in (lab.assignment.id, *others)
        for record in reversed(Store(lab.work, assignment, lab.student).records())
    }


def caption(lab: Lab, name: str, record: Record) -> str:
    """A picture in one line; the assignment's name only where it is another one's."""
    assignment = record.manifest.assignment
    said = browse.caption(record, 50)
    return said if assignment == lab.assignment.id else f"{assignment} · {said}"


def own_scores(lab: Lab, assignment: str, stem: str) -> dict[str, int]:
    """The scores the student gave this picture in that assignment's evaluation, by criterion."""
    try:
        answers = load_answers(lab.work / assignment)
    except AnswersError:
        return {}
    return {
        criterion: score
        for answer in answers.evaluations.values()
        if answer.image == stem
        for criterion, score in answer.scores.items()
        if type(score) is int and score in (0, 1, 2)
    }

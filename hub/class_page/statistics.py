"""What a class has done question by question: points, time, attempts, and what is wrong most often.

Every number is the labs' word. Who has never been seen is not counted, which is not zero.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median

from exercises.assignment import Assignment
from hub.class_page.known import Seen

MOST_CAUSES = 5


@dataclass(frozen=True)
class Question:
    """One exercise over all that were seen. `began` made something of it; time and pictures are theirs."""

    id: str
    maximum: float
    seen: int
    began: int
    full: int  # earned, or open to a person, in full
    points: float | None  # the mean of those seen
    minutes: float | None  # the median of those who began
    pictures: float | None
    causes: tuple[tuple[str, int], ...]  # checks that are wrong now, and with how many


def questions(assignment: Assignment, all_seen: Iterable[Seen]) -> list[Question]:
    """In the assignment's order. What labs say of other exercises is left out."""
    seen = list(all_seen)
    wrong: dict[str, Counter[str]] = {exercise.id: Counter() for exercise in assignment.exercises}
    for each in seen:
        for check in {failing.check for failing in each.progress.failing}:
            of = check.partition("/")[0]
            if of in wrong:
                wrong[of][check] += 1
    return [
        _question(exercise.id, exercise.points, seen, wrong[exercise.id]) for exercise in assignment.exercises
    ]


def _question(id_: str, maximum: float, seen: list[Seen], wrong: Counter[str]) -> Question:
    each_has = [next((e for e in each.progress.exercises if e.id == id_), None) for each in seen]
    told = [exercise for exercise in each_has if exercise is not None]
    began = [each for each in told if each.pictures or each.passed or each.open]
    made = [each for each in began if each.pictures]
    return Question(
        id=id_,
        maximum=maximum,
        seen=len(told),
        began=len(began),
        full=sum(each.points + each.open >= maximum - 0.005 for each in told),
        points=fmean(min(each.points, maximum) for each in told) if told else None,
        minutes=median(each.seconds for each in made) / 60 if made else None,
        pictures=fmean(each.pictures for each in made) if made else None,
        causes=tuple(wrong.most_common(MOST_CAUSES)),
    )

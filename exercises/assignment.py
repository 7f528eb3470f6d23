"""What an assignment is once it has been read: exercises in order, each of one kind, each worth points."""

from pathlib import Path

from exercises.i18n import Bilingual, Language
from exercises.kinds import Exercise
from exercises.kinds.base import Frozen, Points, Run
from exercises.parameters import AssignmentId


class Assignment(Frozen):
    id: AssignmentId
    title: Bilingual
    points: Points
    texts: dict[Language, str]
    exercises: tuple[Exercise, ...]
    folder: Path

    def exercise(self, exercise_id: str) -> Exercise | None:
        """The exercise of that id, or None."""
        return next((e for e in self.exercises if e.id == exercise_id), None)

    @property
    def asks_apis(self) -> bool:
        """Whether something in it is done by models behind an API."""
        return any(exercise.asks_apis for exercise in self.exercises)

    def recorded_runs(self) -> list[tuple[str, str]]:
        """Every exercise and run as which a picture can be recorded, free ones aside, in order."""
        return [(e.id, run) for e in self.exercises for run in e.recorded]

    def planned_run(self, run_id: str) -> tuple[Exercise, Run] | None:
        """The planned run of that id with its exercise, or None."""
        return next(((e, run) for e, run in self.planned_runs() if run.id == run_id), None)

    def planned_runs(self) -> list[tuple[Exercise, Run]]:
        """Every planned run with its exercise, in the assignment's order."""
        return [(e, run) for e in self.exercises for run in getattr(e, "runs", ())]

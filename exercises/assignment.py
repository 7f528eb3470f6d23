"""What an assignment is once it has been read: exercises in order, each of one kind, each worth points."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from exercises.course_map import CoursePlace
from exercises.i18n import Bilingual, Language
from exercises.kinds import Exercise
from exercises.kinds.base import Frozen, Points, Run
from exercises.kinds.planned import Planned
from exercises.parameters import AssignmentId
from exercises.scoring import LateRule, Scoring
from exercises.variants import Variants


class Assignment(Frozen):
    id: AssignmentId
    title: Bilingual
    points: Points
    texts: dict[Language, str]
    exercises: tuple[Exercise, ...]
    folder: Path
    variants: Variants | None = None
    receipts: Literal["drawn"] | None = None  # whether each picture has to be drawn by a gateway
    agents: Annotated[bool, Field(strict=True)] = True  # whether pictures asked for by an agent count
    late: LateRule | None = None
    scoring: Scoring = Scoring()
    course: CoursePlace | None = None

    def of_student(self, student: str) -> "Assignment":
        """The assignment as this student has it, where its variants are on; itself where they are not."""
        return self.varied(student) if self.variants is not None and self.variants.on else self

    def varied(self, student: str) -> "Assignment":
        """The same whether its variants are on or not. What is one student's already stays so."""
        runs = [run for _, run in self.planned_runs()]
        if self.variants is None or any(run.variant for run in runs):
            return self
        variant = self.variants.of(self.id, student)
        exercises = tuple(
            e.model_copy(update={"runs": tuple(variant.run(run) for run in e.runs)})
            if isinstance(e, Planned)
            else e
            for e in self.exercises
        )
        return self.model_copy(update={"exercises": exercises})

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

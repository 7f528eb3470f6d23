"""The runs that words such as `tp2/sweep/t2i_run02_steps15` name, with the parameters of each.

The command line, the library for notebooks and the tools of agents ask here, so that all make the same ones.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from exercises.assignment import Assignment
from exercises.errors import CatalogueError
from exercises.faults import faults
from exercises.i18n import preferred_language
from exercises.kinds import BetweenTwo, Exercise, Iterate, Studio
from exercises.kinds.between import BETWEEN_RUN, LEAST_FRAMES, MOST_FRAMES
from exercises.kinds.iterate import ITERATION_RUN
from exercises.kinds.planned import Planned as PlannedKind
from exercises.loader import find_assignment
from exercises.parameters import Parameters
from manifests.manifest import Between

FILM = ("to_prompt", "to_seed", "frames")  # what is said of a film besides its parameters
Frames = Annotated[int, Field(strict=True, ge=LEAST_FRAMES, le=MOST_FRAMES)]


class RunError(CatalogueError):
    """What was asked for is not there or cannot be."""

    package = "lab"


@dataclass(frozen=True)
class Planned:
    """One run to make."""

    exercise: str
    run: str
    parameters: Parameters
    variant: str | None = None
    smaller: bool = False  # where memory runs out
    canvas: bool = False  # the source is laid on a larger one
    between: Between | None = None  # where it lies on the way to another picture


def select(what: str, changes: dict[str, Any], student: str) -> tuple[Assignment, list[Planned]]:
    """The runs that `ASSIGNMENT[/EXERCISE[/RUN]]` names, with changed parameters. Raises UserError."""
    assignment_id, _, rest = what.partition("/")
    assignment = find_assignment(assignment_id).of_student(student)
    return assignment, runs_of(assignment, rest, changes)


def runs_of(assignment: Assignment, what: str, changes: dict[str, Any]) -> list[Planned]:
    """The runs that `EXERCISE[/RUN]` names (all for nothing), with changed parameters. Raises UserError."""
    exercise_id, _, run_id = what.partition("/")
    exercises = list(assignment.exercises)
    if exercise_id:
        exercises = [e for e in exercises if e.id == exercise_id]
        if not exercises:
            known = ", ".join(e.id for e in assignment.exercises)
            raise RunError("run.no_exercise", exercise=exercise_id, assignment=assignment.id, known=known)
    planned = [each for exercise in exercises for each in _planned(exercise, bool(exercise_id), changes)]
    if not planned:
        raise RunError("run.nothing_to_run", exercise=exercise_id or assignment.id)
    if run_id:
        known = ", ".join(each.run for each in planned)
        planned = [each for each in planned if each.run == run_id]
        if not planned:
            raise RunError("run.no_run", run=run_id, exercise=exercise_id, known=known)
    return planned


def _planned(exercise: Exercise, named: bool, changes: dict[str, Any]) -> list[Planned]:
    """An exercise's runs; those for which the student says what to draw only where they are asked for."""
    if isinstance(exercise, Studio):
        if not named:
            return []
        parameters = parameters_of({}, changes)
        return [Planned(exercise.id, "studio", parameters, smaller=exercise.smaller)]
    if isinstance(exercise, Iterate):
        return [_step(exercise, changes)] if named else []
    if isinstance(exercise, BetweenTwo):
        return _film(exercise, changes) if named else []
    asks_prompt = isinstance(exercise, PlannedKind) and not exercise.prompts_planned
    if asks_prompt and not changes.get("prompt", "").strip():
        if named:
            raise RunError("run.prompt_needed", exercise=exercise.id)
        return []
    return [
        Planned(
            exercise.id,
            run.id,
            parameters_of(run.parameters.model_dump(), changes),
            run.variant,
            run.smaller,
            run.canvas,
        )
        for run in getattr(exercise, "runs", ())
    ]


def _step(exercise: Iterate, changes: dict[str, Any]) -> Planned:
    """One step of a prompt that is improved; without a prompt of its own it is the first."""
    parameters = parameters_of(exercise.start.model_dump(), changes)
    if not parameters.prompt.strip():
        raise RunError("run.prompt_needed", exercise=exercise.id)
    return Planned(exercise.id, ITERATION_RUN, parameters)


def _film(exercise: BetweenTwo, changes: dict[str, Any]) -> list[Planned]:
    """The frames from the prompt and the seed to `to_prompt` and `to_seed`, so many as `frames` says."""
    own = {name: value for name, value in changes.items() if name not in FILM}
    parameters = parameters_of(exercise.start.model_dump(), own)
    asked: dict[str, Any] = {
        "to_prompt": parameters.prompt,
        "to_seed": parameters.seed,
        "frames": exercise.frames_minimum,
    }
    asked |= {name: value for name, value in changes.items() if name in FILM}
    try:
        way = Between(prompt=asked["to_prompt"], seed=asked["to_seed"], place=0)
        frames = TypeAdapter(Frames).validate_python(asked["frames"])
    except ValidationError as error:
        fault = faults(error, asked)[0]
        raise RunError(
            "run.bad_parameter", field=fault.field or "frames", expected=fault.text(preferred_language())
        ) from None
    if not parameters.prompt.strip():
        raise RunError("run.prompt_needed", exercise=exercise.id)
    return [
        Planned(
            exercise.id,
            BETWEEN_RUN,
            parameters,
            between=way.model_copy(update={"place": round(i / (frames - 1), 6)}),
        )
        for i in range(frames)
    ]


def parameters_of(planned: dict[str, Any], changes: dict[str, Any]) -> Parameters:
    """The planned parameters with some changed. Raises RunError for one that cannot be."""
    try:
        return Parameters.model_validate(planned | changes)
    except ValidationError as error:
        fault = faults(error, planned | changes)[0]
        expected = fault.text(preferred_language())
        raise RunError("run.bad_parameter", field=fault.field, expected=expected) from None

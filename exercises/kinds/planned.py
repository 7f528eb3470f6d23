"""What the kinds with planned runs share: a table of runs becomes requests, each checked as it is read.

A run's parameters are the assignment's, then the exercise's own, then what the run itself changes.
Which changes a run may make is each kind's own rule.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import ValidationError

from exercises.faults import Fault, faults
from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, Run
from exercises.parameters import WITH_STRENGTH, Mode, Parameters, is_slug
from exercises.toml_file import ExerciseError, TomlFile, gathering, raise_all

MAX_RUNS = 100

Change = dict[str, Any]  # the parameters that one run sets, by name


class Planned(ExerciseBase):
    """An exercise whose pictures are planned one by one."""

    runs: tuple[Run, ...]

    mode: ClassVar[Mode] = "text2img"
    rules: ClassVar[tuple[str, ...]] = ("recorded", "image", "parameters", "distinct")
    prompts_planned: ClassVar[bool] = True  # whether the plan says what to draw, not the student
    runs_differ: ClassVar[bool] = True  # whether two runs with the same parameters are refused

    @property
    def recorded(self) -> tuple[str, ...]:
        return tuple(run.id for run in self.runs)

    def with_prompt(self, prompt: str, negative_prompt: str) -> Self:
        """The same exercise, once it is known what the student asks for, where prompts are theirs."""
        asked = {"prompt": prompt, "negative_prompt": negative_prompt}
        runs = [
            run.model_copy(update={"parameters": run.parameters.model_copy(update=asked)})
            for run in self.runs
        ]
        return self.model_copy(update={"runs": tuple(runs)})

    @classmethod
    def arrange(
        cls, file: TomlFile, at: KeyPath, table: dict[str, Any], changes: dict[str, Change]
    ) -> dict[str, Change]:
        """The runs in the order they are made. Raises ExerciseError."""
        return changes

    @classmethod
    def changed(
        cls, file: TomlFile, at: KeyPath, earlier: list[Run], parameters: Parameters, change: Change
    ) -> str | None:
        """The parameter in which a run differs from the first. Raises ExerciseError for a wrong change."""
        return None

    @staticmethod
    def not_planned(file: TomlFile, at: KeyPath, table: dict[str, Any], *names: str) -> dict[str, Any] | None:
        """The exercise's parameters, of which these are not the plan's; None where they are no table."""
        parameters = table.get("parameters", {})
        if not isinstance(parameters, dict):
            return None
        for name in names:
            if name in parameters:
                raise file.error((*at, "parameters", name), "not_planned")
        return parameters

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """Replace the exercise's table of runs by the runs themselves. Raises ExerciseError."""
        shared = _parameter_table(file, ("parameters",), file.data.get("parameters", {}))
        own = _parameter_table(file, (*at, "parameters"), table.pop("parameters", {}))
        runs_at = (*at, "runs")
        if "runs" not in table:
            raise file.error(runs_at, "missing")
        changes = cls.arrange(file, at, table, _run_tables(file, runs_at, table.pop("runs")))

        runs: list[Run] = []
        errors: list[ExerciseError] = []
        for run_id, change in changes.items():
            with gathering(errors):
                runs.append(cls._run(file, at, (shared, own, change), run_id, runs))
            if not runs:  # the first is what the others are compared with
                break
        raise_all(errors)
        table["runs"] = tuple(runs)

    @classmethod
    def _run(
        cls, file: TomlFile, at: KeyPath, tables: tuple[Change, Change, Change], run_id: str, runs: list[Run]
    ) -> Run:
        """One run of the assignment's, the exercise's and its own parameters. Raises ExerciseError."""
        shared, own, change = tables
        values = {**shared, **own, **change, "mode": cls.mode}
        run_at = (*at, "runs", run_id)
        places = {
            name: run_at if name in change else (*at, "parameters") if name in own else ("parameters",)
            for name in values
        }
        parameters = read_parameters(file, values, places, run_at)
        _check_strength(file, cls.mode, parameters, places, run_at)
        changed = cls.changed(file, run_at, runs, parameters, change)
        same = next((run for run in runs if cls.runs_differ and run.parameters == parameters), None)
        if same:
            raise file.error(run_at, "unlike", run=same.id)
        return Run(id=run_id, parameters=parameters, changed=changed)


def common_parameters(file: TomlFile, at: KeyPath, table: dict[str, Any]) -> Parameters:
    """The assignment's parameters and the exercise's own, for one without runs. Raises ExerciseError."""
    shared = _parameter_table(file, ("parameters",), file.data.get("parameters", {}))
    own = _parameter_table(file, (*at, "parameters"), table.pop("parameters", {}))
    values = {"prompt": "", **shared, **own}
    places: dict[str, KeyPath] = {
        name: (*at, "parameters") if name in own else ("parameters",) for name in values
    }
    parameters = read_parameters(file, values, places, at)
    _check_strength(file, "text2img", parameters, places, at)
    return parameters


def runs_in(file: TomlFile) -> dict[str, tuple[str, ...]]:
    """The runs that each exercise of a file plans, by the exercise's id, before they are looked at."""
    tables = file.data.get("exercises")
    found = {}
    for table in tables if isinstance(tables, list) else ():
        runs = table.get("runs") if isinstance(table, dict) else None
        if isinstance(runs, dict) and isinstance(table.get("id"), str):
            found[table["id"]] = tuple(runs)
    return found


def check_slug(file: TomlFile, at: KeyPath, value: object) -> str:
    """The value as an id. Raises ExerciseError."""
    if not isinstance(value, str) or not is_slug(value):
        raise file.error(at, "slug")
    return value


def _parameter_table(file: TomlFile, at: KeyPath, table: object) -> Change:
    if not isinstance(table, dict):
        raise file.error(at, "table")
    if "mode" in table:
        raise file.error((*at, "mode"), "no_mode")
    names = [name for name in Parameters.model_fields if name != "mode"]
    raise_all(
        [file.error((*at, name), "parameter", names=", ".join(names)) for name in table if name not in names]
    )
    return table


def _run_tables(file: TomlFile, at: KeyPath, tables: object) -> dict[str, Change]:
    if not isinstance(tables, dict):
        raise file.error(at, "table")
    if not 1 <= len(tables) <= MAX_RUNS:
        raise file.error(at, "runs_count", maximum=MAX_RUNS)
    errors: list[ExerciseError] = []
    for run_id, table in tables.items():
        with gathering(errors):
            check_slug(file, (*at, run_id), run_id)
            _parameter_table(file, (*at, run_id), table)
    raise_all(errors)
    return tables


def read_parameters(
    file: TomlFile, values: Mapping[str, Any], places: Mapping[str, KeyPath], run_at: KeyPath
) -> Parameters:
    """The values as parameters; what is wrong is told at the place of its value. Raises ExerciseError."""
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        found = []
        for fault in faults(error, values):
            name = str(fault.path[0]) if fault.path else ""
            found.append(file.fault(Fault((*places.get(name, run_at), *fault.path), fault.expected)))
        raise_all(found)
        raise


def _check_strength(
    file: TomlFile, mode: Mode, parameters: Parameters, places: Mapping[str, KeyPath], run_at: KeyPath
) -> None:
    if mode not in WITH_STRENGTH and parameters.strength is not None:
        raise file.error((*places["strength"], "strength"), "no_strength")
    if mode in WITH_STRENGTH and parameters.strength is None:
        raise file.error((*run_at, "strength"), "missing")
    if mode != "control" and parameters.control_scale is not None:
        raise file.error((*places["control_scale"], "control_scale"), "no_control_scale")

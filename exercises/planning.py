"""An exercise's table becomes its runs: the shared parameters, the exercise's own, and what each run changes.

One rule per kind: a `generate` run may set what it likes; a `sweep` run changes exactly one
parameter against the baseline, truly; an `img2img` run sets the strength and nothing else.
"""

from typing import Any

from pydantic import ValidationError

from exercises.assignment import RESERVED_RUNS, Run
from exercises.faults import Fault, faults
from exercises.faults import Path as KeyPath
from exercises.parameters import Parameters, is_slug
from exercises.toml_file import TomlFile

MAX_RUNS = 100


def plan_runs(file: TomlFile, at: KeyPath, kind: str, table: dict[str, Any]) -> tuple[Run, ...]:
    """The planned runs of the exercise whose table stands at `at`. Raises ExerciseError."""
    shared = _parameter_table(file, ("parameters",), file.data.get("parameters", {}))
    own = _parameter_table(file, (*at, "parameters"), table.pop("parameters", {}))
    runs_at = (*at, "runs")
    if "runs" not in table:
        raise file.error(runs_at, "missing")
    changes = _run_tables(file, runs_at, table.pop("runs"))

    base = {**shared, **own}
    mode = "img2img" if kind == "img2img" else "text2img"
    if kind == "sweep":
        changes = _with_baseline(file, at, table, changes)

    runs: list[Run] = []
    for run_id, change in changes.items():
        values = {**base, **change, "mode": mode}
        run_at = (*runs_at, run_id)
        places = {
            name: run_at if name in change else (*at, "parameters") if name in own else ("parameters",)
            for name in values
        }
        parameters = _parameters(file, values, places, run_at)
        _check_strength(file, kind, parameters, places, run_at)
        changed = None
        if kind == "sweep" and runs:
            changed = _changed(file, runs[0], parameters, change, run_at)
        elif kind == "img2img":
            if list(change) != ["strength"]:
                raise file.error(run_at, "strength_only")
            changed = "strength" if runs else None
        same = next((run for run in runs if kind != "generate" and run.parameters == parameters), None)
        if same:
            raise file.error(run_at, "unlike", run=same.id)
        runs.append(Run(id=run_id, parameters=parameters, changed=changed))
    return tuple(runs)


def _parameter_table(file: TomlFile, at: KeyPath, table: object) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise file.error(at, "table")
    if "mode" in table:
        raise file.error((*at, "mode"), "no_mode")
    if unknown := next((name for name in table if name not in Parameters.model_fields), None):
        raise file.error((*at, unknown), "parameter", names=", ".join(_names()))
    return table


def _run_tables(file: TomlFile, at: KeyPath, tables: object) -> dict[str, dict[str, Any]]:
    if not isinstance(tables, dict):
        raise file.error(at, "table")
    if not 1 <= len(tables) <= MAX_RUNS:
        raise file.error(at, "runs_count", maximum=MAX_RUNS)
    for run_id, table in tables.items():
        check_slug(file, (*at, run_id), run_id)
        if run_id in RESERVED_RUNS:
            raise file.error((*at, run_id), "reserved")
        _parameter_table(file, (*at, run_id), table)
    return tables


def _with_baseline(
    file: TomlFile, at: KeyPath, table: dict[str, Any], changes: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    baseline = table.pop("baseline", None)
    if not isinstance(baseline, str) or baseline not in changes:
        raise file.error((*at, "baseline"), "baseline", runs=", ".join(changes)[:200])
    if changes[baseline]:
        raise file.error((*at, "runs", baseline), "baseline_empty")
    if len(changes) < 2:
        raise file.error((*at, "runs"), "sweep_of_two")
    return {baseline: {}, **changes}


def _parameters(
    file: TomlFile, values: dict[str, Any], places: dict[str, KeyPath], run_at: KeyPath
) -> Parameters:
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        fault = faults(error, values)[0]
        name = str(fault.path[0]) if fault.path else ""
        fault = Fault((*places.get(name, run_at), *fault.path), fault.expected)
        raise file.fault(fault) from error


def _check_strength(
    file: TomlFile, kind: str, parameters: Parameters, places: dict[str, KeyPath], run_at: KeyPath
) -> None:
    if kind != "img2img" and parameters.strength is not None:
        raise file.error((*places["strength"], "strength"), "no_strength")
    if kind == "img2img" and parameters.strength is None:
        raise file.error((*run_at, "strength"), "missing")


def _changed(
    file: TomlFile, baseline: Run, parameters: Parameters, change: dict[str, Any], run_at: KeyPath
) -> str:
    truly = [name for name in change if getattr(parameters, name) != getattr(baseline.parameters, name)]
    if len(change) > 1:
        raise file.error(run_at, "changes_one", names=", ".join(change), baseline=baseline.id)
    if not truly:
        raise file.error(run_at, "changes_none", baseline=baseline.id)
    return truly[0]


def check_slug(file: TomlFile, at: KeyPath, value: object) -> str:
    """The value as an id. Raises ExerciseError."""
    if not isinstance(value, str) or not is_slug(value):
        raise file.error(at, "slug")
    return value


def _names() -> list[str]:
    return [name for name in Parameters.model_fields if name != "mode"]

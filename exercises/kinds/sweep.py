"""Kind `sweep`: a baseline, and runs that each change exactly one parameter against it, truly."""

from typing import Any, Literal

from exercises.faults import Path as KeyPath
from exercises.kinds.base import Run
from exercises.kinds.planned import Change, Planned
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile


class Sweep(Planned):
    """The first run is the baseline."""

    kind: Literal["sweep"] = "sweep"

    @classmethod
    def arrange(
        cls, file: TomlFile, at: KeyPath, table: dict[str, Any], changes: dict[str, Change]
    ) -> dict[str, Change]:
        """The run that `baseline` names, which changes nothing, comes first."""
        baseline = table.pop("baseline", None)
        if not isinstance(baseline, str) or baseline not in changes:
            raise file.error((*at, "baseline"), "baseline", runs=", ".join(changes)[:200])
        if changes[baseline]:
            raise file.error((*at, "runs", baseline), "baseline_empty")
        if len(changes) < 2:
            raise file.error((*at, "runs"), "sweep_of_two")
        return {baseline: {}, **changes}

    @classmethod
    def changed(
        cls, file: TomlFile, at: KeyPath, earlier: list[Run], parameters: Parameters, change: Change
    ) -> str | None:
        if not earlier:
            return None
        baseline = earlier[0]
        if len(change) > 1:
            raise file.error(at, "changes_one", names=", ".join(change), baseline=baseline.id)
        for name in change:
            if getattr(parameters, name) != getattr(baseline.parameters, name):
                return name
        raise file.error(at, "changes_none", baseline=baseline.id)

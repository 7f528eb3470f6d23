"""Kind `grid`: two parameters against each other, every value of one with every value of the other."""

from typing import Any, ClassVar, Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr, TypeAdapter, ValidationError

from exercises.faults import Fault, faults
from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import Frozen, Run, SmallCount, check_all_unique
from exercises.kinds.planned import Change, Planned, read_parameters
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile, raise_all

CROSSED = tuple(name for name in Parameters.model_fields if name not in ("mode", "strength"))


class Axis(Frozen):
    """One side of the grid: a parameter, its values in order, and short names for them."""

    parameter: Literal[CROSSED]  # type: ignore[valid-type]
    values: tuple[StrictStr | StrictInt | StrictFloat, ...] = Field(min_length=2, max_length=10)
    labels: tuple[Bilingual, ...] = ()


class Grid(Planned):
    """`x` goes across, `y` goes down. With `words_minimum` a conclusion is written beside it."""

    kind: Literal["grid"] = "grid"
    x: Axis
    y: Axis
    words_minimum: SmallCount = 0

    rules: ClassVar[tuple[str, ...]] = (*Planned.rules, "concluded")
    writes: ClassVar[bool] = True

    def at(self, row: int, column: int) -> Run:
        """The run of a cell, both counted from 0."""
        return self.runs[row * len(self.x.values) + column]

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.recorded, "conclusion")

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """A run for each cell, row by row: `<exercise>_<row>_<column>`, counted from 1."""
        if "runs" in table:
            raise file.error((*at, "runs"), "unknown")
        x, y = (_axis(file, (*at, name), table.get(name)) for name in ("x", "y"))
        if x.parameter == y.parameter:
            raise file.error((*at, "y", "parameter"), "other_axis", parameter=x.parameter)
        table |= {"x": x, "y": y}
        cells: dict[str, Change] = {
            f"{table['id']}_{row}_{column}": {y.parameter: down, x.parameter: across}
            for row, down in enumerate(y.values, 1)
            for column, across in enumerate(x.values, 1)
        }
        table["runs"] = cells
        super().plan(file, at, table)


def _axis(file: TomlFile, at: KeyPath, table: object) -> Axis:
    """The axis, each value of which the parameter can have. Raises ExerciseError."""
    if table is None:
        raise file.error(at, "missing")
    try:
        axis: Axis = TypeAdapter(Axis).validate_python(table)
    except ValidationError as error:
        raise_all([file.fault(Fault((*at, *fault.path), fault.expected)) for fault in faults(error, table)])
        raise
    for index, value in enumerate(axis.values):
        place = (*at, "values", index)
        read_parameters(file, {"prompt": "", axis.parameter: value}, {axis.parameter: place}, place)
    check_all_unique(file, (*at, "values"), [str(value) for value in axis.values])
    if axis.labels and len(axis.labels) != len(axis.values):
        raise file.error((*at, "labels"), "label_each", count=len(axis.values))
    return axis

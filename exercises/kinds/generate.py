"""Kind `generate`: runs with planned parameters, each of which may set what it likes."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.planned import Planned
from exercises.toml_file import TomlFile


class Generate(Planned):
    """With `smaller`, a picture for which memory runs out is drawn again smaller, and counts as the run's."""

    kind: Literal["generate"] = "generate"
    smaller: Annotated[bool, Field(strict=True)] = False

    runs_differ: ClassVar[bool] = False

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        super().plan(file, at, table)
        if table.get("smaller") is True:
            table["runs"] = tuple(run.model_copy(update={"smaller": True}) for run in table["runs"])

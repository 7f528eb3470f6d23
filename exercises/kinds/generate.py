"""Kind `generate`: runs with planned parameters, each of which may set what it likes."""

from typing import ClassVar, Literal

from exercises.kinds.planned import Planned


class Generate(Planned):
    kind: Literal["generate"] = "generate"

    runs_differ: ClassVar[bool] = False

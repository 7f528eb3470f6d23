"""Kind `img2img`: runs from one source picture, the student's own, which differ in strength only."""

from typing import ClassVar, Literal

from exercises.faults import Path as KeyPath
from exercises.kinds.base import Run
from exercises.kinds.planned import Change, Planned
from exercises.parameters import Mode, Parameters
from exercises.toml_file import TomlFile


class ImageToImage(Planned):
    kind: Literal["img2img"] = "img2img"

    rules: ClassVar[tuple[str, ...]] = (*Planned.rules, "source_kept", "source_same")
    mode: ClassVar[Mode] = "img2img"

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.recorded, "source")

    @classmethod
    def changed(
        cls, file: TomlFile, at: KeyPath, earlier: list[Run], parameters: Parameters, change: Change
    ) -> str | None:
        if list(change) != ["strength"]:
            raise file.error(at, "strength_only")
        return "strength" if earlier else None

"""Kind `alt_text`: alternative texts, written for a purpose."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, check_all_unique
from exercises.kinds.parts import PURPOSES, Purpose
from exercises.toml_file import TomlFile


class AltTexts(ExerciseBase):
    """An alternative text for each of the purposes."""

    kind: Literal["alt_text"] = "alt_text"
    purposes: tuple[Purpose, ...] = Field(default=PURPOSES, min_length=1, max_length=len(PURPOSES))

    rules: ClassVar[tuple[str, ...]] = ("alt_written", "alt_wording", "alt_own")
    writes: ClassVar[bool] = True
    asks_apis: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return self.purposes

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "purposes"), self.purposes)

"""Kind `crossstitch`: a picture becomes a cross-stitch pattern, worked from a chart over pages."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.crafted import Crafted
from exercises.toml_file import TomlFile


class CrossStitch(Crafted):
    """At least `width_minimum` stitches wide, in at least `colours_minimum` and at most `colours_maximum`
    threads."""

    kind: Literal["crossstitch"] = "crossstitch"
    width_minimum: Annotated[int, Field(strict=True, ge=20, le=150)] = 40
    colours_minimum: Annotated[int, Field(strict=True, ge=2, le=40)] = 4
    colours_maximum: Annotated[int, Field(strict=True, ge=2, le=40)] = 20

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        if self.colours_minimum > self.colours_maximum:
            raise file.error((*at, "colours_maximum"), "at_least", ge=self.colours_minimum)

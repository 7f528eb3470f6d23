"""Kind `storyboard`: a story in a few frames, each with a caption and an alternative text."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.crafted import Crafted
from exercises.toml_file import TomlFile


class Storyboard(Crafted):
    """So many frames, all of different pictures; a caption has at least `caption_words` words."""

    kind: Literal["storyboard"] = "storyboard"
    frames_minimum: Annotated[int, Field(strict=True, ge=2, le=8)] = 4
    frames_maximum: Annotated[int, Field(strict=True, ge=2, le=8)] = 8
    caption_words: Annotated[int, Field(strict=True, ge=1, le=30)] = 4

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        if self.frames_minimum > self.frames_maximum:
            raise file.error((*at, "frames_maximum"), "at_least", ge=self.frames_minimum)

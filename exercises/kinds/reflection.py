"""Kind `reflection`: a text of so many lines that touches the topics."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, SmallCount
from exercises.kinds.parts import Topic, check_topics
from exercises.toml_file import TomlFile


class Reflection(ExerciseBase):
    kind: Literal["reflection"] = "reflection"
    lines_minimum: SmallCount = 8
    lines_maximum: SmallCount = 12
    topics: tuple[Topic, ...] = Field(max_length=20)

    rules: ClassVar[tuple[str, ...]] = ("lines", "topic")
    writes: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("text", *(topic.id for topic in self.topics))

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_topics(file, at, self.topics)
        if self.lines_minimum > self.lines_maximum:
            raise file.error((*at, "lines_maximum"), "at_least", ge=self.lines_minimum)

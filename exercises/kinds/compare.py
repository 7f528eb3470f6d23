"""Kind `compare`: one prompt to several models, and reasons for one of the pictures."""

from collections.abc import Collection
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, SmallCount
from exercises.kinds.parts import Topic, check_topics
from exercises.toml_file import TomlFile

COMPARISON_RUN = "comparison"  # what pictures of a comparison of models are recorded as


class Compare(ExerciseBase):
    """One prompt to at least `models_minimum` models; the reasons for one picture touch the topics."""

    kind: Literal["compare"] = "compare"
    models_minimum: Annotated[int, Field(strict=True, ge=2, le=10)] = 2
    words_minimum: SmallCount = 15
    topics: tuple[Topic, ...] = Field(default=(), max_length=20)

    rules: ClassVar[tuple[str, ...]] = ("models", "conclusion", "reasons_topic")
    writes: ClassVar[bool] = True
    once: ClassVar[bool] = True
    asks_apis: ClassVar[bool] = True
    free_run: ClassVar[str | None] = COMPARISON_RUN

    @property
    def parts(self) -> tuple[str, ...]:
        return ("comparison", *(topic.id for topic in self.topics))

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_topics(file, at, self.topics)

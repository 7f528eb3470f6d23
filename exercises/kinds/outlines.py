"""Kind `outlines`: the outlines of a photo or a drawing lead a picture, by a prompt of the student's own."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import Run, SmallCount
from exercises.kinds.parts import Topic, check_topics
from exercises.kinds.planned import Change, Planned
from exercises.parameters import Mode, Parameters
from exercises.toml_file import TomlFile

# By how much more of the outlines (F1, from 0 to 1) the run that is led most keeps than the one led least.
More = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Outlines(Planned):
    """The runs differ in `control_scale`: how much outlines lead. Picture and prompt are the student's."""

    kind: Literal["outlines"] = "outlines"
    more: More = 0.05
    prompt_words: SmallCount = 3
    words_minimum: SmallCount = 20
    topics: tuple[Topic, ...] = Field(default=(), max_length=20)

    rules: ClassVar[tuple[str, ...]] = (
        *Planned.rules,
        "outlines_kept",
        "outlines_same",
        "outlines_lead",
        "edit_prompt",
        "edit_text",
        "reasons_topic",
    )
    mode: ClassVar[Mode] = "control"
    writes: ClassVar[bool] = True
    prompts_planned: ClassVar[bool] = False

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.recorded, "outlines", "prompt", "text", *(topic.id for topic in self.topics))

    @property
    def least_and_most(self) -> tuple[Run, Run]:
        """The run that the outlines lead least, and the one that they lead most."""
        by_scale = sorted(self.runs, key=lambda run: run.parameters.control_scale or 0)
        return by_scale[0], by_scale[-1]

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The runs without prompts, which are the student's."""
        parameters = cls.not_planned(file, at, table, "prompt", "negative_prompt")
        if parameters is not None:
            table["parameters"] = {**parameters, "prompt": "", "negative_prompt": ""}
        super().plan(file, at, table)

    @classmethod
    def changed(
        cls, file: TomlFile, at: KeyPath, earlier: list[Run], parameters: Parameters, change: Change
    ) -> str | None:
        if list(change) != ["control_scale"]:
            raise file.error(at, "control_only")
        return "control_scale"

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        if len(self.runs) < 2:
            raise file.error((*at, "runs"), "two_runs")
        check_topics(file, at, self.topics)

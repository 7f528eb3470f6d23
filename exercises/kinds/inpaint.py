"""Kind `inpaint`: a part of the student's own picture is drawn anew, by a mask and a prompt of their own."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import SmallCount
from exercises.kinds.parts import Topic, check_topics
from exercises.kinds.planned import Planned
from exercises.parameters import Mode
from exercises.toml_file import TomlFile

Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Inpaint(Planned):
    """The runs differ in a parameter of the plan, or there is one alone; mask and prompt are the student's.

    `covers_minimum` and `covers_maximum`: which part of the picture the mask may cover. With `outpaint` the
    picture is laid on a larger canvas, and what is drawn is the new border.
    """

    kind: Literal["inpaint"] = "inpaint"
    covers_minimum: Part = 0.02
    covers_maximum: Part = 0.6
    outpaint: Annotated[bool, Field(strict=True)] = False
    prompt_words: SmallCount = 3
    words_minimum: SmallCount = 20
    topics: tuple[Topic, ...] = Field(default=(), max_length=20)

    rules: ClassVar[tuple[str, ...]] = (
        *Planned.rules,
        "input_kept",
        "mask_covers",
        "outside_kept",
        "inside_changed",
        "edit_prompt",
        "edit_text",
        "reasons_topic",
    )
    mode: ClassVar[Mode] = "inpaint"
    writes: ClassVar[bool] = True
    prompts_planned: ClassVar[bool] = False

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.recorded, "prompt", "text", *(topic.id for topic in self.topics))

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The runs without prompts, which are the student's; strength is 1 where none is planned."""
        parameters = cls.not_planned(file, at, table, "prompt", "negative_prompt")
        if parameters is not None:
            table["parameters"] = {"strength": 1.0, **parameters, "prompt": "", "negative_prompt": ""}
        super().plan(file, at, table)
        if table.get("outpaint") is True:
            table["runs"] = tuple(run.model_copy(update={"canvas": True}) for run in table["runs"])

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        if self.covers_minimum >= self.covers_maximum:
            raise file.error((*at, "covers_maximum"), "more_than", minimum=f"{self.covers_minimum:g}")
        check_topics(file, at, self.topics)

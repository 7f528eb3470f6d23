"""Kind `own`: a prompt and a negative prompt of the student's own, under the seeds of the plan."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, TypeAdapter, ValidationError

from exercises.faults import Fault, faults
from exercises.faults import Path as KeyPath
from exercises.kinds.base import SmallCount, check_all_unique
from exercises.kinds.parts import Topic, check_topics
from exercises.kinds.planned import Planned
from exercises.parameters import Seed
from exercises.toml_file import TomlFile, raise_all

Seeds = Annotated[tuple[Annotated[Seed, Field(strict=True)], ...], Field(min_length=2, max_length=10)]


class Own(Planned):
    """The runs differ in their seed; one of the pictures is chosen, with reasons that touch the topics.

    `prompt_words`: how many words the prompt has at least. A run's own prompt is empty until it is known.
    """

    kind: Literal["own"] = "own"
    seeds: Seeds = (42, 123, 999)
    prompt_words: SmallCount = 8
    words_minimum: SmallCount = 20
    topics: tuple[Topic, ...] = Field(default=(), max_length=20)

    rules: ClassVar[tuple[str, ...]] = (*Planned.rules, "own_prompt", "best", "why", "reasons_topic")
    writes: ClassVar[bool] = True
    prompts_planned: ClassVar[bool] = False

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.recorded, "prompt", "best", *(topic.id for topic in self.topics))

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """A run for each seed: `<exercise>_seed<seed>`."""
        if "runs" in table:
            raise file.error((*at, "runs"), "unknown")
        cls.not_planned(file, at, table, "prompt", "negative_prompt", "seed")
        seeds = table["seeds"] = _seeds(
            file, (*at, "seeds"), table.get("seeds", cls.model_fields["seeds"].default)
        )
        open_prompts = {"prompt": "", "negative_prompt": ""}
        table["runs"] = {f"{table['id']}_seed{seed}": {"seed": seed, **open_prompts} for seed in seeds}
        super().plan(file, at, table)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_topics(file, at, self.topics)


def _seeds(file: TomlFile, at: KeyPath, value: object) -> tuple[int, ...]:
    try:
        seeds: tuple[int, ...] = TypeAdapter(Seeds).validate_python(value)
    except ValidationError as error:
        raise_all([file.fault(Fault((*at, *fault.path), fault.expected)) for fault in faults(error, value)])
        raise
    check_all_unique(file, at, [str(seed) for seed in seeds])
    return seeds

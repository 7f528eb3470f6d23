"""Kind `adapt`: teach a model a new word from photos of one's own, and draw with and without it."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, Run, SmallCount, check_all_unique
from exercises.kinds.planned import common_parameters
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile

WORD = "{word}"  # in a prompt: where the student's new word stands
ADAPTED_RUN = "adapted"  # what pictures beside the plan are recorded as: any prompt, any strength
MOST_SCALE = 1.5
Scale = Annotated[float, Field(ge=0, le=MOST_SCALE, allow_inf_nan=False)]
TaughtSteps = Annotated[int, Field(strict=True, ge=5, le=5000)]
AskedFor = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Adapt(ExerciseBase):
    """Each of `prompts` is drawn with one seed and each of `scales`; what is written draws the lesson.

    `steps`: how far the model is taught here; `keep`: after which steps before an adapter is kept, too.
    `fewest_steps` and `most_steps` bound those of the adapter that
    the pictures are drawn with, so that an exercise can ask for too few, enough, or too many.
    """

    kind: Literal["adapt"] = "adapt"
    prompts: tuple[AskedFor, ...] = Field(min_length=1, max_length=4)
    scales: tuple[Scale, ...] = Field(default=(0.0, 0.5, 1.0, 1.25), min_length=2, max_length=6)
    steps: TaughtSteps = 240
    keep: tuple[TaughtSteps, ...] = Field(default=(), max_length=5)
    fewest_steps: TaughtSteps = 5
    most_steps: TaughtSteps = 5000
    words_minimum: SmallCount = 20
    start: Parameters

    rules: ClassVar[tuple[str, ...]] = ("taught", "before_after", "only_adapters", "lesson")
    writes: ClassVar[bool] = True
    free_run: ClassVar[str | None] = ADAPTED_RUN

    @property
    def recorded(self) -> tuple[str, ...]:
        return tuple(self.run_id(row, scale) for row in range(len(self.prompts)) for scale in self.scales)

    @property
    def parts(self) -> tuple[str, ...]:
        return ("adapter", "grid", "lesson")

    def run_id(self, row: int, scale: float) -> str:
        """What the picture of a prompt, counted from 0, at a scale is recorded as."""
        return f"{self.id}_{row + 1}_scale{round(100 * scale):03}"

    def run(self, row: int, scale: float, word: str) -> Run:
        """The same as a run, once the word is known."""
        prompt = self.prompts[row].replace(WORD, word)
        return Run(id=self.run_id(row, scale), parameters=self.start.model_copy(update={"prompt": prompt}))

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """What all pictures have in common."""
        if "start" in table:
            raise file.error((*at, "start"), "unknown")
        table["start"] = common_parameters(file, at, table)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "scales"), [f"{scale:g}" for scale in self.scales])
        check_all_unique(file, (*at, "prompts"), self.prompts)
        if WORD not in self.prompts[0]:  # the others may ask what became of the rest
            raise file.error((*at, "prompts", 0), "pattern", pattern=WORD)
        if not any(self.fewest_steps <= step <= self.most_steps for step in (self.steps, *self.keep)):
            raise file.error((*at, "steps"), "at_most", le=str(self.most_steps))

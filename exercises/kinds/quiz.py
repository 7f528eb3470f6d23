"""Kind `quiz`: questions about pictures that were made, whose answers stand in the manifests."""

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, Frozen, check_all_unique
from exercises.parameters import Parameters, Slug
from exercises.toml_file import TomlFile

Ask = Literal["which_run", "which_parameter", "which_claim"]
Share = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


class Question(Frozen):
    """`which_run`: of which of the runs a picture is. `which_claim`: which claim about a picture is false.

    `which_parameter`: what was changed between the first of the runs and another one.
    """

    id: Slug
    ask: Ask
    runs: tuple[Slug, ...] = Field(min_length=2, max_length=8)


class Quiz(ExerciseBase):
    """`tries` says for each try which share of a question's points a right answer still earns."""

    kind: Literal["quiz"] = "quiz"
    questions: tuple[Question, ...] = Field(min_length=1, max_length=20)
    tries: tuple[Share, ...] = Field(default=(1.0, 0.5), min_length=1, max_length=5)

    rules: ClassVar[tuple[str, ...]] = ("answered",)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(question.id for question in self.questions)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "questions"), [question.id for question in self.questions])
        if any(later > earlier for earlier, later in pairwise(self.tries)):
            raise file.error((*at, "tries"), "falling")

    def check_plan(self, file: TomlFile, at: KeyPath, planned: Mapping[str, Parameters]) -> None:
        """Questions are about planned runs; where a parameter is asked for, exactly one was changed."""
        for index, question in enumerate(self.questions):
            place = (*at, "questions", index, "runs")
            check_all_unique(file, place, question.runs)
            for run in question.runs:
                if run not in planned:
                    raise file.error(place, "a_run", run=run)
            first, *others = (planned[run] for run in question.runs)
            for run, other in zip(question.runs[1:], others, strict=True):
                changed = different(first, other)
                if question.ask == "which_parameter" and len(changed) != 1:
                    names = ", ".join(changed) or "-"
                    raise file.error(place, "one_difference", run=run, names=names)


def different(one: object, other: object) -> list[str]:
    """The parameters in which two plans, or two requests, differ."""
    return [
        name for name in Parameters.model_fields if getattr(one, name, None) != getattr(other, name, None)
    ]

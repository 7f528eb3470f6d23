"""What every kind of exercise is: an id, a title, points and texts; and what a kind may say of itself.

A kind is a module of `exercises/kinds` with one class. The loader asks that class for what only this kind
knows: how its table becomes runs (`plan`), and what must fit within the whole assignment (`check`).
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual, Language
from exercises.parameters import Parameters, Slug
from exercises.toml_file import TomlFile

Points = Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
SmallCount = Annotated[int, Field(strict=True, ge=0, le=100)]
Weight = Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)]
Moment = Annotated[AwareDatetime, Field(strict=True)]
ItemPoints = Annotated[float, Field(strict=True, ge=-1000, le=1000, allow_inf_nan=False)]


class Frozen(BaseModel):
    """A part of an assignment: unknown fields are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Run(Frozen):
    """One picture to make. `changed` names the parameter in which it differs from the baseline.

    `variant`: whose parameters these are, where they are one student's own (`exercises.variants`). `smaller`:
    where memory runs out, it is drawn smaller, and counts.
    `canvas`: its size is that of the student's own enlarged picture.
    """

    id: Slug
    parameters: Parameters
    changed: str | None = None
    variant: str | None = None
    smaller: bool = False
    canvas: bool = False


class RubricItem(Frozen):
    """What a person gives or takes points for, in both languages.

    It is offered at the exercise's checks that a person judges: at all of them, or at those of `parts` (the
    middle of a check's id) and of `rules` (its end).
    """

    id: Slug
    points: ItemPoints
    text: Bilingual
    parts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def suits(self, check_id: str) -> bool:
        """Whether it is offered at the check of this id."""
        _, part, rule = check_id.split("/", 2)
        return (not self.parts or part in self.parts) and (not self.rules or rule in self.rules)


class ExerciseBase(Frozen):
    """What all kinds share. Each kind adds `kind`, a literal of its name, and its own fields.

    An optional exercise may be left out, and its points come on top of the assignment's. `weights` says by
    rule how much of the points each check has, where they are not to have equal parts.
    """

    id: Slug
    title: Bilingual
    points: Points
    optional: Annotated[bool, Field(strict=True)] = False
    due: Moment | None = None
    weights: dict[str, Weight] = Field(default_factory=dict)
    words_minimum: SmallCount = 0
    rubric: tuple[RubricItem, ...] = Field(default=(), max_length=100)
    texts: dict[Language, str] = Field(description="the exercise's Markdown, by language")

    rules: ClassVar[tuple[str, ...]] = ()  # the names of its checks, which `weights` may name
    writes: ClassVar[bool] = False  # whether `words_minimum` says something, since words are asked for
    once: ClassVar[bool] = False  # whether an assignment may have one exercise of this kind only
    own_tab: ClassVar[bool] = (
        False  # whether the lab has a tab of the kind's name, which no other id may take
    )
    asks_apis: ClassVar[bool] = False  # whether it is done by models behind an API
    free_run: ClassVar[str | None] = None  # what its pictures are recorded as, where no run is planned

    @property
    def recorded(self) -> tuple[str, ...]:
        """The runs, apart from a free one, as which pictures of this exercise are recorded."""
        return ()

    @property
    def parts(self) -> tuple[str, ...]:
        """The middles that its checks' ids may have, which a rubric may name."""
        return self.recorded

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """Turn what the exercise's table at `at` says of runs into `table["runs"]`. Raises ExerciseError."""

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        """Raise ExerciseError for what does not fit; `runs` are the ids of all runs of the assignment."""

    def check_plan(self, file: TomlFile, at: KeyPath, planned: Mapping[str, Parameters]) -> None:
        """Raise ExerciseError for what does not fit the assignment's planned runs, by id."""


def check_rubric(file: TomlFile, at: KeyPath, exercise: ExerciseBase) -> None:
    """Items have different ids, name checks of the exercise, and are worth no more than it. Raises
    ExerciseError."""
    seen: set[str] = set()
    for index, item in enumerate(exercise.rubric):
        place = (*at, "rubric", index)
        check_unique(file, (*place, "id"), item.id, seen)
        if abs(item.points) > exercise.points:
            raise file.error((*place, "points"), "at_most", le=f"{exercise.points:g}")
        for name, known in (("parts", exercise.parts), ("rules", exercise.rules)):
            for given in getattr(item, name):
                if given not in known:
                    raise file.error((*place, name), "one_of", expected=", ".join(known))


def check_unique(file: TomlFile, at: KeyPath, name: str, seen: set[str]) -> None:
    """Add a name to those seen. Raises ExerciseError where it is among them already."""
    if name in seen:
        raise file.error(at, "once", name=name)
    seen.add(name)


def check_all_unique(file: TomlFile, at: KeyPath, names: Collection[str]) -> None:
    """Raise ExerciseError for the first name that stands there twice."""
    seen: set[str] = set()
    for name in names:
        check_unique(file, at, name, seen)

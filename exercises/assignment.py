"""What an assignment is once it has been read: exercises in order, each of one kind, each worth points.

The kinds are all there is to do in the lab: `generate` (runs with planned parameters), `sweep`
(a baseline and runs that each change exactly one parameter), `img2img` (runs that differ in
strength only, from one photo of the student's own), `studio` (free), `evaluation` (scores and
reasons), `reflection` (a text), `hand_in` (the record as a whole).
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from exercises.i18n import Bilingual, Language
from exercises.parameters import Parameters, Slug

Points = Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
SmallCount = Annotated[int, Field(strict=True, ge=0, le=100)]
Stem = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]

STUDIO_RUN = "studio"  # what pictures of a studio are recorded as


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Run(_Frozen):
    """One picture to make. `changed` names the parameter in which it differs from the baseline."""

    id: Slug
    parameters: Parameters
    changed: str | None = None


class _Exercise(_Frozen):
    id: Slug
    title: Bilingual
    points: Points
    texts: dict[Language, str] = Field(description="the exercise's Markdown, by language")


class Generate(_Exercise):
    kind: Literal["generate"] = "generate"
    runs: tuple[Run, ...]


class Sweep(_Exercise):
    """The first run is the baseline; each other one changes exactly the parameter it names."""

    kind: Literal["sweep"] = "sweep"
    runs: tuple[Run, ...]


class ImageToImage(_Exercise):
    """All runs start from one source picture, the student's own, and differ in strength only."""

    kind: Literal["img2img"] = "img2img"
    runs: tuple[Run, ...]


class Studio(_Exercise):
    """Free work: at least `minimum` pictures with whatever parameters, recorded as run `studio`."""

    kind: Literal["studio"] = "studio"
    minimum: SmallCount = 1


class Criterion(_Frozen):
    """One line of the evaluation grid, scored 0, 1 or 2."""

    id: Slug
    title: Bilingual
    hint: Bilingual


class Subject(_Frozen):
    """A picture the student must evaluate: any one of the runs named."""

    id: Slug
    title: Bilingual
    one_of: tuple[Slug, ...] = Field(min_length=1)


class Evaluation(_Exercise):
    kind: Literal["evaluation"] = "evaluation"
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=20)
    subjects: tuple[Subject, ...] = Field(min_length=1, max_length=20)
    reasons_minimum: SmallCount = 2
    reasons_maximum: SmallCount = 3


class Topic(_Frozen):
    """A point the reflection must touch, and the stems of words by which that is seen, by language.

    A stem is seen where a word of the text begins with it (or the text holds it, where it has
    several words), case and accents aside. A text may mix both languages.
    """

    id: Slug
    title: Bilingual
    words: dict[Language, tuple[Stem, ...]]


class Reflection(_Exercise):
    kind: Literal["reflection"] = "reflection"
    lines_minimum: SmallCount = 8
    lines_maximum: SmallCount = 12
    topics: tuple[Topic, ...] = Field(max_length=20)


class HandIn(_Exercise):
    """The record as a whole: the chain of manifests is unbroken and all of it is this student's."""

    kind: Literal["hand_in"] = "hand_in"


Exercise = Annotated[
    Generate | Sweep | ImageToImage | Studio | Evaluation | Reflection | HandIn,
    Field(discriminator="kind"),
]


class Assignment(_Frozen):
    id: Slug
    title: Bilingual
    points: Points
    texts: dict[Language, str]
    exercises: tuple[Exercise, ...]
    folder: Path

    def exercise(self, exercise_id: str) -> Exercise | None:
        """The exercise of that id, or None."""
        return next((e for e in self.exercises if e.id == exercise_id), None)

    def planned_runs(self) -> list[tuple[Exercise, Run]]:
        """Every planned run with its exercise, in the assignment's order."""
        return [(e, run) for e in self.exercises for run in getattr(e, "runs", ())]

"""What an assignment is once it has been read: exercises in order, each of one kind, each worth points.

The kinds are all there is to do in the lab: `generate` (runs with planned parameters), `sweep`
(a baseline and runs that each change exactly one parameter), `img2img` (runs that differ in
strength only, from one photo of the student's own), `studio` (free), `evaluation` (scores and
reasons), `reflection` (a text), `hand_in` (the record as a whole). Of an API assignment further `analyse`
(questions to a model about one's pictures), `correct` (what it got wrong), `alt_text` (alternative texts by
purpose), `compare` (one prompt, several models).
"""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from exercises.i18n import Bilingual, Language
from exercises.parameters import AssignmentId, Parameters, Slug

Points = Annotated[float, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)]
SmallCount = Annotated[int, Field(strict=True, ge=0, le=100)]
Stem = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]

STUDIO_RUN = "studio"  # what pictures of a studio are recorded as
COMPARISON_RUN = "comparison"  # and those of a comparison of models
RESERVED_RUNS = (STUDIO_RUN, COMPARISON_RUN)

Task = Literal["describe", "quality", "missing", "text", "alt_text", "question"]
TASKS: tuple[Task, ...] = get_args(Task)
Purpose = Literal["decorative", "informative", "complex"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


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


class Analyse(_Exercise):
    """A model is asked each of `tasks` about each subject's picture."""

    kind: Literal["analyse"] = "analyse"
    subjects: tuple[Subject, ...] = Field(min_length=1, max_length=20)
    tasks: tuple[Task, ...] = Field(default=("describe",), min_length=1, max_length=len(TASKS))


class Correct(_Exercise):
    """At least `minimum` claims of a model corrected; `words_minimum`: words on how each was noticed."""

    kind: Literal["correct"] = "correct"
    minimum: Annotated[int, Field(strict=True, ge=1, le=20)] = 1
    words_minimum: SmallCount = 8


class AltTexts(_Exercise):
    """An alternative text for each of the purposes."""

    kind: Literal["alt_text"] = "alt_text"
    purposes: tuple[Purpose, ...] = Field(default=PURPOSES, min_length=1, max_length=len(PURPOSES))


class Compare(_Exercise):
    """One prompt to at least `models_minimum` models; the reasons for one picture touch the topics."""

    kind: Literal["compare"] = "compare"
    models_minimum: Annotated[int, Field(strict=True, ge=2, le=10)] = 2
    words_minimum: SmallCount = 15
    topics: tuple[Topic, ...] = Field(default=(), max_length=20)


class HandIn(_Exercise):
    """The record as a whole: the chain of manifests is unbroken and all of it is this student's."""

    kind: Literal["hand_in"] = "hand_in"


Exercise = Annotated[
    Generate
    | Sweep
    | ImageToImage
    | Studio
    | Evaluation
    | Analyse
    | Correct
    | AltTexts
    | Compare
    | Reflection
    | HandIn,
    Field(discriminator="kind"),
]


class Assignment(_Frozen):
    id: AssignmentId
    title: Bilingual
    points: Points
    texts: dict[Language, str]
    exercises: tuple[Exercise, ...]
    folder: Path

    def exercise(self, exercise_id: str) -> Exercise | None:
        """The exercise of that id, or None."""
        return next((e for e in self.exercises if e.id == exercise_id), None)

    @property
    def asks_apis(self) -> bool:
        """Whether something in it is done by models behind an API."""
        return any(isinstance(e, Analyse | Correct | AltTexts | Compare) for e in self.exercises)

    def planned_runs(self) -> list[tuple[Exercise, Run]]:
        """Every planned run with its exercise, in the assignment's order."""
        return [(e, run) for e in self.exercises for run in getattr(e, "runs", ())]

"""Kind `observe`: what is seen in the pictures of another exercise, and what follows from all of them."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, check_unique
from exercises.kinds.planned import runs_in
from exercises.parameters import Slug
from exercises.toml_file import TomlFile


class Question(Frozen):
    """One thing to write about, in at least `words_minimum` different words."""

    id: Slug
    title: Bilingual
    words_minimum: Annotated[int, Field(strict=True, ge=1, le=50)] = 3


class Observe(ExerciseBase):
    """Each of `questions` is answered for every picture of the exercise `of`, each of `conclusions` once.

    `pictures` are the runs of that exercise; the loader fills them in.
    """

    kind: Literal["observe"] = "observe"
    of: Slug
    pictures: tuple[Slug, ...] = Field(min_length=1)
    questions: tuple[Question, ...] = Field(min_length=1, max_length=10)
    conclusions: tuple[Question, ...] = Field(default=(), max_length=10)

    rules: ClassVar[tuple[str, ...]] = ("observed",)

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(question.id for question in (*self.questions, *self.conclusions))

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The runs of the exercise that `of` names. Raises ExerciseError."""
        if "pictures" in table:
            raise file.error((*at, "pictures"), "unknown")
        planned, of = runs_in(file), table.get("of")
        if not isinstance(of, str) or not planned.get(of):
            raise file.error((*at, "of"), "planned_exercise", exercises=", ".join(planned)[:200])
        table["pictures"] = planned[of]

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        seen: set[str] = set()
        for name in ("questions", "conclusions"):
            for index, question in enumerate(getattr(self, name)):
                check_unique(file, (*at, name, index, "id"), question.id, seen)

"""Kind `observe`: what is seen in the pictures of another exercise, and what follows from all of them."""

from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, check_unique
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

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The runs of the exercise that `of` names. Raises ExerciseError."""
        if "pictures" in table:
            raise file.error((*at, "pictures"), "unknown")
        runs = _runs_of(file, table.get("of"))
        if not runs:
            raise file.error((*at, "of"), "planned_exercise", exercises=", ".join(_planned(file))[:200])
        table["pictures"] = tuple(runs)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        seen: set[str] = set()
        for name in ("questions", "conclusions"):
            for index, question in enumerate(getattr(self, name)):
                check_unique(file, (*at, name, index, "id"), question.id, seen)


def _planned(file: TomlFile) -> dict[str, dict[str, Any]]:
    """The runs of each exercise that plans some, by the exercise's id, as they stand in the file."""
    tables = file.data.get("exercises")
    found = {}
    for table in tables if isinstance(tables, list) else ():
        runs = table.get("runs") if isinstance(table, dict) else None
        if isinstance(runs, dict) and isinstance(table.get("id"), str):
            found[table["id"]] = runs
    return found


def _runs_of(file: TomlFile, exercise: object) -> list[str]:
    return list(_planned(file).get(exercise, ())) if isinstance(exercise, str) else []

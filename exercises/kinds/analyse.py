"""Kind `analyse`: a model is asked about pictures of the student's own."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, check_all_unique
from exercises.kinds.parts import TASKS, Subject, Task, check_subjects
from exercises.toml_file import TomlFile


class Analyse(ExerciseBase):
    """A model is asked each of `tasks` about each subject's picture."""

    kind: Literal["analyse"] = "analyse"
    subjects: tuple[Subject, ...] = Field(min_length=1, max_length=20)
    tasks: tuple[Task, ...] = Field(default=("describe",), min_length=1, max_length=len(TASKS))

    rules: ClassVar[tuple[str, ...]] = tuple(f"asked_{task}" for task in TASKS)
    asks_apis: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(subject.id for subject in self.subjects)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_subjects(file, at, self.subjects, runs)
        check_all_unique(file, (*at, "tasks"), self.tasks)

"""Kind `evaluation`: pictures scored by criteria, with reasons."""

from collections.abc import Collection
from typing import ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, SmallCount, check_unique
from exercises.kinds.parts import Subject, check_subjects
from exercises.parameters import Slug
from exercises.toml_file import TomlFile


class Criterion(Frozen):
    """One line of the evaluation grid, scored 0, 1 or 2."""

    id: Slug
    title: Bilingual
    hint: Bilingual


class Evaluation(ExerciseBase):
    kind: Literal["evaluation"] = "evaluation"
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=20)
    subjects: tuple[Subject, ...] = Field(min_length=1, max_length=20)
    reasons_minimum: SmallCount = 2
    reasons_maximum: SmallCount = 3

    rules: ClassVar[tuple[str, ...]] = ("subject", "scores", "total", "reasons")
    writes: ClassVar[bool] = True
    own_tab: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(subject.id for subject in self.subjects)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        seen: set[str] = set()
        for index, criterion in enumerate(self.criteria):
            check_unique(file, (*at, "criteria", index, "id"), criterion.id, seen)
        check_subjects(file, at, self.subjects, runs)
        if self.reasons_minimum > self.reasons_maximum:
            raise file.error((*at, "reasons_maximum"), "at_least", ge=self.reasons_minimum)

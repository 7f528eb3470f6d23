"""Kind `recognise`: of mixed pictures which is a photograph, which composed, which generated, and how sure.

What is right stands in the assignment and beside it in `pictures/`. Each student is asked about others of
them, in another order.
"""

import hashlib
from collections.abc import Collection
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, StringConstraints

from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, SmallCount, check_all_unique
from exercises.toml_file import TomlFile

Origin = Literal["photo", "composed", "generated"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
FOLDER = "pictures"
LEAST = 2  # of each origin, however few are asked about
SURE_LEAST, SURE_MOST = 50, 100  # percent

FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}\.(webp|png|jpg)$")]


class Mixed(Frozen):
    """One of the pictures: its file in `pictures/`, what it is, and what gives it away."""

    file: FileName
    origin: Origin
    tells: Bilingual

    @property
    def stem(self) -> str:
        return self.file.partition(".")[0]


class Recognise(ExerciseBase):
    """Each student is asked about `asked` of the pictures, and writes `words_minimum` words in the end."""

    kind: Literal["recognise"] = "recognise"
    pictures: tuple[Mixed, ...] = Field(min_length=3 * LEAST, max_length=90)
    asked: Annotated[int, Field(strict=True, ge=3 * LEAST, le=30)] = 12
    why_words: Annotated[int, Field(strict=True, ge=1, le=20)] = 2
    words_minimum: SmallCount = 30

    rules: ClassVar[tuple[str, ...]] = ("judged", "gave_away", "about_it")
    writes: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("pictures", "words")

    @property
    def least(self) -> int:
        """How many of each origin everybody is asked about; the rest is by lot, so that nobody can count."""
        return max(LEAST, self.asked // 4)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "pictures"), [picture.stem for picture in self.pictures])
        if self.asked > len(self.pictures):
            raise file.error((*at, "asked"), "at_most", le=len(self.pictures))
        for place, picture in enumerate(self.pictures):
            if not (file.path.parent / FOLDER / picture.file).is_file():
                raise file.error((*at, "pictures", place, "file"), "file")
        for origin in ORIGINS:
            if sum(picture.origin == origin for picture in self.pictures) < self.least:
                raise file.error((*at, "pictures"), "of_each_origin", minimum=self.least, origin=origin)

    def asked_of(self, assignment: str, student: str) -> tuple[Mixed, ...]:
        """What this student is asked about, in their order: at least `least` of each origin."""

        def drawn(why: str) -> list[Mixed]:
            return sorted(self.pictures, key=lambda p: _rank(assignment, self.id, student, why, p.file))

        by_lot = drawn("which")
        chosen = [p for origin in ORIGINS for p in [q for q in by_lot if q.origin == origin][: self.least]]
        chosen += [picture for picture in by_lot if picture not in chosen][: self.asked - len(chosen)]
        return tuple(picture for picture in drawn("order") if picture in chosen)


def _rank(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

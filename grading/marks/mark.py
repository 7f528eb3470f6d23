"""A mark: what a person says of one check of one student, or of one exercise as a whole.

Rule: a decision holds the whole mark as it is from then on. So the newest decision is the mark, the one
before it is what an undo brings back, and nothing has to be added up.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

MAX_COMMENTS = 50
LONGEST = 4000  # characters of a comment or a reason

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Student = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
CheckName = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST)]
Given = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]

NAME = "name:"  # before another name of a student, in place of a check's id


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spot(_Kept):
    """A place in a picture: the SHA-256 of its file, and how far from the left and the top, from 0 to 1."""

    kind: Literal["spot"] = "spot"
    picture: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    x: Fraction
    y: Fraction


class Passage(_Kept):
    """Words of the student's own, as they stood there."""

    kind: Literal["passage"] = "passage"
    quote: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class Comment(_Kept):
    """What a person says, of everything or of one place."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
    place: Annotated[Spot | Passage, Field(discriminator="kind")] | None = None


class Mark(_Kept):
    """`items` are ids of the exercise's rubric; `points` are given by hand and go before the items.

    A mark without either decides nothing: the check stays as it was computed. `confirmed` belongs to names
    (`NAME`), `flag` to exercises: somebody should look at it again.
    """

    items: tuple[Annotated[str, StringConstraints(max_length=64)], ...] = Field(default=(), max_length=100)
    points: Given | None = None
    reason: Words = ""
    comments: tuple[Comment, ...] = Field(default=(), max_length=MAX_COMMENTS)
    confirmed: bool = False
    flag: bool = False

    @property
    def decides(self) -> bool:
        """Whether it gives or refuses points."""
        return self.points is not None or bool(self.items)


class Decision(_Kept):
    """One line of the history. `version` counts from 1 within a student's check; `undoes` names a version."""

    student: Student
    check: CheckName
    version: Annotated[int, Field(ge=1)]
    author: Author
    time: AwareDatetime
    mark: Mark
    undoes: int | None = None


NOTHING = Mark()

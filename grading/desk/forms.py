"""What a person sent: the form of one place, read into the marks that they want.

Rule: a mark is wanted only where it differs from the one that the person had before them, so nobody writes
what they did not touch. What is no number, or has no reason where one is needed, is told, and nothing
is saved.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from exercises.errors import CatalogueError
from grading.desk.queue import Place
from grading.desk.seats import is_asked
from grading.marks.mark import LONGEST, MAX_COMMENTS, Comment, Mark, Passage, Spot
from grading.marks.store import Wanted
from grading.results import CheckResult

MAX_BYTES = 2**20
MAX_FIELDS = 5000
SeenAt = Callable[[str, int], Mark]


class FormError(CatalogueError):
    """What is wrong in what was sent; nothing was saved."""

    package = "grading"


@dataclass(frozen=True)
class Form:
    """The fields of a form: each name may stand several times."""

    fields: Mapping[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])


async def read_form(request: Request) -> Form:
    """The form a page sent. Raises FormError where it is too large or no form."""
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            raise FormError("desk.too_large")
    try:
        fields = parse_qs(data.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise FormError("desk.no_form") from None
    return Form(fields)


def wanted_marks(form: Form, place: Place, seen_at: SeenAt) -> list[Wanted]:
    """The marks of a place that the form changes, its comments included. Raises FormError.

    `seen_at` gives a check's mark as of a version, which is what the person had before them.
    """
    student, wanted = place.seat.entry.name, []
    for check in place.seat.checks(place.exercise.id):
        if f"version:{check.id}" not in form.fields:
            continue
        version = whole_number(form.one(f"version:{check.id}"))
        seen = seen_at(check.id, version)
        mark = seen.model_copy(
            update={
                "items": tuple(dict.fromkeys(form.all(f"items:{check.id}"))),
                "points": points_in(form.one(f"points:{check.id}"), check),
                "reason": form.one(f"reason:{check.id}").strip()[:LONGEST],
            }
        )
        if mark == seen:
            continue
        if mark.points is not None and not mark.reason and (mark.items or not is_asked(check)):
            raise FormError("desk.reason_needed", check=check.title)
        wanted.append(Wanted(student, check.id, version, _valid(mark)))
    name = place.exercise.id
    version = whole_number(form.one(f"version:{name}"))
    seen = seen_at(name, version)
    mark = seen.model_copy(update={"flag": bool(form.one("flag")), "comments": _comments(form, seen)})
    if mark != seen:
        wanted.append(Wanted(student, name, version, _valid(mark)))
    return wanted


def points_in(text: str, check: CheckResult) -> float | None:
    """The points typed, with a point or a comma; None where nothing was. Raises FormError."""
    if not text.strip():
        return None
    try:
        points = float(text.strip().replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points <= check.maximum:
        raise FormError("desk.points", check=check.title, points=text[:40], maximum=f"{check.maximum:g}")
    return round(points, 2)


def _comments(form: Form, seen: Mark) -> tuple[Comment, ...]:
    """Those there were, without one that is taken away, and the new one."""
    comments = list(seen.comments)
    action, _, value = form.one("action").partition(":")
    if action == "remove" and (number := whole_number(value)) < len(comments):
        del comments[number]
    said = [value if action == "bank" else "", form.one("comment")]
    for text in filter(str.strip, said):
        if len(comments) >= MAX_COMMENTS:
            raise FormError("desk.too_many_comments", most=MAX_COMMENTS)
        try:
            comments.append(Comment(text=text.replace("\r\n", "\n"), place=_place(form)))
        except ValidationError:
            raise FormError("desk.comment", most=LONGEST) from None
    return tuple(comments)


def _place(form: Form) -> Spot | Passage | None:
    if picture := form.one("spot"):
        try:
            return Spot(picture=picture, x=float(form.one("x") or 0.5), y=float(form.one("y") or 0.5))
        except (ValidationError, ValueError):
            raise FormError("desk.no_form") from None
    if quote := form.one("quote").strip():
        return Passage(quote=quote[:LONGEST])
    return None


def wanted_of(text: str, student: str) -> list[Wanted]:
    """Marks that a page of the desk carries along, as JSON (`packed`). Raises FormError."""
    try:
        return [Wanted(student, check, version, mark) for check, version, mark in _PACKED.validate_json(text)]
    except ValidationError:
        raise FormError("desk.no_form") from None


def packed(wanted: list[Wanted]) -> str:
    """The marks as JSON, for a page to carry along."""
    return _PACKED.dump_json([(w.check, w.version, w.mark) for w in wanted]).decode()


_PACKED = TypeAdapter(list[tuple[str, int, Mark]])


def _valid(mark: Mark) -> Mark:
    """The mark with its bounds checked: a copy is not."""
    try:
        return Mark.model_validate(mark.model_dump())
    except ValidationError:
        raise FormError("desk.no_form") from None


def whole_number(text: str) -> int:
    """A version or another number that a page of ours wrote. Raises FormError."""
    if not text.isdecimal() or len(text) > 9:
        raise FormError("desk.no_form")
    return int(text)

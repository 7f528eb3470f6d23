"""One place to judge: an exercise of a student, with all that helps beside the form; and what is saved."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from exercises.kinds.base import RubricItem
from grading.desk.evidence import Evidence, evidence
from grading.desk.forms import Form, FormError, packed, read_form, wanted_marks, wanted_of
from grading.desk.queue import (
    ORDERS,
    SHOWS,
    Order,
    Place,
    Show,
    neighbours,
    place_of,
    places,
    wanted,
)
from grading.desk.seats import Seat, is_asked
from grading.desk.veil import Veil
from grading.desk.visit import Desk, Visit
from grading.marks.applying import rubric_of
from grading.marks.mark import LONGEST, NAME, NOTHING, Comment, Decision, Mark
from grading.marks.store import Conflict, Wanted, standing
from grading.marks.totals import explained
from grading.reports.lateness import lateness_words, times_words
from grading.results import CheckResult
from grading.submission.files import Unreadable


@dataclass(frozen=True)
class Row:
    """A check in the form: with its rubric, its mark, and what was decided before."""

    check: CheckResult
    asked: bool
    rubric: tuple[RubricItem, ...]
    mark: Mark
    version: int
    history: tuple[Decision, ...]

    @property
    def can_undo(self) -> bool:
        return standing(self.history) >= 0


@dataclass(frozen=True)
class Around:
    """The way through the queue: what was asked for, where one is in it, and what comes before and after."""

    order: Order
    show: Show
    before: str
    after: str
    left: int

    @property
    def query(self) -> str:
        return f"?by={self.order}&show={self.show}"


def router(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.get("/mark/{exercise}/{key}")
    def place_page(request: Request, exercise: str, key: str) -> Response:
        return _page(Visit.of(desk, request), exercise, key)

    @routes.post("/mark/{exercise}/{key}")
    async def save(request: Request, exercise: str, key: str) -> Response:
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        return await run_in_threadpool(_save, visit, form, exercise, key)

    return routes


def find_place(visit: Visit, exercise: str, key: str) -> tuple[Place, list[Seat]]:
    """The place, and everyone in the order of the queue. Raises HTTPException: there is none."""
    seats = visit.seats()
    found = visit.desk.seats.assignment.exercise(exercise)
    seat = next((seat for seat in seats if seat.key == key), None)
    if found is None or seat is None:
        raise HTTPException(404)
    return place_of(found, seat, visit.wishes()), seats


def _page(visit: Visit, exercise: str, key: str, status: int = 200, **more: object) -> Response:
    place, seats = find_place(visit, exercise, key)
    beside, veil = _evidence(visit, place, seats)
    rows = [_row(visit, place, check) for check in place.seat.checks(exercise)]
    grade = place.seat.grade
    values: dict[str, object] = {
        "place": place,
        "seat": place.seat,
        "exercise": place.exercise,
        "name": veil.name(place.seat),
        "veil": veil,
        "around": _around(visit, place, seats),
        "evidence": beside,
        "asked": [row for row in rows if row.asked],
        "others": [row for row in rows if not row.asked],
        "mark": place.seat.mark(exercise),
        "version": place.seat.version(exercise),
        "history": visit.desk.seats.store.history(place.seat.entry.name, exercise),
        "bank": visit.desk.seats.store.saved_comments(exercise),
        "findings": [visit.unnamed(veil.text(text)) for text in (*grade.for_grader, *grade.findings)],
        "wish": place.wish,
        "wish_reason": veil.text(place.wish.reason) if place.wish else "",
        "longest": LONGEST,
        "late": lateness_words(grade.lateness, visit.t),
        "times": times_words(grade.lateness, visit.t),
        "spots": _spots(place.seat.mark(exercise)),
        "problem_here": "",
        "draft": Form(),
        "explained": explained(grade, visit.desk.seats.assignment, visit.language),
        "item_text": item_text(visit, place),
        "titles": visit.desk.seats.titles(visit.language),
        "names": [name for name in beside.names if not place.seat.mark(NAME + name).confirmed],
    }
    return visit.page("place.html.j2", status, **(values | more))


def _save(visit: Visit, form: Form, exercise: str, key: str) -> Response:
    place, seats = find_place(visit, exercise, key)
    action, _, value = form.one("action").partition(":")
    store, student = visit.desk.seats.store, place.seat.entry.name
    around = _around(visit, place, seats)
    stay = f"{visit.root}/mark/{quote(exercise)}/{quote(key)}{around.query}"
    chosen: list[Wanted] = []

    def seen_at(check: str, version: int) -> Mark:
        history = store.history(student, check) if version else []
        if version > len(history):
            raise FormError("desk.no_form")
        return history[version - 1].mark if version else NOTHING

    try:
        if action == "undo":
            store.undo(visit.grader, student, value, int(form.one(f"version:{value}") or 0))
            return RedirectResponse(stay, 303)
        if action == "confirm":
            name = NAME + value
            mark = Mark(confirmed=True)
            store.save(visit.grader, [Wanted(student, name, place.seat.version(name), mark)])
            return RedirectResponse(stay, 303)
        if action == "forget":
            store.forget_comment(int(value))
            return RedirectResponse(stay, 303)
        chosen = _resolved(form, student) if action == "resolve" else wanted_marks(form, place, seen_at)
        if chosen:
            store.save(visit.grader, chosen)
    except Conflict as conflict:
        return _conflict(visit, place, seats, conflict, chosen)
    except FormError as error:
        told = error.in_language(visit.language)
        return _page(visit, exercise, key, 400, problem_here=told, draft=form)
    except (LookupError, ValueError, OverflowError):  # nothing to undo, or no name or number of ours
        return RedirectResponse(stay, 303)
    if form.one("keep") and form.one("comment").strip():
        store.keep_comment(exercise, form.one("comment").strip())
    if action == "next" and around.after:
        return RedirectResponse(around.after, 303)
    return RedirectResponse(f"{visit.root}/" if action == "next" else stay, 303)


def _conflict(
    visit: Visit, place: Place, seats: list[Seat], conflict: Conflict, chosen: list[Wanted]
) -> Response:
    """Both versions side by side; nothing was written."""
    veil = visit.veil(seats, place.seat)
    clashing = {mine.check for mine, _ in conflict.pairs}
    return visit.page(
        "conflict.html.j2",
        409,
        place=place,
        name=veil.name(place.seat),
        veil=veil,
        pairs=conflict.pairs,
        titles=visit.desk.seats.titles(visit.language),
        rest=packed([each for each in chosen if each.check not in clashing]),
        mine={
            mine.check: packed([Wanted(mine.student, mine.check, theirs.version, mine.mark)])
            for mine, theirs in conflict.pairs
        },
        both={
            mine.check: packed(
                [Wanted(mine.student, mine.check, theirs.version, _together(mine.mark, theirs.mark))]
            )
            for mine, theirs in conflict.pairs
            if "/" not in mine.check
        },
        around=_around(visit, place, seats),
        item_text=item_text(visit, place),
    )


def _resolved(form: Form, student: str) -> list[Wanted]:
    """What the person chose of both versions; theirs, where nothing was chosen, is there already."""
    chosen = wanted_of(form.one("rest") or "[]", student)
    for name in form.all("clash"):
        if (choice := form.one(f"choose:{name}")) in ("mine", "both"):
            chosen += wanted_of(form.one(f"{choice}:{name}"), student)
    return chosen


def _together(mine: Mark, theirs: Mark) -> Mark:
    """Their comments and those of mine that they have not."""
    more = tuple(comment for comment in mine.comments if comment not in theirs.comments)
    return theirs.model_copy(update={"comments": (*theirs.comments, *more), "flag": mine.flag or theirs.flag})


def _row(visit: Visit, place: Place, check: CheckResult) -> Row:
    seat = place.seat
    return Row(
        check,
        is_asked(check),
        tuple(rubric_of(visit.desk.seats.assignment, check.id)),
        seat.mark(check.id),
        seat.version(check.id),
        tuple(visit.desk.seats.store.history(seat.entry.name, check.id)) if seat.version(check.id) else (),
    )


def item_text(visit: Visit, place: Place) -> dict[str, str]:
    """The words of each item of the exercise's rubric."""
    return {item.id: item.text(visit.language) for item in place.exercise.rubric}


def _evidence(visit: Visit, place: Place, seats: list[Seat]) -> tuple[Evidence, Veil]:
    assignment = visit.desk.seats.assignment
    try:
        with visit.desk.works.reading(place.seat, assignment) as submission:
            names = (submission.student, *submission.other_names, *submission.also)
            veil = visit.veil(seats, place.seat, names)
            return evidence(assignment, place.exercise, submission, veil, visit.t), veil
    except Unreadable:
        return Evidence((), (), ()), visit.veil(seats, place.seat)


def _around(visit: Visit, place: Place, seats: list[Seat]) -> Around:
    asked = visit.request.query_params
    order = next((each for each in ORDERS if each == asked.get("by")), ORDERS[0])
    show = next((each for each in SHOWS if each == asked.get("show")), SHOWS[0])
    everything = places(visit.desk.seats.assignment, seats, order, visit.wishes())
    before, after = neighbours(everything, place.exercise.id, place.seat.key, show)
    around = Around(order, show, "", "", len(wanted(everything, show)))

    def address(found: Place | None) -> str:
        return f"{visit.root}/mark/{quote(found.exercise.id)}/{found.seat.key}{around.query}" if found else ""

    return Around(order, show, address(before), address(after), around.left)


def _spots(mark: Mark) -> dict[str, list[tuple[int, Comment]]]:
    """The comments on places in pictures, by picture, each with its number."""
    found: dict[str, list[tuple[int, Comment]]] = {}
    for number, comment in enumerate(mark.comments, 1):
        if comment.place is not None and comment.place.kind == "spot":
            found.setdefault(comment.place.picture, []).append((number, comment))
    return found

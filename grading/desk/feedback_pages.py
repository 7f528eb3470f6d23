"""Giving it back: publish the feedback of all or some, and answer what students ask to be looked at again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from grading.desk.forms import Form, FormError, read_form, whole_number
from grading.desk.seats import Seat
from grading.desk.visit import Desk, Visit, back
from grading.feedback.document import MAX_BYTES, Feedback, LookAgain
from grading.feedback.publishing import FILE, PublishError, publish
from grading.marks.mark import LONGEST
from manifests.reader import read_regular_file


@dataclass(frozen=True)
class Row:
    """One who may be told their grade: when they were last, and whether the grade is another one since."""

    seat: Seat
    name: str
    published: datetime | None
    changed: bool


@dataclass(frozen=True)
class Wish:
    """One wish with the one whose it is, as the page names them, and the title of the exercise. `key` is of
    the work it is about; None where there is no such work, and so no place for it in the queue."""

    asked: LookAgain
    name: str
    reason: str
    title: str
    key: str | None


def router(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.get("/publish")
    def overview(request: Request) -> Response:
        return _publish_page(Visit.of(desk, request))

    @routes.post("/publish")
    async def send(request: Request) -> Response:
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        return await run_in_threadpool(_publish, visit, form)

    @routes.get("/requests")
    def wishes(request: Request) -> Response:
        return _requests_page(Visit.of(desk, request))

    @routes.post("/requests")
    async def answer(request: Request) -> Response:
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        return await run_in_threadpool(_answer, visit, form)

    return routes


def _publish_page(visit: Visit, status: int = 200, failed: tuple[str, ...] = (), sent: int = 0) -> Response:
    rows = _rows(visit)
    return visit.page(
        "publish.html.j2",
        status,
        rows=rows,
        groups=sorted({group for row in rows for group in row.seat.entry.groups}),
        carried=visit.desk.carrier is not None,
        failed=failed,
        sent=sent,
    )


def _rows(visit: Visit) -> list[Row]:
    """Everyone who handed something in."""
    seats = [seat for seat in visit.seats() if not seat.grade.missing]
    veil = visit.veil(seats)
    rows = []
    for seat in seats:
        told = _last(visit.desk.seats.out / seat.entry.folder / FILE)
        changed = told is not None and (told.total, told.gradable) != (seat.grade.total, seat.grade.gradable)
        rows.append(Row(seat, veil.name(seat), told.time if told else None, changed))
    return rows


def _last(file: Path) -> Feedback | None:
    try:
        return Feedback.model_validate_json(read_regular_file(file, MAX_BYTES))
    except (OSError, ValidationError):
        return None


def _publish(visit: Visit, form: Form) -> Response:
    """Send it to all, to those of whom nothing is open, to a group, or to those that are ticked."""
    rows, who = _rows(visit), form.one("who")
    if who == "group":
        rows = [row for row in rows if form.one("group") in row.seat.entry.groups]
    elif who == "chosen":
        rows = [row for row in rows if row.seat.key in form.all("student")]
    elif who == "judged":
        rows = [row for row in rows if not row.seat.grade.open]
    elif who != "all":
        raise FormError("desk.nobody_chosen")
    if not rows:
        raise FormError("desk.nobody_chosen")
    outcomes = publish(
        [(row.seat.entry.folder, row.seat.grade) for row in rows],
        visit.desk.seats.assignment,
        visit.desk.seats.out,
        visit.desk.carrier,
        begins=_moment(form.one("at")),
    )
    names = {row.seat.entry.name: row.name for row in rows}
    failed = tuple(
        visit.t("desk.not_published", name=names[o.student], reason=o.error.in_language(visit.language))
        for o in outcomes
        if o.error
    )
    return _publish_page(visit, 502 if failed else 200, failed, len(outcomes) - len(failed))


def _moment(text: str) -> datetime | None:
    """As a browser's field for a time writes it, in this machine's time zone. Raises FormError."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise FormError("desk.no_moment", text=text[:40]) from None
    return None if moment <= datetime.now(UTC) else moment


def _requests_page(visit: Visit, status: int = 200, problem: str = "") -> Response:
    visit.desk.wishes.forget()
    wishes = _wishes(visit)
    if not problem and (failed := visit.desk.wishes.problem):
        status, problem = 502, failed.in_language(visit.language)
    waiting = [wish for wish in wishes if wish.asked.answer is None]
    return visit.page(
        "requests.html.j2",
        status,
        waiting=[wish for wish in waiting if wish.key],
        lost=[wish for wish in waiting if not wish.key],
        answered=[wish for wish in wishes if wish.asked.answer is not None],
        carried=visit.desk.carrier is not None,
        problem_here=problem,
        longest=LONGEST,
    )


def _wishes(visit: Visit) -> list[Wish]:
    """Those about submissions that one may see; with the whole class, also those about none that is here."""
    seats = visit.seats()
    by_name = {seat.entry.name: seat for seat in seats}
    assignment = visit.desk.seats.assignment
    found = []
    for each in visit.wishes().values():
        seat = by_name.get(each.student)
        if seat is None and not visit.sees_all:
            continue
        veil = visit.veil(seats, of=seat)
        exercise = assignment.exercise(each.exercise)
        title = exercise.title(visit.language) if exercise else each.exercise
        name = veil.name(seat) if seat else veil.line(each.student)
        key = seat.key if seat and seat.grade.gradable and exercise else None
        found.append(Wish(each, name, veil.text(each.reason), title, key))
    return found


def _answer(visit: Visit, form: Form) -> Response:
    number, answer = whole_number(form.one("number")), form.one("answer").strip().replace("\r\n", "\n")
    if not answer or len(answer) > LONGEST:
        raise FormError("desk.no_answer", most=LONGEST)
    if not any(wish.asked.number == number for wish in _wishes(visit)):
        raise FormError("desk.not_here")
    try:
        visit.desk.wishes.answer(number, answer, visit.grader)
    except PublishError as error:
        return _requests_page(visit, 502, error.in_language(visit.language))
    return back(visit.root, form.one("back"))

"""Short answers that are alike, judged at once: a person sees every one of them before anything is given."""

from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from exercises.kinds import Exercise
from grading.desk.forms import Form, FormError, points_in, read_form, whole_number
from grading.desk.seats import Seat
from grading.desk.similar import groups
from grading.desk.veil import Veil
from grading.desk.visit import Desk, Visit
from grading.marks.applying import rubric_of
from grading.marks.store import Conflict, Wanted
from grading.results import CheckResult


@dataclass(frozen=True)
class Member:
    seat: Seat
    name: str
    text: str
    version: int
    check: CheckResult


def router(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.get("/groups/{exercise}")
    def overview(request: Request, exercise: str, check: str = "") -> Response:
        return _groups(Visit.of(desk, request), exercise, check)

    @routes.post("/groups/{exercise}")
    async def give(request: Request, exercise: str) -> Response:
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        return await run_in_threadpool(_give, visit, form, exercise)

    return routes


def _groups(visit: Visit, exercise: str, check: str, message: str = "", status: int = 200) -> Response:
    """The groups of open answers to one check of an exercise."""
    found, members, titles = _members(visit, exercise, check)
    check = check if check in titles else next(iter(titles), "")
    if members and next(iter(members.values())).check.id != check:
        found, members, titles = _members(visit, exercise, check)
    told = groups({key: member.text for key, member in members.items()})
    return visit.page(
        "groups.html.j2",
        status,
        exercise=found,
        check=check,
        titles=titles,
        groups=[[members[key] for key in group.keys] for group in told],
        alone=len(members) - sum(len(group.keys) for group in told),
        rubric=rubric_of(visit.desk.seats.assignment, check) if check else [],
        message=message,
    )


def _members(visit: Visit, exercise: str, check: str) -> tuple[Exercise, dict[str, Member], dict[str, str]]:
    """Who still waits for a person at this check, by key; and the checks there are. Raises HTTPException."""
    assignment = visit.desk.seats.assignment
    found = assignment.exercise(exercise)
    if found is None:
        raise HTTPException(404)
    hidden = visit.desk.hides_names
    seats = visit.seats()
    named = visit.desk.seats.titles(visit.language)
    titles = {each.id: named.get(each.id, each.title) for seat in seats for each in seat.asked(exercise)}
    check = check if check in titles else next(iter(titles), "")
    members: dict[str, Member] = {}
    for seat in seats:
        one = next((each for each in seat.asked(exercise) if each.id == check), None)
        if one is None or not one.needs_person:
            continue
        text = visit.desk.works.answer(seat, assignment, check)
        veil = Veil(seats if hidden else (), visit.t, on=hidden, of=seat)
        members[seat.key] = Member(seat, veil.name(seat), veil.text(text), seat.version(check), one)
    return found, members, titles


def _give(visit: Visit, form: Form, exercise: str) -> Response:
    """Ask the person to confirm; confirmed, give it to all that are ticked, or to nobody."""
    check = form.one("check")
    found, members, titles = _members(visit, exercise, check)
    chosen = [members[key] for key in form.all("member") if key in members]
    if (judged := len(form.all("member")) - len(chosen)) and form.one("confirmed"):
        return _groups(visit, exercise, check, visit.t("desk.group_conflict", count=judged), 409)
    if check not in titles or not chosen:
        return _groups(visit, exercise, check, visit.t("desk.nobody"), 400)
    known = {item.id for item in rubric_of(visit.desk.seats.assignment, check)}
    items = tuple(item for item in form.all("items") if item in known)
    try:
        points = points_in(form.one("points"), min((m.check for m in chosen), key=lambda c: c.maximum))
    except FormError as error:
        return _groups(visit, exercise, check, error.in_language(visit.language), 400)
    if points is not None and items and not form.one("reason").strip():
        needed = FormError("desk.reason_needed", check=titles[check])
        return _groups(visit, exercise, check, needed.in_language(visit.language), 400)
    if points is None and not items:
        return _groups(visit, exercise, check, visit.t("desk.nothing_chosen"), 400)
    if form.one("confirmed") != "yes":
        return visit.page(
            "confirm.html.j2",
            exercise=found,
            check=check,
            title=titles[check],
            members=chosen,
            items=[item for item in rubric_of(visit.desk.seats.assignment, check) if item.id in items],
            points=points,
            reason=form.one("reason").strip()[:1000],
        )
    wanted = []
    for member in chosen:
        version = whole_number(form.one(f"version:{member.seat.key}"))
        mark = member.seat.mark(check).model_copy(
            update={"items": items, "points": points, "reason": form.one("reason").strip()[:1000]}
        )
        wanted.append(Wanted(member.seat.entry.name, check, version, mark))
    try:
        visit.desk.seats.store.save(visit.grader, wanted)
    except Conflict as conflict:
        names = visit.t("desk.group_conflict", count=len(conflict.pairs))
        return _groups(visit, exercise, check, names, 409)
    return RedirectResponse(f"{visit.root}/groups/{quote(exercise)}?check={quote(check)}", 303)

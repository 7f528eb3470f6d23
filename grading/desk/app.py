"""The desk as an application: the pages on which people judge a class, ready for a server."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from grading.class_.grade import GradingError
from grading.desk import feedback_pages, group_pages, place_pages
from grading.desk.forms import FormError, read_form
from grading.desk.gate import DeskGate
from grading.desk.queue import ORDERS, SHOWS, graders, places, progress, wanted
from grading.desk.seats import Seats
from grading.desk.visit import GRADER, HIDDEN, LANGUAGE, YEAR, Desk, Visit, as_cookie, back
from grading.desk.wishes import Wishes
from grading.desk.works import Works, picture
from grading.feedback.publishing import GatewayCarrier
from grading.marks.lines import LINES, to_lines
from grading.reports.lateness import lateness_words
from grading.submission.files import Unreadable

STATIC = {"desk.css": "text/css", "desk.js": "text/javascript"}


def open_desk(
    submissions: Path,
    assignment: Assignment,
    out: Path,
    token: str,
    language: Language,
    carrier: GatewayCarrier | None = None,
) -> Desk:
    """What a desk over these folders works on. Raises OSError."""
    seats, wishes = Seats(submissions, assignment, out, language), Wishes(carrier, assignment.id)
    return Desk(seats, Works(), token, carrier, wishes)


def build_desk(desk: Desk) -> FastAPI:
    """The application. Who may enter is the gate's business."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        closed = threading.Event()
        prepare(desk, closed)
        yield
        closed.set()

    app = FastAPI(title="GenAI Lab desk", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(DeskGate, token=desk.token)
    app.include_router(place_pages.router(desk))
    app.include_router(group_pages.router(desk))
    app.include_router(feedback_pages.router(desk))

    @app.exception_handler(FormError)
    async def wrong(request: Request, error: Exception) -> Response:
        visit = Visit.of(desk, request)
        told = error.in_language(visit.language) if isinstance(error, FormError) else str(error)
        return await run_in_threadpool(visit.page, "message.html.j2", 400, message=told)

    @app.exception_handler(GradingError)
    async def unreadable(request: Request, error: Exception) -> Response:
        visit = Visit.of(desk, request)
        told = error.in_language(visit.language) if isinstance(error, GradingError) else str(error)
        return await run_in_threadpool(visit.page, "message.html.j2", 503, message=told)

    @app.exception_handler(404)
    async def nowhere(request: Request, _: Exception) -> Response:
        visit = Visit.of(desk, request)
        return await run_in_threadpool(visit.page, "message.html.j2", 404, message=visit.t("desk.not_here"))

    @app.get("/")
    def overview(request: Request) -> HTMLResponse:
        """What there is to do, who did what, and everyone."""
        visit = Visit.of(desk, request)
        seats, wishes = visit.seats(), visit.wishes()
        ways = {order: places(desk.seats.assignment, seats, order, wishes) for order in ORDERS}
        queues = {(show, order): wanted(ways[order], show) for show in SHOWS for order in ORDERS}
        return visit.page(
            "overview.html.j2",
            seats=seats,
            veil=visit.veil(seats),
            progress=progress(desk.seats.assignment, seats),
            counts={show: len(queues[show, ORDERS[0]]) for show in SHOWS},
            firsts={name: next(iter(queue), None) for name, queue in queues.items()},
            graders=graders(visit.own(desk.seats.decided(), seats)),
            late={seat.key: lateness_words(seat.grade.lateness, visit.t) for seat in seats},
            orders=ORDERS,
            shows=SHOWS,
        )

    @app.post("/me")
    async def me(request: Request) -> Response:
        """Under which name one decides."""
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        answer = back(visit.root, form.one("back"))
        if visit.visitor is not None:  # the Hub says who it is
            raise FormError("desk.name_of_hub")
        if form.one("name").strip():
            answer.set_cookie(
                GRADER, as_cookie(form.one("name")), max_age=YEAR, httponly=True, samesite="strict"
            )
        return answer

    @app.post("/names")
    async def names(request: Request) -> Response:
        """Hide everyone's name, or release them, for all who grade here."""
        form = await read_form(request)
        visit = Visit.of(desk, request)
        visit.check(form)
        if not visit.sees_all:
            raise FormError("desk.for_instructors")
        hidden = "yes" if form.one("hide") == "yes" else "no"
        await run_in_threadpool(desk.seats.store.set, HIDDEN, hidden)
        return back(visit.root, "/")

    @app.get("/language/{language}")
    def choose(request: Request, language: str, back_to: str = "/") -> Response:
        answer = back(Visit.of(desk, request).root, back_to)
        if language in LANGUAGES:
            answer.set_cookie(LANGUAGE, language, max_age=YEAR, httponly=True, samesite="strict")
        return answer

    @app.get("/picture/{key}/{sha256}")
    def one_picture(request: Request, key: str, sha256: str) -> Response:
        """A picture of a submission, decoded and written anew."""
        seat = next((seat for seat in Visit.of(desk, request).seats() if seat.key == key), None)
        data = None
        if seat is not None:
            try:
                with desk.works.reading(seat, desk.seats.assignment) as submission:
                    data = picture(submission, sha256)
            except Unreadable:
                data = None
        if data is None:
            return Response(status_code=404)
        return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=600"})

    @app.get(f"/{LINES}")
    def lines(request: Request) -> Response:
        """All decisions about those whom one may see as JSON lines, to keep; they have the names in them."""
        visit = Visit.of(desk, request)
        if desk.hides_names:
            return visit.page("message.html.j2", 403, message=visit.t("desk.export_hidden"))
        data = to_lines(visit.own(desk.seats.store.everything(), visit.seats()))
        headers = {"Content-Disposition": f'attachment; filename="{LINES}"'}
        return Response(data, media_type="application/jsonl", headers=headers)

    @app.get("/favicon.ico")
    def no_icon() -> Response:
        return Response(status_code=204)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        return static_file(name)

    return app


def static_file(name: str) -> Response:
    """One of the pages' own files."""
    if name not in STATIC:
        return Response(status_code=404)
    data = files("grading.desk").joinpath("static", name).read_bytes()
    return Response(data, media_type=STATIC[name])


def prepare(desk: Desk, closed: threading.Event) -> None:
    """Read everybody's answers beside the pages, until `closed` is set."""
    asked = (desk.seats.current(), desk.seats.assignment, closed)
    threading.Thread(target=desk.works.prepare, args=asked, daemon=True).start()

"""The desk as an application: the pages on which people judge a class, ready for a server."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from grading.desk import feedback_pages, group_pages, place_pages
from grading.desk.forms import FormError, read_form
from grading.desk.gate import DeskGate
from grading.desk.queue import ORDERS, SHOWS, graders, order_of, places, progress, wanted
from grading.desk.seats import Seats
from grading.desk.visit import GRADER, HIDDEN, LANGUAGE, Desk, Visit, as_cookie
from grading.desk.works import Works, picture
from grading.feedback.publishing import GatewayCarrier
from grading.marks.lines import LINES, to_lines
from grading.reports.lateness import lateness_words
from grading.submission.files import Unreadable

YEAR = 365 * 24 * 60 * 60
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
    return Desk(Seats(submissions, assignment, out, language), Works(), token, carrier)


def build_desk(desk: Desk) -> FastAPI:
    """The application. Who may enter is the gate's business."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        closed = threading.Event()
        asked = (desk.seats.current(), desk.seats.assignment, closed)
        threading.Thread(target=desk.works.prepare, args=asked, daemon=True).start()
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

    @app.exception_handler(404)
    async def nowhere(request: Request, _: Exception) -> Response:
        visit = Visit.of(desk, request)
        return await run_in_threadpool(visit.page, "message.html.j2", 404, message=visit.t("desk.not_here"))

    @app.get("/")
    def overview(request: Request) -> HTMLResponse:
        """What there is to do, who did what, and everyone."""
        visit = Visit.of(desk, request)
        seats = order_of(desk.seats.current(), hidden=desk.hides_names)
        ways = {order: wanted(places(desk.seats.assignment, seats, order), "all") for order in ORDERS}
        queues = {(show, order): wanted(ways[order], show) for show in SHOWS for order in ORDERS}
        return visit.page(
            "overview.html.j2",
            seats=seats,
            veil=visit.veil(seats),
            progress=progress(desk.seats.assignment, seats),
            counts={show: len(queues[show, ORDERS[0]]) for show in SHOWS},
            firsts={name: next(iter(queue), None) for name, queue in queues.items()},
            graders=graders(desk.seats.decided()),
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
    def one_picture(key: str, sha256: str) -> Response:
        """A picture of a submission, decoded and written anew."""
        seat = next((seat for seat in desk.seats.current() if seat.key == key), None)
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
        """All decisions as JSON lines, to keep; they have the names in them."""
        if desk.hides_names:
            visit = Visit.of(desk, request)
            return visit.page("message.html.j2", 403, message=visit.t("desk.export_hidden"))
        data = to_lines(desk.seats.store.everything())
        headers = {"Content-Disposition": f'attachment; filename="{LINES}"'}
        return Response(data, media_type="application/jsonl", headers=headers)

    @app.get("/favicon.ico")
    def no_icon() -> Response:
        return Response(status_code=204)

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            return Response(status_code=404)
        data = files("grading.desk").joinpath("static", name).read_bytes()
        return Response(data, media_type=STATIC[name])

    return app


def back(root: str, path: str) -> RedirectResponse:
    """To a page of the desk, and to no other place."""
    own = path.startswith(f"{root}/") and not path.startswith(("//", "/\\")) and len(path) < 500
    return RedirectResponse(path if own else f"{root}/", 303)

"""The desks of all assignments of a class below one address: a list first, then each assignment's own desk.

Rule: an assignment is there when there is a folder of its name with submissions, as `genai-lab cohort
collect` puts them. What has no grade yet is graded before its desk opens; who may enter is the business of
the gate before all of this, which also says whose submissions are whose to see (`visitor`).
"""

import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import Language, translator
from exercises.loader import find_assignment
from exercises.templates import templates
from grading.class_.grade import GradingError, grade_class
from grading.desk.app import build_desk, open_desk, prepare, static_file
from grading.desk.forms import FormError, read_form
from grading.desk.gate import DeskGate, form_word
from grading.desk.visit import LANGUAGE, YEAR, Desk, back, language_of
from grading.desk.visitor import Visitor, visitor_of
from grading.feedback.publishing import GatewayCarrier

SUBMISSIONS, GRADES = "submissions", "grades"  # folders below the one that is served
BELOW = "assignments"  # of the address, before the assignment's name


@dataclass
class Work:
    """One assignment: its desk, and how the grading of it goes."""

    assignment: Assignment
    submissions: Path
    out: Path
    desk: Desk
    app: FastAPI
    done: int = 0
    total: int = 0
    grading: bool = False
    failed: UserError | str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def grade(self, language: Language) -> None:
        """Grade everything beside the pages, unless that is under way already."""
        with self.lock:
            if self.grading:
                return
            self.grading, self.failed, self.done, self.total = True, None, 0, 0
        threading.Thread(target=self._grade, args=(language,), daemon=True).start()

    def _grade(self, language: Language) -> None:
        def count(done: int, total: int, _: str) -> None:
            self.done, self.total = done, total

        try:
            grade_class(self.submissions, self.assignment, self.out, progress=count, language=language)
        except GradingError as error:
            self.failed = error
        except Exception as error:
            logging.getLogger(__name__).exception("grading %s failed", self.assignment.id)
            self.failed = type(error).__name__
        finally:
            self.grading = False


@dataclass(frozen=True)
class Row:
    """An assignment as one visitor sees it: how many of the submissions given to them are there."""

    work: Work
    submissions: int
    ungraded: int
    open: int
    failed: str


class Desks:
    """All assignments below a folder; each is opened when it is first asked for."""

    def __init__(self, folder: Path, language: Language, carrier: GatewayCarrier | None) -> None:
        self._folder, self._language, self._carrier = folder, language, carrier
        self._works: dict[str, Work] = {}
        self._lock = threading.Lock()
        self.token = secrets.token_urlsafe(24)

    def names(self) -> list[str]:
        """The assignments of which there are submissions."""
        try:
            found = [each for each in (self._folder / SUBMISSIONS).iterdir() if each.is_dir()]
        except OSError:
            return []
        return sorted(each.name for each in found if not each.is_symlink() and any(each.iterdir()))

    def work(self, name: str) -> Work | None:
        """One of them; None where there is no such assignment, or nothing of it was collected."""
        if name not in self.names():
            return None
        with self._lock:
            if name not in self._works:
                try:
                    self._works[name] = self._opened(find_assignment(name))
                except UserError:
                    return None
            return self._works[name]

    def _opened(self, assignment: Assignment) -> Work:
        submissions = self._folder / SUBMISSIONS / assignment.id
        out = self._folder / GRADES / assignment.id
        desk = open_desk(submissions, assignment, out, self.token, self._language, self._carrier)
        app = build_desk(desk)
        prepare(desk, threading.Event())
        work = Work(assignment, submissions, out, desk, app)
        if desk.seats.ungraded or not desk.seats.current():
            work.grade(self._language)
        return work


def build_desks(desks: Desks, language: Language) -> FastAPI:
    """The application, below the gate that says who visits. A request without a visitor gets nothing."""
    app = FastAPI(title="GenAI Lab desks", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(DeskGate, token=desks.token)

    @app.get("/")
    def overview(request: Request) -> Response:
        visitor = _visitor(request.scope)
        found = (desks.work(name) for name in desks.names())
        spoken = language_of(request)
        rows = [_row(work, visitor, spoken) for work in found if work is not None]
        return _page(request, desks, "desks.html.j2", rows=rows)

    @app.post("/grade/{name}")
    async def grade(request: Request, name: str) -> Response:
        """Grade anew what was collected since; for instructors."""
        form = await read_form(request)
        visitor = _visitor(request.scope)
        if not secrets.compare_digest(form.one("word").encode(), _word(desks, visitor).encode()):
            return _message(request, desks, "desk.elsewhere", 400)
        if not visitor.teaches:
            return _message(request, desks, "desk.for_instructors", 403)
        work = await run_in_threadpool(desks.work, name)
        if work is None:
            return _message(request, desks, "desk.not_here", 404)
        work.grade(language)
        return RedirectResponse(f"{_root(request)}/", 303)

    @app.get("/language/{language}")
    def choose(request: Request, language: str, back_to: str = "/") -> Response:
        answer = back(_root(request), back_to)
        if language in ("en", "fr"):
            answer.set_cookie(LANGUAGE, language, max_age=YEAR, httponly=True, samesite="strict")
        return answer

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        return static_file(name)

    @app.exception_handler(404)
    async def nowhere(request: Request, _: Exception) -> Response:
        return _message(request, desks, "desk.not_here", 404)

    @app.exception_handler(FormError)
    async def wrong(request: Request, _: Exception) -> Response:
        return _message(request, desks, "desk.no_form", 400)

    async def one(scope: Scope, receive: Receive, send: Send) -> None:
        """The desk of one assignment, once all of it is graded."""
        request = Request(scope)
        visitor = _visitor(scope)
        work = await run_in_threadpool(desks.work, scope["path_params"]["assignment"])
        answer: Response
        if work is None:
            answer = _message(request, desks, "desk.not_here", 404)
        elif work.grading or work.failed:
            row = await run_in_threadpool(_row, work, visitor, language_of(request))
            answer = _page(request, desks, "grading.html.j2", 503 if row.failed else 200, row=row)
        else:
            await work.app(scope, receive, send)
            return
        await answer(scope, receive, send)

    app.router.routes.append(Mount(f"/{BELOW}/{{assignment}}", app=one))
    return app


def _row(work: Work, visitor: Visitor, language: Language) -> Row:
    try:
        seats = [seat for seat in work.desk.seats.current() if visitor.sees(seat)]
        entries = [entry for entry in work.desk.seats.entries() if visitor.has(entry.student)]
    except GradingError as error:
        return Row(work, 0, 0, 0, error.in_language(language))
    failed = work.failed.in_language(language) if isinstance(work.failed, UserError) else work.failed
    return Row(
        work,
        len(entries),
        len(entries) - len(seats),
        sum(1 for seat in seats if seat.grade.open),
        failed or "",
    )


def _visitor(scope: Mapping[str, object]) -> Visitor:
    """Raises LookupError: no gate stands before this application."""
    visitor = visitor_of(dict(scope))
    if visitor is None:
        raise LookupError("no gate said who visits")
    return visitor


def _word(desks: Desks, visitor: Visitor) -> str:
    return form_word(desks.token, visitor.name)


def _root(request: Request) -> str:
    """What stands before the paths of all desks."""
    assignment = request.scope.get("path_params", {}).get("assignment", "")
    return str(request.scope.get("root_path", "")).removesuffix(f"/{BELOW}/{assignment}")


def _message(request: Request, desks: Desks, key: str, status: int) -> Response:
    t = translator("grading", language_of(request))
    return _page(request, desks, "message.html.j2", status, message=t(key))


def _page(
    request: Request,
    desks: Desks,
    template: str,
    status: int = 200,
    **values: object,
) -> Response:
    """A page that belongs to no one assignment's desk."""
    visitor, language = _visitor(request.scope), language_of(request)
    root = _root(request)
    html = (
        templates("grading.desk")
        .get_template(template)
        .render(
            t=translator("grading", language),
            language=language,
            grader=visitor.name,
            visitor=visitor,
            word=_word(desks, visitor),
            here=f"{root}/",
            root=root,
            above=f"{root}/",
            assignment=None,
            problem=None,
            **values,
        )
    )
    headers = {"Refresh": "3"} if template == "grading.html.j2" and status == 200 else {}
    return Response(html, status, headers, media_type="text/html")

"""Who looks at the desk, and in which language: what every page of it has."""

import getpass
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from exercises.i18n import LANGUAGES, Language, Translator, nearest_language, points, translator
from exercises.settings import ExerciseSettings
from exercises.templates import templates
from grading.desk.forms import Form, FormError
from grading.desk.gate import form_word
from grading.desk.queue import order_of
from grading.desk.seats import Seat, Seats
from grading.desk.veil import Veil
from grading.desk.visitor import Visitor, visitor_of
from grading.desk.wishes import Wishes
from grading.desk.works import Works
from grading.feedback.document import LookAgain
from grading.feedback.publishing import GatewayCarrier
from grading.marks.mark import Decision

HIDDEN = "hidden"  # the desk's setting: whether names are hidden
GRADER, LANGUAGE = "genai_grader", "genai_language"  # cookies
LONGEST_NAME = 80
YEAR = 365 * 24 * 60 * 60


@dataclass(frozen=True)
class Desk:
    """What the pages work on. `token` is the secret of the one desk that runs; `carrier` brings feedback to
    students, where there is a gateway."""

    seats: Seats
    works: Works
    token: str
    carrier: GatewayCarrier | None
    wishes: Wishes

    @property
    def hides_names(self) -> bool:
        return self.seats.store.setting(HIDDEN) == "yes"


@dataclass(frozen=True)
class Visit:
    """One request: whose it is, and how its page is made. Pages take submissions and decisions from here, for
    here are those only that the one who asks may see."""

    desk: Desk
    request: Request
    grader: str
    language: Language
    visitor: Visitor | None = None

    @classmethod
    def of(cls, desk: Desk, request: Request) -> "Visit":
        visitor = visitor_of(request.scope)
        if visitor is not None:
            return cls(desk, request, visitor.name, language_of(request), visitor)
        name = " ".join(unquote(request.cookies.get(GRADER, "")).split())[:LONGEST_NAME]
        return cls(desk, request, name or whoever(), language_of(request))

    @property
    def t(self) -> Translator:
        return translator("grading", self.language)

    def check(self, form: Form) -> None:
        """That one of the desk's own pages sent the form. Raises FormError."""
        if not hmac.compare_digest(form.one("word").encode(), self.word.encode()):
            raise FormError("desk.elsewhere")

    @property
    def word(self) -> str:
        return form_word(self.desk.token, self.visitor.name if self.visitor else "")

    @property
    def sees_all(self) -> bool:
        """Whether they have the whole class, and so decide what concerns all of it."""
        return self.visitor is None or self.visitor.teaches

    def seats(self) -> list[Seat]:
        """The submissions that they may see, in the order of the queue."""
        seats = [seat for seat in self.desk.seats.current() if self.sees(seat)]
        return order_of(seats, hidden=self.desk.hides_names)

    def sees(self, seat: Seat) -> bool:
        return self.visitor is None or self.visitor.sees(seat)

    def own(self, decisions: Iterable[Decision], seats: Iterable[Seat]) -> list[Decision]:
        """Those about these submissions; with the whole class all, also of such as are gone."""
        names = {seat.entry.name for seat in seats}
        return [each for each in decisions if self.sees_all or each.student in names]

    def unnamed(self, text: str) -> str:
        """A finding, without the names of those whom they may not see."""
        others = [] if self.sees_all else [s for s in self.desk.seats.current() if not self.sees(s)]
        return Veil(others, self.t, on=bool(others)).text(text)

    def wishes(self) -> dict[tuple[str, str], LookAgain]:
        """What students ask, by student and exercise."""
        return self.desk.wishes.by_place()

    def veil(self, seats: list[Seat], of: Seat | None = None, others: tuple[str, ...] = ()) -> Veil:
        return Veil(seats, self.t, on=self.desk.hides_names, of=of, others=others)

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page of the desk."""
        html = (
            templates("grading.desk")
            .get_template(template)
            .render(
                t=self.t,
                language=self.language,
                number=partial(points, language=self.language),
                when=_when,
                grader=self.grader,
                word=self.word,
                visitor=self.visitor,
                above=self.root.rpartition("/assignments/")[0] + "/",
                sees_all=self.sees_all,
                here=self.here,
                root=self.root,
                hides_names=self.desk.hides_names,
                assignment=self.desk.seats.assignment,
                problem=self.desk.seats.problem,
                **values,
            )
        )
        return HTMLResponse(html, status)

    @property
    def root(self) -> str:
        """What stands before every path of the desk: nothing, unless a proxy serves it below a path."""
        return str(self.request.scope.get("root_path", ""))

    @property
    def here(self) -> str:
        """The page's own path and query, to come back to."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path


def language_of(request: Request) -> Language:
    """The one that was chosen here, else the setting's, else the browser's."""
    chosen = request.cookies.get(LANGUAGE)
    if chosen in LANGUAGES:
        return nearest_language(chosen)
    return ExerciseSettings().language or nearest_language(request.headers.get("accept-language"))


def back(root: str, path: str) -> RedirectResponse:
    """To a page of the desk, and to no other place."""
    own = path.startswith(f"{root}/") and not path.startswith(("//", "/\\")) and len(path) < 500
    return RedirectResponse(path if own else f"{root}/", 303)


@cache
def whoever() -> str:
    """The name this machine knows the person by; a grader may give another one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "grader"


def as_cookie(name: str) -> str:
    """A name as a cookie's value."""
    return quote(" ".join(name.split())[:LONGEST_NAME])


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"

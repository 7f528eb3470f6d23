"""Who looks at the desk, and in which language: what every page of it has."""

import getpass
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse

from exercises.i18n import LANGUAGES, Language, Translator, nearest_language, points, translator
from exercises.templates import templates
from grading.desk.forms import Form, FormError
from grading.desk.gate import form_word
from grading.desk.seats import Seat, Seats
from grading.desk.veil import Veil
from grading.desk.works import Works
from grading.feedback.publishing import GatewayCarrier

HIDDEN = "hidden"  # the desk's setting: whether names are hidden
GRADER, LANGUAGE = "genai_grader", "genai_language"  # cookies
LONGEST_NAME = 80


@dataclass(frozen=True)
class Desk:
    """What the pages work on. `token` is the secret of the one desk that runs; `carrier` brings feedback to
    students, where there is a gateway."""

    seats: Seats
    works: Works
    token: str
    carrier: GatewayCarrier | None = None

    @property
    def hides_names(self) -> bool:
        return self.seats.store.setting(HIDDEN) == "yes"


@dataclass(frozen=True)
class Visit:
    """One request: whose it is, and how its page is made."""

    desk: Desk
    request: Request
    grader: str
    language: Language

    @classmethod
    def of(cls, desk: Desk, request: Request) -> "Visit":
        name = " ".join(unquote(request.cookies.get(GRADER, "")).split())[:LONGEST_NAME]
        chosen = request.cookies.get(LANGUAGE)
        accepted = request.headers.get("accept-language")
        language = next((each for each in LANGUAGES if each == chosen), nearest_language(accepted))
        return cls(desk, request, name or whoever(), language)

    @property
    def t(self) -> Translator:
        return translator("grading", self.language)

    def check(self, form: Form) -> None:
        """That one of the desk's own pages sent the form. Raises FormError."""
        if not hmac.compare_digest(form.one("word").encode(), form_word(self.desk.token).encode()):
            raise FormError("desk.elsewhere")

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
                word=form_word(self.desk.token),
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

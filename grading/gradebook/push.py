"""Scores to the platform by LTI 1.3 (Assignment and Grade Services), where each student's launch said.

Where a student's grade goes is known from the Hub. A score that is refused is named and the rest is sent;
a platform that gives no token, or does not answer, ends it. A token that has expired is asked for once
more.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.exception import LtiException, LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.registration import Registration
from pylti1p3.service_connector import ServiceConnector

from grading.gradebook.errors import GradebookError
from grading.gradebook.pushed import PushLog
from grading.gradebook.scores import Score
from grading.wording import shown

SCORE: Literal["https://purl.imsglobal.org/spec/lti-ags/scope/score"] = (
    "https://purl.imsglobal.org/spec/lti-ags/scope/score"
)
SECONDS = 30.0  # that a platform may take to answer
EARLY = 30.0  # seconds before its end in which a token is no longer used
_Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Place(BaseModel):
    """Where a student's grade goes, as the Hub kept it of the last launch."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: _Text
    client_id: _Text
    user_id: _Text
    lineitem: _Text
    scope: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    title: str = ""


@dataclass(frozen=True)
class Tool:
    """What signs: the address of the platform's tokens, and the tool's keys as PEM."""

    token_url: str
    private_key: str
    public_key: str


@dataclass
class Pushed:
    """Students by what became of their score."""

    sent: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)  # the platform has it already
    refused: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)  # no launch, or one from another link
    unsafe: list[str] = field(default_factory=list)


def push(
    scores: Iterable[Score],
    places: Callable[[str], Place | None],
    tool: Tool,
    log: PushLog,
    title: str | None,
) -> Pushed:
    """Send every score that is a number. `title`: of the link whose grades these are.

    Raises GradebookError if the platform gives no token or does not answer.
    """
    pushed, services = Pushed(), dict[str, _Connector]()
    for score in scores:
        if score.points is None:
            continue
        place = places(score.grade.hub_user or score.student)
        if place is None or (title is not None and place.title != title):
            pushed.elsewhere.append(score.student)
        elif not _is_safe(place.lineitem) or SCORE not in place.scope:
            pushed.unsafe.append(score.student)
        else:
            connector = services.setdefault(place.client_id, _Connector.to(tool, place))
            _send(score, place, connector, log, pushed)
    return pushed


def _send(score: Score, place: Place, connector: "_Connector", log: PushLog, pushed: Pushed) -> None:
    assert score.points is not None  # noqa: S101 - the caller looked
    line = log.next(score.student, place.user_id, place.lineitem, score.points, score.maximum)
    if line is None:
        pushed.known.append(score.student)
        return
    again = log.is_open(line)
    if not again:
        log.write(line)
    grade = Grade().set_user_id(place.user_id).set_timestamp(line.time.isoformat(timespec="milliseconds"))
    grade.set_score_given(score.points).set_score_maximum(score.maximum)
    grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")
    service = AssignmentsGradesService(
        connector,
        {"scope": [SCORE], "lineitem": place.lineitem},
    )
    try:
        answer = _put(service, grade, connector)
    except requests.RequestException as error:
        raise GradebookError("gradebook.no_answer", reason=type(error).__name__) from error
    taken = answer is None or (again and answer.status_code == 409)  # it has the score of that time
    said = "" if answer is None else f"{answer.status_code} {shown(answer.text, 200)}"
    log.write(line.model_copy(update={"state": "sent" if taken else "refused", "answer": said}))
    (pushed.sent if taken else pushed.refused).append(score.student)


def _put(
    service: AssignmentsGradesService, grade: Grade, connector: "_Connector"
) -> requests.Response | None:
    """What the platform objected; None if it took the score. A token is asked for twice at most."""
    for last in (False, True):
        try:
            service.put_grade(grade)
            return None
        except requests.JSONDecodeError:
            return None  # it was taken, and the answer's words are nobody's business
        except LtiServiceException as error:
            if error.response.url == connector.token_url:
                reason = f"{error.response.status_code} {shown(error.response.text, 200)}"
                raise GradebookError("gradebook.no_token", reason=reason) from error
            if error.response.status_code != 401 or last:
                return error.response
            connector.forget()
        except LtiException as error:
            raise GradebookError("gradebook.no_token", reason=str(error)) from error
    return None


def _is_safe(url: str) -> bool:
    """Over TLS, or on this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    )


class _Connector(ServiceConnector):
    """The library's, with tokens kept until they expire and an end to waiting; it follows no redirection."""

    def __init__(self, registration: Registration, token_url: str) -> None:
        session = _Session()
        super().__init__(registration, session)
        self.token_url = token_url
        self._tokens: dict[str, tuple[str, float]] = {}

    @classmethod
    def to(cls, tool: Tool, place: Place) -> "_Connector":
        registration = Registration()
        registration.set_issuer(place.issuer).set_client_id(place.client_id)
        registration.set_auth_token_url(tool.token_url)
        registration.set_tool_private_key(tool.private_key).set_tool_public_key(tool.public_key)
        return cls(registration, tool.token_url)

    def forget(self) -> None:
        """The next request asks for a token."""
        self._tokens.clear()

    def _get_cached_access_token(self, scope_key: str) -> str | None:
        token, until = self._tokens.get(scope_key, ("", 0.0))
        return token if time.monotonic() < until else None

    def _cache_access_token(self, scope_key: str, access_token: str, expires_in: float) -> None:
        self._tokens[scope_key] = (access_token, time.monotonic() + max(0.0, float(expires_in) - EARLY))


class _Session(requests.Session):
    def request(self, *arguments: object, **options: object) -> requests.Response:  # type: ignore[override]
        fixed = {"timeout": SECONDS, "allow_redirects": False, **options}
        answer = super().request(*arguments, **fixed)  # type: ignore[arg-type]
        if answer.is_redirect:  # which the library would take for a yes
            raise requests.TooManyRedirects
        return answer

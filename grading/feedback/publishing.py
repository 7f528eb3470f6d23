"""Publishes what `grade` wrote: a document for each student, beside the grade and at the class's gateway.

Rule: only a student who has a grade is told one, and each is told points and comments as the marks are now,
whatever was marked since the grade was written; one whose document did not arrive is named, and the others
are not held up. Publishing again replaces what there was.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from exercises.assignment import Assignment
from exercises.errors import CatalogueError
from exercises.i18n import preferred_language
from grading.feedback.document import Feedback, LookAgain, feedback_of
from grading.marks.store import MarksStore
from grading.marks.totals import with_marks
from grading.results import Grade
from manifests.atomic import write_atomic

if TYPE_CHECKING:
    from httpx2 import Response

FILE = "feedback.json"
TIMEOUT = 30.0
ASKING = 5.0  # seconds for what a page waits for
_REQUESTS = TypeAdapter(list[LookAgain])


class PublishError(CatalogueError):
    """What stands in the way of publishing."""

    package = "grading"


class Carrier(Protocol):
    """Whoever brings a document to its student."""

    def publish(self, student: str, assignment: str, feedback: Feedback, begins: datetime | None) -> None:
        """Raises PublishError."""


@dataclass(frozen=True)
class Outcome:
    """What came of one student: `error` says why the document did not arrive."""

    student: str
    file: Path
    error: PublishError | None = None


class GatewayCarrier:
    """The class's gateway, with an instructor's token."""

    def __init__(self, url: str, token: str) -> None:
        import httpx2

        self._client = httpx2.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )

    def publish(self, student: str, assignment: str, feedback: Feedback, begins: datetime | None) -> None:
        body = {
            "feedback": feedback.model_dump(mode="json", by_alias=True),
            "begins": begins.isoformat() if begins else None,
        }
        self._ask("PUT", f"/class/feedback/{assignment}/{quote(student, safe='')}", body)

    def withdraw(self, student: str, assignment: str) -> None:
        """Raises PublishError, also where there is nothing to take back."""
        self._ask("DELETE", f"/class/feedback/{assignment}/{quote(student, safe='')}")

    def requests(self, assignment: str) -> list[LookAgain]:
        """What students asked to be looked at again. Raises PublishError."""
        answer = self._ask("GET", f"/class/feedback/{assignment}/requests", seconds=ASKING)
        try:
            return _REQUESTS.validate_json(answer.content)
        except ValidationError as error:  # whatever answers there, it is no gateway of ours
            raise PublishError("publish.not_ours", status=answer.status_code) from error

    def answer(self, number: int, answer: str, by: str | None = None) -> None:
        """`by`: whose words they are, where it is the Hub that asks. Raises PublishError."""
        self._ask("PUT", f"/class/feedback/requests/{number}", {"answer": answer, "by": by})

    def close(self) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, body: Any = None, seconds: float = TIMEOUT) -> "Response":
        """Return a successful answer. Raises PublishError; a redirect would have brought nothing anywhere."""
        import httpx2

        try:
            answer = self._client.request(method, path, json=body, timeout=seconds)
        except httpx2.HTTPError as error:
            raise PublishError("publish.no_gateway", reason=type(error).__name__) from error
        if answer.is_redirect:
            raise PublishError(
                "publish.elsewhere", status=answer.status_code, url=answer.headers.get("location", "")[:300]
            )
        if not answer.is_success:
            raise PublishError("publish.refused", status=answer.status_code, reason=_message(answer.content))
        if answer.status_code != (200 if method == "GET" else 204):  # as the gateway's routes do
            raise PublishError("publish.not_ours", status=answer.status_code)
        return answer


def publish(
    grades: Iterable[tuple[str, Grade]],
    assignment: Assignment,
    out: Path,
    carrier: Carrier | None = None,
    *,
    begins: datetime | None = None,
    told: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Write each student's document beside the grade, and have it brought. `grades`: by folder."""
    marks, now, outcomes = MarksStore(out).by_student(), begins or datetime.now(UTC), []
    for folder, written in grades:
        own = marks.get(written.student, {})
        grade = with_marks(written, own, assignment, preferred_language())
        document = feedback_of(grade, own, assignment, now)
        file = out / folder / FILE
        write_atomic(file, document.model_dump_json(by_alias=True, indent=2).encode())
        error = None
        if carrier is not None:
            try:
                carrier.publish(grade.hub_user or grade.student, assignment.id, document, begins)
            except PublishError as failed:
                error = failed
        outcomes.append(Outcome(grade.student, file, error))
        told(outcomes[-1])
    return outcomes


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["error"]["message"])[:300]
    except (ValueError, KeyError, TypeError):
        return ""

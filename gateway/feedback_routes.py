"""Feedback by way of the gateway: instructors publish it and answer, each student reads their own and asks.

For students `GET /v1/feedback/{assignment}` and `POST /v1/feedback/{assignment}/requests`; for instructors
`PUT` and `DELETE /class/feedback/{assignment}/{student}`, `GET /class/feedback/{assignment}/requests` and
`PUT /class/feedback/requests/{number}`.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from exercises.parameters import Slug
from gateway.class_routes import only_instructors
from gateway.feedback_store import AskedBefore, FeedbackStore
from gateway.gate import person_of
from gateway.people import HUB
from grading.feedback.document import Feedback, LookAgain, OwnFeedback
from lab.endpoint.errors import ApiError

Name = Annotated[str, Path(max_length=255)]
Number = Annotated[int, Path(ge=1, le=2**62)]  # of a request, as the database counts them
# Within a day of the first and the last year there is no such moment in every time zone.
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))
]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class Published(BaseModel):
    """What an instructor sends. `begins`: when the student may see it; without it, at once."""

    feedback: Feedback
    begins: Moment | None = None


class Asked(BaseModel):
    """What a student asks to be looked at again, and why."""

    exercise: Slug
    reason: Words


class Answer(BaseModel):
    """What an instructor says to it. `by`: whose words they are, where the Hub's desk brings them."""

    answer: Words
    by: Annotated[str, StringConstraints(max_length=255)] | None = None


def router(store: FeedbackStore) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    teaches = [Depends(only_instructors)]

    @routes.get("/v1/feedback/{assignment}")
    def own(assignment: Slug, request: Request) -> OwnFeedback:
        """One's own feedback; 404 while there is none."""
        student = person_of(request).name
        document = store.of(student, assignment)
        if document is None:
            raise ApiError(404, "no_feedback")
        return OwnFeedback(
            feedback=Feedback.model_validate_json(document),
            requests=tuple(store.requests(assignment, student)),
        )

    @routes.post("/v1/feedback/{assignment}/requests", status_code=204)
    def ask(assignment: Slug, asked: Asked, request: Request) -> Response:
        """Ask once for an exercise to be looked at again."""
        student = person_of(request).name
        document = store.of(student, assignment)
        known = {each.id for each in Feedback.model_validate_json(document).exercises} if document else set()
        if asked.exercise not in known:
            raise ApiError(404, "no_feedback")
        try:
            store.ask(student, assignment, asked.exercise, asked.reason)
        except AskedBefore as error:
            raise ApiError(409, "asked_before") from error
        return Response(status_code=204)

    @routes.put("/class/feedback/requests/{number}", status_code=204, dependencies=teaches)
    def answer(number: Number, answer: Answer, request: Request) -> Response:
        """Answer what a student asked."""
        person = person_of(request)
        by = answer.by if person == HUB and answer.by else person.name
        if not store.answer(number, answer.answer, by):
            raise ApiError(404, "no_feedback")
        return Response(status_code=204)

    @routes.get("/class/feedback/{assignment}/requests", dependencies=teaches)
    def requests(assignment: Slug) -> list[LookAgain]:
        """What students asked about an assignment, the oldest first."""
        return store.requests(assignment)

    @routes.put("/class/feedback/{assignment}/{student}", status_code=204, dependencies=teaches)
    def publish(assignment: Slug, student: Name, published: Published) -> Response:
        """A student's feedback, in place of what there was."""
        document = published.feedback.model_dump_json(by_alias=True)
        store.publish(student, assignment, document, published.begins or datetime.now(UTC))
        return Response(status_code=204)

    @routes.delete("/class/feedback/{assignment}/{student}", status_code=204, dependencies=teaches)
    def withdraw(assignment: Slug, student: Name) -> Response:
        """Take a student's feedback back."""
        if not store.withdraw(student, assignment):
            raise ApiError(404, "no_feedback")
        return Response(status_code=204)

    return routes

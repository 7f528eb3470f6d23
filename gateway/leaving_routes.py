"""`DELETE /class/students/{student}`, for instructors: a student who leaves takes feedback and works along.

Receipts and the ledger stay: the one proves what was drawn, the other what was paid.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from gateway.class_routes import only_instructors
from gateway.feedback_store import FeedbackStore
from gateway.wall_store import WallStore


class Erased(BaseModel):
    """What there was of a student; 0 where there was nothing."""

    feedback: int  # published documents, and wishes to look again
    wall: int  # works, and votes for others' works


def router(feedback: FeedbackStore, wall: WallStore) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.delete("/class/students/{student}", dependencies=[Depends(only_instructors)])
    def leave(student: Annotated[str, Path(max_length=255)]) -> Erased:
        """Erase a student's feedback and works; to be asked again where it did not answer."""
        return Erased(feedback=feedback.forget(student), wall=wall.forget(student))

    return routes

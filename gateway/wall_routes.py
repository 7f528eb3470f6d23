"""The class's wall by way of the gateway: `GET /v1/wall`, `POST /v1/wall`, `DELETE /v1/wall/{id}`,
`GET /v1/wall/{id}/picture`, `PUT|DELETE /v1/wall/{id}/vote`; for instructors `PUT /class/wall/{id}`.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from pydantic import BaseModel, ValidationError

from gateway.class_routes import only_instructors
from gateway.gate import person_of
from gateway.wall_store import NoSuchWork, TooMany, WallStore
from lab.endpoint.errors import ApiError
from manifests.errors import PictureError
from manifests.wall import MAX_PICTURE, MOST_EACH, Shown, Wall, WorkId


class Placed(BaseModel):
    """The id of a work that is on the wall now."""

    id: WorkId


class Hidden(BaseModel):
    """Whether a work is hidden from the class."""

    hidden: bool


def router(store: WallStore) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/v1/wall")
    def wall(request: Request) -> Wall:
        """All works, the newest first; what is hidden only to its author and to instructors."""
        person = person_of(request)
        return store.wall(person.name, person.teaches)

    @routes.post("/v1/wall", status_code=201)
    def show(
        request: Request,
        picture: Annotated[UploadFile, File(description=f"at most {MAX_PICTURE // 2**20} MiB")],
        shown: Annotated[str, Form(max_length=20_000, description="a document `Shown`, as JSON")],
    ) -> Placed:
        """Show a picture to the class."""
        try:
            told = Shown.model_validate_json(shown)
        except ValidationError as error:
            raise ApiError(400, "bad_work", param="shown") from error
        data = picture.file.read(MAX_PICTURE + 1)
        try:
            return Placed(id=store.show(person_of(request).name, told, data))
        except TooMany as error:
            raise ApiError(409, "wall_full", most=MOST_EACH) from error
        except NoSuchWork as error:
            raise ApiError(404, "no_work", param="remix_of") from error
        except PictureError as error:
            raise ApiError(400, "bad_picture", param="picture") from error

    def known(act: Callable[..., None], *arguments: object) -> Response:
        try:
            act(*arguments)
        except NoSuchWork as error:
            raise ApiError(404, "no_work") from error
        return Response(status_code=204)

    @routes.delete("/v1/wall/{work}", status_code=204)
    def take_down(work: WorkId, request: Request) -> Response:
        """Take a work of one's own down."""
        return known(store.take_down, work, person_of(request).name)

    @routes.get("/v1/wall/{work}/picture")
    def picture_of(work: WorkId, request: Request) -> Response:
        """The picture, as WebP."""
        person = person_of(request)
        try:
            data = store.picture(work, person.name, person.teaches)
        except NoSuchWork as error:
            raise ApiError(404, "no_work") from error
        return Response(data, media_type="image/webp")

    @routes.put("/v1/wall/{work}/vote", status_code=204)
    def like(work: WorkId, request: Request) -> Response:
        """Vote for somebody else's work; once."""
        return known(store.vote, work, person_of(request).name, True)

    @routes.delete("/v1/wall/{work}/vote", status_code=204)
    def unlike(work: WorkId, request: Request) -> Response:
        """Take one's vote back."""
        return known(store.vote, work, person_of(request).name, False)

    @routes.put("/class/wall/{work}", status_code=204, dependencies=[Depends(only_instructors)])
    def hide(work: WorkId, hidden: Hidden) -> Response:
        """Hide a work from the class, or show it again."""
        return known(store.hide, work, hidden.hidden)

    return routes

"""The images: pages of them, one with its manifest, its file, and the way to the bin."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from lab.endpoint.errors import ApiError, Refused
from lab.records.gallery import Filters, page, select
from lab.session.lab import Lab
from lab.web.rest.shapes import Images, OneImage, image_facts
from manifests.errors import StoreError
from manifests.pictures import MEDIA_TYPES
from manifests.store import Record

MOST_A_PAGE = 100

Stem = Annotated[str, Path(max_length=100, description="an image's id")]
Text = Annotated[str | None, Query(max_length=200)]


def router(lab: Lab) -> APIRouter:
    """The routes below `/images`."""
    routes = APIRouter(prefix="/images")

    def record(stem: str) -> Record:
        found = lab.store().find(stem)
        if found is None:
            raise ApiError(404, "no_image", param="id")
        return found

    @routes.get("")
    def list_images(
        request: Request,
        number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
        size: Annotated[int, Query(ge=1, le=MOST_A_PAGE)] = 12,
        exercise: Text = None,
        run: Text = None,
        mode: Text = None,
        text: Annotated[str, Query(max_length=200, description="in the prompt")] = "",
        order: Literal["newest", "oldest"] = "newest",
    ) -> Images:
        filters = Filters(exercise=exercise, run=run, mode=mode, text=text, oldest_first=order == "oldest")
        shown = page(select(lab.store().records(), filters), number, size)
        base = request.scope["root_path"]
        return Images(
            images=[image_facts(each, base) for each in shown.items],
            page=shown.number,
            pages=shown.pages,
            total=shown.total,
        )

    @routes.get("/{id}")
    def show_image(request: Request, id: Stem) -> OneImage:
        found = record(id)
        manifest = found.manifest.model_dump(mode="json", by_alias=True)
        return OneImage(image=image_facts(found, request.scope["root_path"]), manifest=manifest)

    @routes.get(
        "/{id}/file",
        response_class=FileResponse,
        responses={200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}},
    )
    def download_image(id: Stem) -> FileResponse:
        path = record(id).image_path
        kind = MEDIA_TYPES.get(path.suffix, "application/octet-stream")
        return FileResponse(path, media_type=kind, filename=path.name)  # as an attachment

    @routes.delete("/{id}", status_code=204)
    def delete_image(id: Stem) -> Response:
        record(id)
        try:
            lab.store().delete(id)
        except StoreError as error:
            raise Refused(409, "not_deleted", error, param="id") from error
        return Response(status_code=204)

    return routes

"""`/v1/images/generations` and `/v1/images/edits`: OpenAI's shapes, the lab's parameters.

`seed`, `steps`, `guidance_scale`, `negative_prompt`, `scheduler` and `strength` are this server's own;
without a seed each picture gets a random one, and each answer says which. An edit is image to image.
"""

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from secrets import randbits
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from PIL import Image
from pydantic import BeforeValidator, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.routing import Match

from exercises.parameters import (
    DEFAULT_STRENGTH,
    FROM_SOURCE,
    GuidanceScale,
    Mode,
    Parameters,
    SchedulerName,
    Seed,
    Steps,
    Strength,
)
from lab.endpoint.drawing import Drawing, refusal
from lab.endpoint.elsewhere import Elsewhere
from lab.endpoint.errors import ApiError, Refused, language_of, worded
from lab.endpoint.lenient import NullsAreDefaults
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.models import drawing_model
from lab.endpoint.pictures import data_url_bytes, encoded, picture_of
from lab.endpoint.sse import WHOLE_OR_EVENTS, event, stream
from lab.endpoint.usage import picture_tokens, text_tokens
from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.engine.protocol import Done, Picture
from lab.engine.requests import check_request, request_for
from manifests.errors import PictureError
from manifests.manifest import Mask
from manifests.manifest import Request as Asked
from manifests.masks import USUAL_FEATHER, feathered, mask_bytes, open_mask, transparent_part, usual_padding
from manifests.xmp import source_type_of

if TYPE_CHECKING:
    from starlette.types import Scope

Prompt = Annotated[str, Field(min_length=1, max_length=2000)]
Size = Annotated[str, Field(pattern=r"^(auto|[0-9]{1,6}x[0-9]{1,6})$")]
Format = Literal["png", "jpeg", "webp"]


class ImageRequest(NullsAreDefaults):
    """What is asked for. Other fields of OpenAI's are taken and not looked at."""

    prompt: Prompt
    model: Annotated[str, Field(max_length=200)] = "mini"
    n: Annotated[int, Field(ge=1, le=10)] = 1
    size: Size | None = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Format = "png"
    stream: bool | None = False
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = 0
    seed: Seed | None = None
    steps: Steps = 30
    guidance_scale: GuidanceScale = 7.5
    negative_prompt: Annotated[str, Field(max_length=2000)] = ""
    scheduler: SchedulerName = "EulerA"
    strength: Strength | None = None  # 0.6 where there is none, and 1 with a mask


def _address(value: Any) -> Any:
    """OpenAI's object `{"image_url": …}` is taken for the data URL that it holds."""
    return value.get("image_url") if isinstance(value, Mapping) else value


DataUrl = Annotated[
    str, BeforeValidator(_address), Field(max_length=64 * 2**20)
]  # the body's limit bounds it


DataUrls = Annotated[tuple[DataUrl, ...], Field(max_length=16)]


class EditRequest(ImageRequest):
    """An edit as JSON: the picture to begin with is a data URL, in `images` or in `image`."""

    images: DataUrls = ()
    image: DataUrl | DataUrls = ()
    mask: DataUrl | None = None

    @property
    def sent(self) -> list[tuple[str, str]]:
        """The pictures, each with its place in the request."""
        one = (self.image,) if isinstance(self.image, str) else self.image
        return [(url, "image") for url in one] + [(url, f"images[{i}]") for i, url in enumerate(self.images)]


class JsonRoute(APIRoute):
    """A route for requests that say they are JSON; the next one of its path gets all others."""

    def matches(self, scope: "Scope") -> tuple[Match, "Scope"]:
        media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        return super().matches(scope) if media_type == "application/json" else (Match.NONE, {})


@dataclass(frozen=True)
class Order:
    """A wanted that can be done: its requests, one a picture."""

    wanted: ImageRequest
    requests: list[Asked]
    inputs: Inputs
    kind: Literal["image_generation", "image_edit"]
    input_tokens: tuple[int, int]  # of text, of pictures

    def usage(self, pictures: list[Picture]) -> dict[str, object]:
        text, read = self.input_tokens
        made = sum(picture_tokens(picture.image.width, picture.image.height) for picture in pictures)
        return {
            "input_tokens": text + read,
            "input_tokens_details": {"text_tokens": text, "image_tokens": read},
            "output_tokens": made,
            "total_tokens": text + read + made,
        }

    def facts(self) -> dict[str, object]:
        """What every answer about these pictures holds."""
        request = self.requests[0]
        return {
            "background": "opaque",
            "output_format": self.wanted.output_format,
            "quality": "auto",
            "size": f"{request.width}x{request.height}",
        }


def router(
    drawing_of: Callable[[Request], Drawing], limits: EndpointLimits, elsewhere: Elsewhere
) -> APIRouter:
    """The two routes. `drawing_of`: who draws for the one who asks."""
    routes = APIRouter()

    async def draw(
        wanted: ImageRequest, source: bytes | None, request: Request, mask: bytes | None = None
    ) -> Response:
        provided = elsewhere.of(request, wanted.model)
        if provided is None:
            order = await run_in_threadpool(_order, wanted, source, mask, limits)
            return await _done(order, drawing_of(request), request)
        _check_form(wanted, limits)
        document = await provided.pictures(wanted, source, mask)
        return stream(_finished(document, source is not None)) if wanted.stream else JSONResponse(document)

    @routes.post("/images/generations", responses=WHOLE_OR_EVENTS)
    async def generate(wanted: ImageRequest, request: Request) -> Response:
        """Make pictures from words."""
        return await draw(wanted, None, request)

    async def edit_from_json(wanted: EditRequest, request: Request) -> Response:
        """The same as JSON."""
        sent = wanted.sent
        _check_edit(len(sent))
        source = data_url_bytes(sent[0][0], limits, sent[0][1])
        mask = None if wanted.mask is None else data_url_bytes(wanted.mask, limits, "mask")
        return await draw(wanted, source, request, mask)

    routes.add_api_route(
        "/images/edits",
        edit_from_json,
        methods=["POST"],
        include_in_schema=False,  # the description has one operation of a path: that of the form
        route_class_override=JsonRoute,
    )

    @routes.post("/images/edits", responses=WHOLE_OR_EVENTS)
    async def edit(
        request: Request,
        prompt: Annotated[Prompt, Form()],
        image: Annotated[list[UploadFile] | None, File(description="the picture to begin with")] = None,
        images: Annotated[list[UploadFile] | None, File(alias="image[]")] = None,
        mask: Annotated[UploadFile | None, File(description="transparent where it is to change")] = None,
        model: Annotated[str, Form(max_length=200)] = "mini",
        n: Annotated[int, Form(ge=1, le=10)] = 1,
        size: Annotated[Size | None, Form()] = None,
        response_format: Annotated[Literal["b64_json", "url"] | None, Form()] = None,
        output_format: Annotated[Format, Form()] = "png",
        stream: Annotated[bool, Form()] = False,
        partial_images: Annotated[int, Form(ge=0, le=3)] = 0,
        seed: Annotated[Seed | None, Form()] = None,
        steps: Annotated[Steps, Form()] = 30,
        guidance_scale: Annotated[GuidanceScale, Form()] = 7.5,
        negative_prompt: Annotated[str, Form(max_length=2000)] = "",
        scheduler: Annotated[SchedulerName, Form()] = "EulerA",
        strength: Annotated[Strength | None, Form()] = None,
    ) -> Response:
        """Make pictures from a picture and words: image to image at `strength`, or inpainting with a mask."""
        sent = [*(image or []), *(images or [])]
        _check_edit(len(sent))
        wanted = ImageRequest(
            prompt=prompt,
            model=model,
            n=n,
            size=size,
            response_format=response_format,
            output_format=output_format,
            stream=stream,
            partial_images=partial_images,
            seed=seed,
            steps=steps,
            guidance_scale=guidance_scale,
            negative_prompt=negative_prompt,
            scheduler=scheduler,
            strength=strength,
        )
        given = None if mask is None else await mask.read()
        return await draw(wanted, await sent[0].read(), request, given)

    return routes


def _check_edit(pictures: int) -> None:
    """Raise ApiError unless there is one picture to begin with."""
    if pictures != 1:
        raise ApiError(400, "one_picture", param="image", count=pictures)


def _check_form(wanted: ImageRequest, limits: EndpointLimits) -> None:
    """Raise ApiError for a form of answer that there is none of."""
    if wanted.response_format == "url":
        raise ApiError(400, "no_url", param="response_format")
    if wanted.n > limits.images:
        raise ApiError(400, "too_many_images", param="n", most=limits.images)


def _order(wanted: ImageRequest, source: bytes | None, mask: bytes | None, limits: EndpointLimits) -> Order:
    """Everything that can be wrong with a wanted is said here, before it waits. Raises ApiError."""
    entry = drawing_model(wanted.model)
    _check_form(wanted, limits)
    read = 0
    if source is not None:
        picture = picture_of(source, limits, "image")
        read = picture_tokens(picture.width, picture.height)
    mode: Mode = "text2img" if source is None else "img2img" if mask is None else "inpaint"
    requests, inputs = [], Inputs(source)
    for i in range(wanted.n):
        request = request_for(_parameters(wanted, mode, i, entry.takes_strength), wanted.model)
        if mask is not None:
            kept, drawn = _kept_mask(mask, request, limits)
            inputs = Inputs(source, drawn)
            request = request.model_copy(update={"mask": kept})
        try:
            check_request(entry, request, inputs)
        except EngineFailure as failure:
            raise refusal(failure.failed) from failure
        requests.append(request)
    words = text_tokens(wanted.prompt) + text_tokens(wanted.negative_prompt)
    return Order(
        wanted, requests, inputs, "image_generation" if source is None else "image_edit", (words, read)
    )


def _kept_mask(data: bytes, request: Asked, limits: EndpointLimits) -> tuple[Mask, bytes]:
    """A client's mask as ours, of the picture's size: white where theirs is transparent. Raises ApiError."""
    picture_of(data, limits, "mask")  # bounded, whatever it is
    try:
        mask = feathered(transparent_part(data, request.width, request.height), USUAL_FEATHER)
        drawn = mask_bytes(mask)
        open_mask(drawn, request.width, request.height)
    except PictureError as error:
        raise Refused(400, "bad_mask", error, param="mask") from error
    digest = sha256(drawn).hexdigest()
    kept = Mask(file=f"{digest[:16]}.png", sha256=digest, padding=usual_padding(mask))
    return kept, drawn


def _parameters(wanted: ImageRequest, mode: Mode, number: int, takes_strength: bool) -> Parameters:
    """The parameters of the picture of that number. Raises ApiError for a size outside all bounds."""
    width, height = (None, None) if wanted.size in (None, "auto") else map(int, wanted.size.split("x"))
    usual = 1.0 if mode == "inpaint" else DEFAULT_STRENGTH
    strength = usual if wanted.strength is None else wanted.strength
    values: dict[str, Any] = {
        "mode": mode,
        "prompt": wanted.prompt,
        "negative_prompt": wanted.negative_prompt,
        "width": "native" if width is None else width,
        "height": "native" if height is None else height,
        "steps": wanted.steps,
        "guidance_scale": wanted.guidance_scale,
        "scheduler": wanted.scheduler,
        "seed": randbits(32) if wanted.seed is None else (wanted.seed + number) % 2**32,
        "strength": strength if mode in FROM_SOURCE and takes_strength else None,
    }
    try:
        return Parameters(**values)
    except ValidationError as error:  # of the fields only the size has not been checked yet
        raise ApiError(400, "bad_size", param="size", size=wanted.size) from error


async def _done(order: Order, drawing: Drawing, request: Request) -> Response:
    drawing.check_room()
    if order.wanted.stream:
        return stream(_streamed(order, drawing, request))
    pictures: list[Picture] = []
    model = order.wanted.model
    events = drawing.pictures(order.requests, model, order.inputs, request.is_disconnected)
    async with aclosing(events):
        async for each in events:
            if isinstance(each, Done):
                pictures.append(each.picture)
    data = [
        {"b64_json": await _encoded(picture.image, order), "seed": picture.drawn.request.seed}
        for picture in pictures
    ]
    facts = order.facts() | {"usage": order.usage(pictures)} | _receipts(pictures)
    return JSONResponse({"created": int(time.time()), "data": data, **facts})


def _finished(document: Mapping[str, Any], edited: bool) -> Iterator[bytes]:
    """Pictures that came all at once, as the events that a client who streams waits for."""
    name = f"image_{'edit' if edited else 'generation'}.completed"
    facts = {key: value for key, value in document.items() if key != "data"}
    for picture in document["data"]:
        yield event({"type": name, **picture, **facts}, name)


def _receipts(pictures: list[Picture]) -> dict[str, object]:
    """One receipt for each picture, where somebody signs for them."""
    receipts = [picture.drawn.receipt.as_json() for picture in pictures if picture.drawn.receipt]
    return {"genai_receipts": receipts} if receipts else {}


async def _encoded(image: Image.Image, order: Order) -> str:
    source_type = source_type_of("text2img" if order.inputs.source is None else "img2img")
    return await run_in_threadpool(encoded, image, order.wanted.output_format, source_type)


async def _streamed(order: Order, drawing: Drawing, request: Request) -> AsyncGenerator[bytes]:
    """Previews as they come, at most as many as asked for, and each finished picture with its usage."""
    facts = order.facts() | {"created_at": int(time.time())}
    partial = 0
    wanted = order.wanted.partial_images or 0
    events = drawing.pictures(order.requests, order.wanted.model, order.inputs, request.is_disconnected)
    try:
        async with aclosing(events):
            async for each in events:
                if isinstance(each, Done):
                    name = f"{order.kind}.completed"
                    picture = each.picture
                    data = {
                        "b64_json": await _encoded(picture.image, order),
                        "seed": picture.drawn.request.seed,
                        "usage": order.usage([picture]),
                    } | _receipts([picture])
                    yield event({"type": name, **data, **facts}, name)
                    partial = 0
                elif each.preview is not None and partial < wanted:
                    name = f"{order.kind}.partial_image"
                    data = {
                        "b64_json": await _encoded(each.preview, order),
                        "partial_image_index": partial,
                    }
                    yield event({"type": name, **data, **facts}, name)
                    partial += 1
    except ApiError as error:
        yield b"event: error\ndata: " + bytes(worded(error, language_of(request)).body) + b"\n\n"

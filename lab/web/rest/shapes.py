"""What goes in and what comes out, as the description (`openapi.json`) shows it."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from exercises.i18n import Language
from exercises.parameters import Mode, Parameters, Prompt, SchedulerName
from lab.models.availability import availability
from lab.models.registry import ModelEntry
from lab.web.rest.jobs import State
from manifests.manifest import Adherence
from manifests.store import Record

ERROR_STATUSES = (400, 403, 404, 409, 413, 422, 429, 500, 503)


class GenerationRequest(Parameters):
    """A picture to make: the lab's parameters, the model (the lab's own if none is named), and for image to
    image the picture to begin with as a data URL.
    """

    prompt: Annotated[Prompt, StringConstraints(pattern=r"\S")]  # one without a word asks for nothing
    model: Annotated[str, Field(max_length=200)] | None = None
    source: Annotated[str, Field(max_length=64 * 2**20)] | None = None


class ModelFacts(BaseModel):
    """`available` says whether it can run here, `note` why not and what to do."""

    id: str
    name: str
    licence: str
    available: bool
    note: str
    native_size: int
    minimum_size: int
    maximum_size: int
    modes: list[Mode]
    schedulers: list[SchedulerName]


class Models(BaseModel):
    models: list[ModelFacts]


class Accepted(BaseModel):
    """The generation that was queued; `unknown_words` of the prompt are skipped by the model."""

    generation: State
    unknown_words: list[str]
    links: dict[str, str]


class Generations(BaseModel):
    generations: list[State]


class ImageFacts(BaseModel):
    """One recorded picture; `id` is its file's name without the extension.

    `adherence`: a machine's opinion on what of the prompt is in it (docs/manifest.md), if there is one.
    """

    id: str
    exercise: str
    run: str
    attempt: int
    time: AwareDatetime
    model: str
    mode: str
    prompt: str
    width: int
    height: int
    bytes: int
    adherence: Adherence | None
    links: dict[str, str]


class Images(BaseModel):
    """One page of them, newest first; `page` is the nearest there is to the one asked for."""

    images: list[ImageFacts]
    page: int
    pages: int
    total: int


class OneImage(BaseModel):
    """A picture and its whole manifest (docs/manifest.md)."""

    image: ImageFacts
    manifest: dict[str, Any]


def model_facts(entry: ModelEntry, language: Language) -> ModelFacts:
    state = availability(entry.id)
    return ModelFacts(
        id=entry.id,
        name=entry.name,
        licence=entry.licence,
        available=state.available,
        note="" if state.available else state.text(language),
        native_size=entry.native_size,
        minimum_size=entry.minimum_size,
        maximum_size=entry.maximum_size,
        modes=list(entry.modes),
        schedulers=list(entry.schedulers),
    )


def image_facts(record: Record, base: str) -> ImageFacts:
    """`base`: the API's own address, for the links."""
    manifest = record.manifest
    address = f"{base}/images/{record.stem}"
    return ImageFacts(
        id=record.stem,
        exercise=manifest.exercise,
        run=manifest.run,
        attempt=manifest.attempt,
        time=manifest.time,
        model=manifest.model.id,
        mode=manifest.request.mode,
        prompt=manifest.request.prompt,
        width=manifest.image.width,
        height=manifest.image.height,
        bytes=manifest.image.bytes,
        adherence=manifest.adherence,
        links={"self": address, "file": f"{address}/file"},
    )

"""One image from request to record: the engine makes it, the store keeps it.

Whoever reads a generation's events to the end has the picture on disk (in the pages that is
`lab.running`, whose thread outlives a reload). A stopped or failed run records nothing.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from exercises.errors import UserError
from exercises.parameters import Parameters
from lab.adherence import opinion
from lab.engine.protocol import Done, Engine, Event, Failed, Job, Picture
from lab.engine.registry import model_entry
from lab.mini.words import unknown_words
from lab.providers.protocol import Alert
from manifests.draft import Draft
from manifests.errors import StoreError
from manifests.manifest import Request, Source
from manifests.store import Record, Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """Image and manifest are on disk; `picture.film` is not: that is for whoever asked for it.

    An API's picture has no `picture`; `alerts` are budgets that have reached a level with its call.
    """

    record: Record
    picture: Picture | None
    alerts: tuple[Alert, ...] = ()


def request_for(parameters: Parameters, model: str, source: Source | None = None) -> Request:
    """The request for a run's parameters: "native" becomes the model's size. Raises UnknownModel."""
    native = model_entry(model).native_size
    values = parameters.model_dump()
    for side in ("width", "height"):
        if values[side] == "native":
            values[side] = native
    return Request(**values, source=source if parameters.mode == "img2img" else None)


def notes(prompt: str, model: str) -> list[str]:
    """The words of a prompt that the model will skip; only `mini` has a small vocabulary."""
    return unknown_words(prompt) if model == "mini" else []


@dataclass(frozen=True)
class Generation:
    """A picture on its way to the record; `notes` are the words its model skips."""

    store: Store
    job: Job
    exercise_id: str
    run_id: str
    request: Request
    notes: list[str]

    def events(self) -> Iterator[Event | Saved]:
        """The engine's events and, last, Saved: it is recorded when Saved comes. For one reader."""
        for event in self.job.events():
            yield event
            if isinstance(event, Done):
                yield self._save(event.picture)

    def cancel(self) -> None:
        """Stop within one step; nothing is recorded."""
        self.job.cancel()

    def _save(self, picture: Picture) -> Saved | Failed:
        draft = Draft(
            exercise=self.exercise_id,
            run=self.run_id,
            request=picture.request,
            effective_steps=picture.effective_steps,
            model=picture.model,
            versions=picture.versions,
            device=picture.device,
            dtype=picture.dtype,
            batch_size=picture.batch_size,
            batch_index=picture.batch_index,
            seconds=picture.seconds,
            adherence=opinion(picture.request.prompt, picture.model.id, picture.image),
        )
        try:
            return Saved(self.store.save(draft, picture.image), picture)
        except UserError as error:
            return Failed("not_saved", {"reason": error})
        except OSError as error:
            log.exception("The picture of %s could not be saved", self.run_id)
            return Failed("not_saved", {"reason": error.strerror or type(error).__name__})


def generate(
    store: Store,
    engine: Engine,
    exercise_id: str,
    run_id: str,
    request: Request,
    *,
    model: str,
    film: int = 0,
) -> Generation:
    """Submit a request; its source, if it has one, is read from the store, where uploads are kept.

    `film`: how many pictures of the way from noise to image to keep. Never blocks, and raises
    nothing for a bad request: the job fails.
    """
    source = None
    if request.source is not None:
        try:
            source = store.source_path(request.source).read_bytes()
        except (StoreError, OSError):
            log.warning("The source of %s cannot be read from the store", run_id)  # the job fails for it
    job = engine.submit(request, model=model, source=source, film=film)
    return Generation(store, job, exercise_id, run_id, request, notes(request.prompt, model))

"""One image from request to record: the engine makes it, the store keeps it.

Whoever reads a generation's events to the end has the picture on disk (in the pages that is
`lab.jobs.running`, whose thread outlives a reload). A stopped or failed run records nothing.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from exercises.errors import SystemReason, UserError
from lab.engine.inputs import Inputs
from lab.engine.protocol import Done, Engine, Event, Failed, Job, Picture
from lab.jobs.protocol import Stored
from lab.jobs.smaller import SmallerJob
from lab.judge.adherence import opinion
from lab.models.mini.vocabulary import unknown_words
from manifests.adapters import read
from manifests.draft import Draft
from manifests.errors import StoreError
from manifests.manifest import MadeThrough, Request, Source
from manifests.store import Record, Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureSaved(Stored):
    """Image and manifest are on disk. `picture.film` is not: whoever asked for the film keeps it.

    An API's picture has no `picture`.
    """

    record: Record
    picture: Picture | None = None

    def remembered(self) -> Self:
        """Without the picture, which is on disk: there may be a thousand."""
        return replace(self, picture=None)


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
    variant: str | None = None
    made_through: MadeThrough | None = None

    def events(self) -> Iterator[Event | PictureSaved]:
        """The engine's events, and PictureSaved once the picture is on disk. For one reader."""
        for event in self.job.events():
            yield event
            if isinstance(event, Done):
                yield self._save(event.picture)

    def cancel(self) -> None:
        """Stop within one step; nothing is recorded."""
        self.job.cancel()

    def _save(self, picture: Picture) -> PictureSaved | Failed:
        drawn = picture.drawn
        draft = Draft(
            **vars(drawn),
            exercise=self.exercise_id,
            run=self.run_id,
            variant=self.variant,
            made_through=self.made_through,
            adherence=picture.adherence
            if picture.judged
            else opinion(drawn.request.prompt, drawn.model.id, picture.image),
        )
        try:
            return PictureSaved(self.store.save(draft, picture.file or picture.image), picture)
        except UserError as error:
            return Failed("not_saved", {"reason": error})
        except OSError as error:
            log.exception("The picture of %s could not be saved", self.run_id)
            return Failed("not_saved", {"reason": SystemReason(error)})


def kept_input(store: Store, kept: Source | None) -> bytes | None:
    """The bytes of a source or a mask; None where there are none to be read: the job fails for it."""
    if kept is None:
        return None
    try:
        return store.source_path(kept).read_bytes()
    except (StoreError, OSError):
        log.warning("%s cannot be read from the store", kept.file)
        return None


def inputs_of(store: Store, request: Request) -> Inputs:
    """The files that a request names, as the store has them; where one is not there, the job fails for it."""
    adapters = []
    for adapter in request.adapters:
        try:
            adapters.append(read(store.folder, adapter.file, adapter.sha256))
        except StoreError:
            log.warning("%s cannot be read from the store", adapter.file)
    return Inputs(kept_input(store, request.source), kept_input(store, request.mask), tuple(adapters))


def generate(
    store: Store,
    engine: Engine,
    exercise_id: str,
    run_id: str,
    request: Request,
    *,
    model: str,
    film: int = 0,
    variant: str | None = None,
    background: bool = False,
    made_through: MadeThrough | None = None,
    smaller: bool = False,
) -> Generation:
    """Submit a request; the files that it names are read from the store, where they are kept.

    `variant` is that of the planned run, `made_through` what asks in a person's place. `background`: one of a
    batch, for which nobody waits. `film`: how many pictures of the way from noise to image to keep.
    `smaller`: where memory runs out it is drawn again smaller, and the manifest says what was drawn. Never
    blocks, and raises nothing for a bad request: the job fails.
    """
    inputs = inputs_of(store, request)
    job: Job
    if smaller:
        job = SmallerJob(engine, request, model=model, inputs=inputs, film=film)
    else:
        job = engine.submit(request, model=model, inputs=inputs, film=film, background=background)
    taught = tuple(adapter.word for adapter in request.adapters)
    skipped = [word for word in notes(request.prompt, model) if not word.startswith(taught or "\0")]
    return Generation(store, job, exercise_id, run_id, request, skipped, variant, made_through)

"""Pictures by providers behind an API: one call is one record, with the file's bytes as they came."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from exercises.errors import CatalogueError, UserError
from exercises.i18n import Language, labelled
from lab.engine.denoise import versions
from lab.engine.failures import JobFailed
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.analyse import ModelSelection, charge, tried
from lab.jobs.generate import PictureSaved
from lab.jobs.protocol import StoppableJob
from lab.providers import errors
from lab.providers.opening import AnyRouter
from lab.providers.protocol import Answer, Call, Event, Media
from manifests.draft import Draft
from manifests.manifest import ApiRequest, Mask, Model, Source
from manifests.masks import as_transparent, open_mask
from manifests.pictures import open_picture, widely_read
from manifests.receipts import Envelope, request_digest, unverified
from manifests.store import Store

MAX_PROMPT = 2000  # characters, as a record holds them


class BadPrompt(CatalogueError):
    """What is written cannot be drawn, or could not be recorded."""

    package = "lab"


def check_prompt(prompt: str) -> None:
    """Before anything is drawn, or sent and paid for. Raises BadPrompt."""
    if not prompt.strip():
        raise BadPrompt("comparing.no_prompt")
    if len(prompt) > MAX_PROMPT:
        raise BadPrompt("comparing.long_prompt", length=len(prompt), most=MAX_PROMPT)
    try:
        prompt.encode("utf-8")
    except UnicodeEncodeError:  # half a character, as of a command line that is not UTF-8
        raise BadPrompt("comparing.not_utf8") from None


class ComparisonFailed(CatalogueError):
    """Some of the models compared gave no picture; what the others gave is saved."""

    package = "lab"

    def __init__(self, failed: Sequence[tuple[str, UserError]]) -> None:
        super().__init__("comparing.failed")
        self.failed = failed

    def in_language(self, language: Language) -> str:
        reasons = " ".join(
            labelled(name, error.in_language(language), language) for name, error in self.failed
        )
        return f"{super().in_language(language)} {reasons}"


def request_of(
    prompt: str, size: str | None, source: Source | None, answer: Answer, mask: Mask | None = None
) -> ApiRequest:
    """What was asked of a provider, as it is recorded, and signed by a gateway."""
    width, height = map(int, size.split("x")) if size else (None, None)
    return ApiRequest(
        mode="inpaint" if mask else "img2img" if source else "text2img",
        prompt=prompt,
        width=width,
        height=height,
        seed=answer.seeds[0] if answer.seeds else None,
        source=source,
        mask=mask,
        tried=tried(answer.tried),
        cached=answer.cached,
    )


def _receipt_for(request: ApiRequest, answer: Answer) -> Envelope | None:
    """The receipt that came with the picture; None where it is of what is asked in another form.

    So it is for a photo that was converted on its way, and for models that the gateway draws with itself.
    """
    envelope = answer.receipts[0] if answer.receipts else None
    receipt = unverified(envelope) if envelope else None
    return envelope if receipt and receipt.request == request_digest(request) else None


@dataclass
class ApiPicture:
    """A picture on its way from a provider to the store. `size`: `512x512`, None for the provider's own.

    `mask`: which part of the source is to change; both are of one size. `seed` goes to providers that keep to
    one; what is recorded is the seed the answer tells of.
    """

    store: Store
    router: AnyRouter
    exercise: str
    run: str
    prompt: str
    selection: ModelSelection
    size: str | None = None
    seed: int | None = None
    source: Source | None = None
    mask: Mask | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def events(self) -> Iterator[Event | PictureSaved | Cancelled]:
        """The router's events and, last, PictureSaved. Raises UserError: nothing is recorded then."""
        images: tuple[Media, ...] = ()
        if self.source is not None:
            data = self.store.source_path(self.source).read_bytes()
            images = (Media(*widely_read(data)),)
        call = Call(
            "edit" if images else "image",
            prompt=self.prompt,
            images=images,
            mask=self._transparent(images),
            size=self.size,
            seed=self.seed,
            model=self.selection.model,
            provider=self.selection.provider,
        )
        try:
            for event in self.router.stream(call, self._stop):
                yield self._save(event) if isinstance(event, Answer) else event
        except errors.Cancelled:
            yield Cancelled()

    def cancel(self) -> None:
        self._stop.set()

    def _transparent(self, images: Sequence[Media]) -> Media | None:
        """The mask as the protocol has it. Raises PictureError where it is none for the source."""
        if self.mask is None:
            return None
        data = self.store.source_path(self.mask).read_bytes()
        mask = open_mask(data, *open_picture(images[0].data).size)
        return Media(as_transparent(mask), "image/png")

    def _save(self, answer: Answer) -> PictureSaved:
        request = request_of(self.prompt, self.size, self.source, answer, self.mask)
        draft = Draft(
            exercise=self.exercise,
            run=self.run,
            request=request,
            effective_steps=0,
            model=Model(id=answer.model, repository=answer.provider, revision="api"),
            versions=versions(),
            device="api",
            dtype="api",
            seconds=answer.seconds,
            receipt=_receipt_for(request, answer),
            cost=charge(answer.cost, answer.usage),
        )
        return PictureSaved(self.store.save(draft, answer.pictures[0].data), alerts=answer.alerts)


@dataclass
class SequentialJobs:
    """One after the other, each by its name; one that fails does not keep the others from their turn."""

    jobs: Sequence[tuple[str, StoppableJob]]
    _stopped: bool = False

    def events(self) -> Iterator[object]:
        """All their events. Raises ComparisonFailed at the end where some of them failed."""
        failed: list[tuple[str, UserError]] = []
        for name, job in self.jobs:
            if self._stopped:
                return
            try:
                for event in job.events():
                    if isinstance(event, Failed):
                        raise JobFailed(event)
                    yield event
            except UserError as error:
                failed.append((name, error))
        if failed:
            raise ComparisonFailed(failed)

    def cancel(self) -> None:
        self._stopped = True
        for _, job in self.jobs:
            job.cancel()


class DeferredJob:
    """A job that begins when its turn has come."""

    def __init__(self, begin: Callable[[], StoppableJob]) -> None:
        self._begin = begin
        self._job: StoppableJob | None = None
        self._stopped = False

    def events(self) -> Iterator[object]:
        if not self._stopped:
            job = self._job = self._begin()
            if self._stopped:  # asked for while it was beginning
                job.cancel()
            yield from job.events()

    def cancel(self) -> None:
        self._stopped = True
        if self._job is not None:
            self._job.cancel()

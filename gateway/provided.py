"""Models of providers, for everybody whom the gate has let in: the router answers, the ledger has it by name.

Rule: what may be asked is what the instructor's providers' file offers, by the name `<provider>/<model>`, or
`auto` for the first that answers; who pays is who the gate says. A client chooses nothing that lets a call
cost more than was set aside for it. Each answer says what it cost and what is left (`genai_cost`) and who
gave it (`genai_answered`), each error the same (`genai`), in every language.
"""

import asyncio
import base64
import hashlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from gateway.class_router import OWN
from gateway.class_watch import ClassWatch
from gateway.gate import person_of
from gateway.people import Person
from gateway.provided_words import (
    Outcome,
    ProviderRefused,
    described,
    facts_of,
    mask_media_of,
    media_of,
)
from gateway.receipt_log import ReceiptLog
from lab.endpoint.asking import Answered
from lab.endpoint.conversation import Conversation
from lab.endpoint.errors import ApiError
from lab.endpoint.limits import EndpointLimits
from lab.jobs.api_pictures import request_of
from lab.providers.class_router import AUTO
from lab.providers.errors import CutAnswer, NoBudgets, ProviderError, RefusedPrompt
from lab.providers.protocol import Answer, Call, Event, Kind, Message, Piece
from lab.providers.router import AT_ONCE, Router
from lab.providers.spending import Standing
from manifests.manifest import Mask, Source
from manifests.masks import mask_bytes, transparent_part
from manifests.pictures import open_picture, picture_extension
from manifests.png import pixels_sha256
from manifests.receipts import request_digest

if TYPE_CHECKING:
    from fastapi import Request

    from lab.endpoint.images import ImageRequest

log = logging.getLogger(__name__)

LOOK_EVERY = 0.25  # seconds between two looks whether the client is still there
MOST_PICTURES = 16  # in one conversation
MOST_TOKENS = 100_000  # of an answer
FAILING = frozenset({"wrong_key", "quota_exhausted", "key_file", "bad_address"})  # for the instructor to mend


class ProviderModels:
    """All of them. `router` is opened without a student; what is left and paid is its ledger's."""

    def __init__(
        self, router: Router, receipts: ReceiptLog, limits: EndpointLimits, watch: ClassWatch
    ) -> None:
        self.router, self.receipts, self.limits, self.watch = router, receipts, limits, watch
        self._payers: dict[Person, Payer] = {}

    def of(self, request: "Request", model: str) -> "ProviderModel | None":
        """The one that a client names; None for a name that is no provider's."""
        provider, _, name = model.partition("/")
        known = provider != OWN and self.router.configuration.provider(provider)
        if model != AUTO and not (known and name):
            return None
        person = person_of(request)
        payer = self._payers.setdefault(person, Payer(person, self.router.of(person.name, person.groups)))
        return ProviderModel(self, payer, request, None if model == AUTO else (provider, name))

    def models(self, request: "Request") -> list[dict[str, object]]:
        """Those that are set up, with their prices."""
        return described(self.router, OWN)

    def standing(self, person: Person) -> Standing:
        """What a person has spent, and may spend still."""
        return self.router.of(person.name, person.groups).standing()

    def budget_used(self) -> float:
        """How much of the class's budget, 1 is all; 0 where there is no limit, or it cannot be read."""
        try:
            limit = self.router.ledger.limits.class_
        except NoBudgets:
            return 0.0
        return sum(self.router.ledger.spent_by_student().values()) / limit if limit else 0.0

    def close(self) -> None:
        """Of router and ledger."""
        self.router.close()


class Payer:
    """One person. AT_ONCE calls of theirs are under way; the others wait without a thread."""

    def __init__(self, person: Person, router: Router) -> None:
        self.person, self.router = person, router
        self.turns = asyncio.Semaphore(AT_ONCE)


@dataclass(frozen=True)
class ProviderModel:
    """One model for one request. `name` None: the first that answers."""

    all: ProviderModels
    payer: Payer
    request: "Request"
    name: tuple[str, str] | None

    async def answer(
        self, conversation: Conversation, most: int | None, options: Mapping[str, Any], *, streaming: bool
    ) -> Answered:
        """What it says. Raises ApiError, where `streaming` as long as nothing has been said."""
        turns = conversation.turns
        if sum(len(turn.pictures) for turn in turns) > MOST_PICTURES:
            raise ApiError(400, "too_many_pictures", most=MOST_PICTURES)

        def call() -> Call:
            messages = tuple(
                Message(turn.role, turn.text, tuple(media_of(p, self.all.limits) for p in turn.pictures))
                for turn in turns
            )
            return self._call("vision", messages=messages, max_output_tokens=_tokens(most), options=options)

        answered = _Said(self._asking(call).events(streaming))
        await answered.begin()
        return answered

    async def pictures(
        self, wanted: "ImageRequest", source: bytes | None, mask: bytes | None = None
    ) -> dict[str, Any]:
        """Pictures, byte for byte as the provider sent them, each with a receipt. Raises ApiError."""
        size = None if wanted.size in (None, "auto") else wanted.size

        def call() -> Call:
            images = () if source is None else (media_of(source, self.all.limits),)
            kind: Kind = "edit" if images else "image"
            return self._call(
                kind,
                prompt=wanted.prompt,
                images=images,
                mask=None if mask is None else mask_media_of(mask, images, self.all.limits),
                size=size,
                n=wanted.n,
                seed=wanted.seed,
            )

        async for event in self._asking(call).events(streaming=False):
            if isinstance(event, Outcome):
                return await run_in_threadpool(self._document, wanted.prompt, size, event, source, mask)
        raise ApiError(499, "cancelled")

    def _asking(self, call: Callable[[], Call]) -> "_Asking":
        return _Asking(self.payer, self.request, call, self.all.watch)

    def _call(self, kind: Kind, **asked: Any) -> Call:
        """The call, if it is one that the instructor offers. May take seconds. Raises ApiError."""
        provider, model = self.name or (None, None)
        try:
            call = Call(kind, provider=provider, model=model, **asked)
        except ValueError as error:
            code = "bad_size" if asked.get("size") else "invalid_request"
            raise ApiError(400, code, size=asked.get("size")) from error
        if self.name and not _offered(self.payer.router, call):
            names = ", ".join(str(each["id"]) for each in self.all.models(self.request)[:50])
            name = f"{provider}/{model}"[:100]
            raise ApiError(404, "model_not_found", param="model", model=name, models=names)
        return call

    def _document(
        self,
        prompt: str,
        size: str | None,
        outcome: Outcome,
        source: bytes | None,
        mask: bytes | None,
    ) -> dict[str, Any]:
        answer = outcome.answer
        seeds = answer.seeds or (None,) * len(answer.pictures)
        usage = {
            "input_tokens": answer.usage.input_tokens or 0,
            "output_tokens": answer.usage.output_tokens or 0,
        }
        document = {
            "created": outcome.created,
            "data": [
                {"b64_json": base64.b64encode(picture.data).decode(), "seed": seed}
                for picture, seed in zip(answer.pictures, seeds, strict=False)
            ],
            "output_format": answer.pictures[0].media_type.rpartition("/")[2],
            "usage": usage | {"total_tokens": sum(usage.values())} | outcome.usage_cost,
            **facts_of(outcome),
        }
        return document | {"genai_receipts": self._receipts(prompt, size, source, mask, answer)}

    def _receipts(
        self, prompt: str, size: str | None, source: bytes | None, mask: bytes | None, answer: Answer
    ) -> list[dict[str, Any]]:
        """One for each picture: of what the student's record will say was asked, if it is a lab's."""
        kept = kept_mask = None
        if source is not None:
            digest = hashlib.sha256(source).hexdigest()
            kept = Source(file=f"{digest[:16]}{picture_extension(source)}", sha256=digest)
            if mask is not None:
                drawn = mask_bytes(transparent_part(mask, *open_picture(source).size))
                digest = hashlib.sha256(drawn).hexdigest()
                kept_mask = Mask(file=f"{digest[:16]}.png", sha256=digest)
        request = request_digest(request_of(prompt, size, kept, answer, kept_mask))
        return [
            self.all.receipts.issue(
                student=self.payer.person.name,
                pixels_sha256=pixels_sha256(open_picture(picture.data)),
                request=request,
                model=answer.model,
                weights_sha256=None,
                kind="drawn",
            ).as_json()
            for picture in answer.pictures
        ]


class _Asking:
    """A call on its way, in a thread of its own, which also makes it; a client that leaves stops it."""

    def __init__(self, payer: Payer, request: "Request", call: Callable[[], Call], watch: ClassWatch) -> None:
        self.payer, self.request, self.call, self.watch = payer, request, call, watch
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | Outcome | Exception] = asyncio.Queue()
        self._cancel = threading.Event()

    async def events(self, streaming: bool) -> AsyncIterator[Piece | Outcome]:
        """Where `streaming` the pieces of the text, and the outcome. Raises ApiError."""
        async with self.payer.turns:
            threading.Thread(target=self._work, args=(streaming,), name="provider", daemon=True).start()
            event: Event | Outcome | Exception | None = None
            try:
                while not isinstance(event, Outcome):
                    try:
                        event = await asyncio.wait_for(self._events.get(), LOOK_EVERY)
                    except TimeoutError:
                        if await self.request.is_disconnected():
                            self._cancel.set()
                        continue
                    if isinstance(event, Exception):
                        raise event
                    if isinstance(event, Piece | Outcome):
                        yield event
            finally:
                self._cancel.set()  # does nothing to one that has ended

    def _work(self, streaming: bool) -> None:
        result: Outcome | Exception
        try:
            result = self._paid(self.call(), streaming)
            self.watch.answered(result.answer)
        except ProviderError as error:
            self.watch.unanswered(error)
            if error.code in FAILING:
                log.error("%s", error)
            result = ProviderRefused(error, self._left())
        except ApiError as error:
            result = error
        except Exception as error:
            log.exception("A call to a provider failed")
            result = error
        self._tell(result)

    def _paid(self, call: Call, streaming: bool) -> Outcome:
        """The answer; a refusal and a text that was cut are answers too, as OpenAI's are."""
        router = self.payer.router
        try:
            answer = router.complete(call, self._tell, self._cancel, streaming=streaming)
        except (RefusedPrompt, CutAnswer) as error:
            if error.partial is None or call.kind != "vision":
                raise
            return Outcome.of_part(error, error.partial, self._left())
        return Outcome(answer, self._left())

    def _left(self) -> int | None:
        """The least that any of this person's budgets has left, in micros."""
        try:
            budgets = self.payer.router.ledger.budgets(self.payer.person.name, self.payer.person.groups)
        except Exception:
            log.exception("What is left cannot be told")
            return None
        return min((budget.left for budget in budgets if budget.left is not None), default=None)

    def _tell(self, event: Event | Outcome | Exception) -> None:
        try:
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)
        except RuntimeError:  # the loop is closed: the gateway is being stopped
            self._cancel.set()


class _Said(Answered):
    """An answer that may still be on its way."""

    def __init__(self, events: AsyncIterator[Piece | Outcome]) -> None:
        super().__init__()
        self._events = events
        self._first: list[str] = []

    async def begin(self) -> None:
        """Wait for the first piece, or all of it."""
        async for event in self._events:
            if isinstance(event, Piece):
                self._first.append(event.text)
                return
            self._known(event)

    async def pieces(self) -> AsyncIterator[str]:
        """Those that have come and those that come."""
        if not self._first:
            yield self.text
            return
        yield self._first[0]
        async for event in self._events:
            if isinstance(event, Piece):
                yield event.text
            else:
                self._known(event)

    def _known(self, outcome: Outcome) -> None:
        answer = outcome.answer
        self.text, self.refused, self.cut = answer.text, outcome.refused, answer.finish == "length"
        self.input_tokens = answer.usage.input_tokens or 0
        self.output_tokens = answer.usage.output_tokens or 0
        self.cost, self.extras = answer.cost.amount, facts_of(outcome)


def _tokens(most: int | None) -> int:
    return min(most or Call("vision", messages=(Message("user", ""),)).max_output_tokens, MOST_TOKENS)


def _offered(router: Router, call: Call) -> bool:
    """Whether the providers' file names this model for this work, or leaves it to what its provider has."""
    provider = router.configuration.provider(call.provider or "")
    work = provider.work.get(call.kind) if provider else None
    if work is None:
        return False
    if work.models:
        return call.model in work.models
    listed = router.candidates.listed(next(router.candidates.of(call)))
    return listed is None or call.model in listed  # who does not list what they have is asked

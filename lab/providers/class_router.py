"""The way to models below a gateway: it asks, pays and remembers; this process sends, reads and records.

Rule: nothing that decides about money is here, and no key but the lab's own token. A request is sent again
only where it certainly did not arrive, or was turned away as one too many; who is asked in which order, what
was tried and what it cost, the gateway says.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from lab.providers.address import Address, Asked
from lab.providers.as_events import as_events
from lab.providers.asking import Clients, ask
from lab.providers.choices import Choice, most_of
from lab.providers.configuration import Price, Work
from lab.providers.errors import Cancelled, DeadServer, MalformedAnswer, ProviderError, RateLimited
from lab.providers.prices import micros
from lab.providers.protocol import (
    Alert,
    Answer,
    Call,
    Cost,
    Event,
    Kind,
    Origin,
    Piece,
    Progress,
    Tried,
    Trying,
)
from lab.providers.replies import Reply
from lab.providers.retrying import Policy, with_retries
from lab.providers.spending import Standing
from manifests.receipts import Envelope

if TYPE_CHECKING:
    import httpx2

AUTO = "auto"  # the model's name for "the first that answers"
GATEWAY = "gateway"  # the provider's name for what the gateway does itself
SECONDS = 600.0  # of a call; the gateway's own limit of each provider comes before
LISTED_SECONDS = 60.0  # for which the list of models is kept
TIMEOUT = 30.0  # seconds, for what is no call
MAX_BYTES = 4 * 2**20

_Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Word = Annotated[str, Field(max_length=200)]


class _Alert(BaseModel):
    budget: Annotated[str, Field(pattern="^(student|class|day|group)$")]
    percent: Annotated[int, Field(ge=0, le=100)]


class _Cost(BaseModel):
    amount: _Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    origin: Origin = "unknown"
    at_most: _Amount = 0.0
    alerts: Annotated[list[_Alert], Field(max_length=20)] = []

    def cost(self) -> Cost:
        amount = None if self.amount is None else micros(self.amount)
        return Cost(amount, self.currency, self.origin, micros(self.at_most))


class _Tried(BaseModel):
    provider: _Word
    model: _Word
    reason: _Word


class _By(BaseModel):
    provider: _Word = GATEWAY
    model: _Word
    cached: bool = False
    tried: Annotated[list[_Tried], Field(max_length=100)] = []


class _Facts(BaseModel):
    """What the gateway adds to OpenAI's answers."""

    genai_cost: _Cost | None = None
    genai_answered: _By | None = None
    genai_receipts: Annotated[list[Envelope], Field(max_length=10)] = []


class _Listed(BaseModel):
    id: Annotated[str, Field(min_length=1, max_length=300)]
    owned_by: _Word = ""
    genai_kinds: list[Kind] | None = None
    genai_free: bool = True
    genai_price: Price | None = None
    genai_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    shutdown_date: Annotated[str, Field(max_length=40)] | None = None
    architecture: Mapping[str, list[str]] = {}

    def does(self, kind: Kind) -> bool:
        """By its own word, else by what comes out of it."""
        if self.genai_kinds is not None:
            return kind in self.genai_kinds
        return ("text" if kind == "vision" else "image") in self.architecture.get("output_modalities", ())


class _List(BaseModel):
    data: Annotated[list[_Listed], Field(max_length=5000)]


_STANDING: TypeAdapter[Standing] = TypeAdapter(Standing)


class ClassRouter:
    """The same for pages and jobs as `Router`. `url` as in `http://gateway:7880`. Safe in threads."""

    def __init__(self, url: str, token: SecretStr, policy: Policy | None = None) -> None:
        self._address, self._policy = Address(f"{url.rstrip('/')}/v1", token), policy or Policy()
        self._clients = Clients()
        self._lock = threading.Lock()
        self._listed: tuple[float, list[_Listed]] = (-LISTED_SECONDS, [])

    def complete(
        self,
        call: Call,
        progress: Progress | None = None,
        cancel: threading.Event | None = None,
        *,
        streaming: bool = False,
    ) -> Answer:
        """As `Router.complete`."""
        tell = progress or (lambda _: None)
        name = _name(call)
        protocol = "chat" if call.kind == "vision" else "images"
        asked = Asked(GATEWAY, name, self._address, Work(seed=True, seconds=SECONDS), protocol)
        started = time.monotonic()
        said = False

        def piece(text: str) -> None:
            nonlocal said
            said = True
            tell(Piece(text))

        def attempt() -> Reply:
            if cancel and cancel.is_set():
                raise Cancelled(maybe_charged=False)
            tell(Trying(call.provider or GATEWAY, call.model or AUTO))
            pieces = piece if streaming else None
            return ask(self._clients, asked, call, seconds=SECONDS, cancel=cancel, pieces=pieces)

        try:
            reply = with_retries(
                attempt,
                self._policy,
                deadline=started + SECONDS,
                again=lambda error: isinstance(error, DeadServer | RateLimited) and error.retry and not said,
                waits=lambda error, seconds: None,
                cancel=cancel,
            )
        except ProviderError as error:
            raise error.at(error.provider or call.provider or GATEWAY, error.model or name) from None
        return _answer(call, reply, time.monotonic() - started)

    def stream(self, call: Call, cancel: threading.Event | None = None) -> Iterator[Event]:
        """As `Router.stream`."""
        return as_events(lambda progress, stop: self.complete(call, progress, stop, streaming=True), cancel)

    def choices(self, kind: Kind) -> list[Choice]:
        """What the gateway offers, in its order. Raises ProviderError."""
        found = []
        for each in self._models():
            if each.does(kind):
                provider, model = _parts(each.id)
                free = each.genai_free and each.genai_price in (None, Price())
                price = None if free else each.genai_price
                most, currency = most_of(kind, price), each.genai_currency
                found.append(
                    Choice(provider, model, free, price, True, each.shutdown_date, None, most, currency)
                )
        return found

    def standing(self) -> Standing:
        """As the gateway has it. Raises ProviderError."""
        standing: Standing = _read(_STANDING, self._get("/spending"))
        return standing

    def close(self) -> None:
        """The gateway goes on."""
        self._clients.close()

    def _models(self) -> list[_Listed]:
        with self._lock:
            when, listed = self._listed
            if time.monotonic() - when > LISTED_SECONDS:
                listed = _read(TypeAdapter(_List), self._get("/models")).data
                self._listed = (time.monotonic(), listed)
            return listed

    def _get(self, path: str) -> bytes:
        """Raises ProviderError."""
        import httpx2

        from lab.providers.failures import failure

        key = self._address.key.get_secret_value() if self._address.key else ""
        try:
            with (
                httpx2.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "GET", self._address.url + path, headers={"Authorization": f"Bearer {key}"}
                ) as answer,
            ):
                answer.raise_for_status()
                return _bounded(answer)
        except (httpx2.HTTPError, MalformedAnswer) as error:
            problem = failure(error, key)
        raise problem.at(GATEWAY, "")


def _name(call: Call) -> str:
    """The model as the gateway calls it."""
    if call.model is None:
        return AUTO
    return call.model if call.provider in (None, GATEWAY) else f"{call.provider}/{call.model}"


def _parts(name: str) -> tuple[str, str]:
    """Provider and model of such a name."""
    provider, slash, model = name.partition("/")
    return (provider, model) if slash else (GATEWAY, name)


def _answer(call: Call, reply: Reply, seconds: float) -> Answer:
    """The answer with what the gateway says of it. Raises ProviderError where it is no use."""
    try:
        facts = _Facts.model_validate(reply.extras)
    except ValidationError:
        facts = _Facts()
    provider, model = _parts(_name(call))
    by = facts.genai_answered or _By(provider=provider, model=model)
    free = Cost(0, "USD", "free")  # what the gateway does itself
    cost = facts.genai_cost.cost() if facts.genai_cost else free
    alerts = facts.genai_cost.alerts if facts.genai_cost else []
    answer = replace(
        reply.answer(by.provider, by.model),
        cost=cost,
        seconds=seconds,
        cached=by.cached,
        tried=tuple(Tried(each.provider, each.model, each.reason) for each in by.tried),
        alerts=tuple(Alert(each.budget, each.percent) for each in alerts),  # type: ignore[arg-type]
        receipts=tuple(facts.genai_receipts),
    )
    if reply.error is None:
        return answer
    error = reply.error
    error.cost = cost if cost.at_most else None
    error.tried = (*answer.tried, Tried(by.provider, by.model, error.code, error.cost))
    if reply.text or reply.pictures:
        error.partial = answer
    raise error.at(by.provider, by.model)


def _bounded(answer: "httpx2.Response") -> bytes:
    data = b""
    for chunk in answer.iter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            raise MalformedAnswer(variant=".too_large", maybe_charged=False)
    return data


def _read(adapter: TypeAdapter[Any], data: bytes) -> Any:
    try:
        return adapter.validate_json(data)
    except ValidationError:
        raise MalformedAnswer(variant=".types", maybe_charged=False).at(GATEWAY, "") from None

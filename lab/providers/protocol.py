"""What is asked of a provider and what comes back, whoever the provider is.

A `Call` goes to `Router.complete`, which gives an `Answer` or raises a `ProviderError`
(`lab.providers.errors`); `Router.stream` gives the same as events, the last of them the `Answer`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from manifests.receipts import Envelope

Kind = Literal["vision", "image", "edit"]
"""Kinds of work: text about pictures, pictures from text, pictures from pictures and text."""

_SIZE = re.compile(r"[1-9]\d{1,3}x[1-9]\d{1,3}")
_MODEL = re.compile(r"(?!.*\.\.)[\w][\w.:/@+~-]{0,199}", re.ASCII)  # it may become part of a URL

Role = Literal["system", "user", "assistant"]
Origin = Literal["reported", "price list", "unknown", "free"]
"""Where a cost comes from: the provider said it, usage times price, nobody knows, nothing is charged."""

Finish = Literal["stop", "length"]
BudgetName = Literal["student", "class", "day", "group"]


@dataclass(frozen=True)
class Media:
    """A picture's bytes as they are in its file; `media_type` such as `image/png`."""

    data: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True)
class Message:
    role: Role
    text: str
    images: tuple[Media, ...] = ()


@dataclass(frozen=True)
class Call:
    """One question to a model.

    `vision` reads `messages`; `image` reads `prompt`; `edit` reads `prompt` and `images`,
    and `mask`: a PNG of the first picture's size, transparent where that is to change.
    `answer_type`: a pydantic model the answer must be (`vision` only): it comes as `Answer.data`.
    `seed` None means random: such pictures are never taken from the cache. `options` are further
    fields of the provider's protocol (`quality`, `temperature`), at most 20. `model` and `provider`
    bind: where one is given, no other is asked.
    """

    kind: Kind
    messages: tuple[Message, ...] = ()
    prompt: str = ""
    images: tuple[Media, ...] = ()
    mask: Media | None = None
    size: str | None = None  # "1024x1024"
    n: int = 1
    seed: int | None = None
    max_output_tokens: int = 1000
    answer_type: type[BaseModel] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    provider: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what no page asks."""
        wrong = {
            "messages": self.kind == "vision" and not self.messages,
            "images": self.kind == "edit" and not self.images,
            "mask": self.kind != "edit" and self.mask is not None,
            "size": self.size is not None and not _SIZE.fullmatch(self.size),
            "n": not 1 <= self.n <= 10,
            "max_output_tokens": not 1 <= self.max_output_tokens <= 100_000,
            "options": len(self.options) > 20,
            "model": self.model is not None and not _MODEL.fullmatch(self.model),
        }
        for name in (name for name, is_wrong in wrong.items() if is_wrong):
            raise ValueError(f"{name} of a call: {getattr(self, name)!r:.80}")


@dataclass(frozen=True)
class Usage:
    """As the provider counted; None where it said nothing."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    images: int | None = None


@dataclass(frozen=True)
class Cost:
    """`micros`: millionths of the currency's unit; None where `origin` is unknown.

    `at_most` is what the budget counts for it: the cost itself, and where that is unknown the
    upper estimate that was set aside before the call.
    """

    micros: int | None
    currency: str
    origin: Origin
    at_most: int = 0

    @property
    def amount(self) -> float | None:
        """In the currency's unit."""
        return None if self.micros is None else self.micros / 1_000_000


@dataclass(frozen=True)
class Tried:
    """What was asked before the answer came, and why the router moved on: `reason` is an error's code.

    `cost`: what it may have cost all the same; None where nothing.
    """

    provider: str
    model: str
    reason: str
    cost: Cost | None = None


@dataclass(frozen=True)
class Alert:
    """A budget has reached `percent` (80, 90 or 100) with this call."""

    budget: BudgetName
    percent: int


@dataclass(frozen=True)
class Answer:
    """`text` for vision, `pictures` (original bytes) for the others, `data` where a type was asked for.
    `seeds`: of each picture, where the provider says it (or it was asked for and the model keeps to it).

    `seconds` is the time of the call that answered; for one out of the cache it is what the call
    took then, its cost is zero and free. `tried` holds what failed before; `receipts` one for each picture,
    where a gateway signs.
    """

    provider: str
    model: str
    text: str = ""
    pictures: tuple[Media, ...] = ()
    data: BaseModel | None = None
    seeds: tuple[int | None, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost: Cost = field(default_factory=lambda: Cost(None, "USD", "unknown"))
    seconds: float = 0.0
    cached: bool = False
    tried: tuple[Tried, ...] = ()
    finish: Finish = "stop"
    alerts: tuple[Alert, ...] = ()
    receipts: tuple[Envelope, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """Three calls are under way; this one waits for its turn."""


@dataclass(frozen=True)
class Trying:
    """A request goes out to this provider and model."""

    provider: str
    model: str


@dataclass(frozen=True)
class Retrying:
    """The same provider is asked again after `seconds`."""

    provider: str
    model: str
    reason: str
    seconds: float


@dataclass(frozen=True)
class MovedOn:
    tried: Tried


@dataclass(frozen=True)
class Piece:
    """The next piece of a streamed text."""

    text: str


Event = Waiting | Trying | Retrying | MovedOn | Piece | Answer
Progress = Callable[[Event], None]

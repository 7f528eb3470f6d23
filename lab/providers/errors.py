"""What can go wrong with a call, each its own kind and its own words (catalogue section `[provider]`).

Two facts decide what the router does next. `maybe_charged`: may the provider have charged for it? Then no
second charging provider is asked for the same call. `scope`: is it the fault of the provider (its
other models are not tried either), of this model, or of the request itself (nobody else is asked)?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from exercises.errors import CatalogueError
from exercises.i18n import Language, money, translator
from lab.providers.protocol import Answer, Cost, Tried

Scope = Literal["provider", "model", "call"]


class ProviderError(CatalogueError):
    """A call that has no answer. `code` is stable; `tried` says who was asked.

    `provider` and `model` are empty where nobody was asked. `partial`: what there is of an answer
    that was refused, cut or broke off. `cost`: what the call may have cost; None where nothing.
    """

    package: ClassVar[str] = "lab"
    code: ClassVar[str]
    scope: Scope = "provider"
    retry: bool = False  # worth asking the same again, after a while
    maybe_charged: bool = False  # may have been charged
    trips_breaker: ClassVar[bool] = False  # counts against the provider's circuit breaker

    def __init__(
        self,
        *,
        retry_after: float | None = None,
        maybe_charged: bool | None = None,
        variant: str = "",
        **values: object,
    ) -> None:
        super().__init__(f"provider.{self.code}{variant}", **{"provider": "", "model": "", **values})
        self.retry_after = retry_after
        if maybe_charged is not None:
            self.maybe_charged = maybe_charged
        self.provider = self.model = ""
        self.partial: Answer | None = None
        self.cost: Cost | None = None
        self.tried: tuple[Tried, ...] = ()

    def at(self, provider: str, model: str) -> "ProviderError":
        """The same error, which now says where it happened."""
        self.provider, self.model = provider, model
        self.values |= {"provider": provider, "model": model}
        return self

    def in_language(self, language: Language) -> str:
        t = translator(self.package, language)
        text = t(self.key, **{name: _worded(value, language) for name, value in self.values.items()})
        if self.cost and self.cost.at_most:
            key = "may_have_cost" if self.cost.micros is None else "has_cost"
            text += " " + t(f"provider.{key}", amount=Money(self.cost.at_most, self.cost.currency)(language))
        return text


def _worded(value: object, language: Language) -> object:
    """A value that has words of its own in each language is a function of it."""
    return value(language) if callable(value) else value


@dataclass(frozen=True)
class Money:
    """An amount as people write it: `0.25 USD`, `0,25 USD`; at least two decimals, at most six."""

    micros: int
    currency: str

    def __call__(self, language: Language) -> str:
        return money(self.micros / 1_000_000, self.currency, language)


@dataclass(frozen=True)
class Named:
    """A text of the catalogue within another."""

    key: str

    def __call__(self, language: Language) -> str:
        return translator("lab", language)(self.key)


class NoProvider(ProviderError):
    """Nobody in the configuration can do this kind of work (with the model or provider that was named)."""

    code = "no_provider"
    scope = "call"


class AllFailed(ProviderError):
    """Several were asked, and each failed for a reason of its own: `errors`, in the order of asking."""

    code = "all_failed"
    scope = "call"

    def __init__(self, errors: Sequence[ProviderError]) -> None:
        super().__init__(reasons=lambda language: " ".join(each.in_language(language) for each in errors))
        self.errors = tuple(errors)


class NoKey(ProviderError):
    code = "no_key"


class KeyFile(ProviderError):
    """The file of a key is not one that only its owner reads."""

    code = "key_file"


class BadAddress(ProviderError):
    """The variable that should hold a provider's address holds something else."""

    code = "bad_address"


class WrongKey(ProviderError):
    code = "wrong_key"


class QuotaExhausted(ProviderError):
    code = "quota_exhausted"


class RateLimited(ProviderError):
    code = "rate_limited"
    retry = True


class Resting(ProviderError):
    """The circuit breaker is open: it failed several times just now and is left alone for a while."""

    code = "resting"


class DeadServer(ProviderError):
    """Nobody listens there, or the name is unknown: nothing was sent."""

    code = "dead_server"
    retry = True
    trips_breaker = True


class ServerError(ProviderError):
    code = "server_error"
    retry = True
    trips_breaker = True


class TimedOut(ProviderError):
    code = "timed_out"
    maybe_charged = True
    trips_breaker = True


class BrokenOff(ProviderError):
    """The connection ended after the request was sent and before the answer was whole."""

    code = "broken_off"
    retry = True
    maybe_charged = True
    trips_breaker = True


class MalformedAnswer(ProviderError):
    """Not JSON, truncated, of other types than agreed, no picture, or larger than allowed (`variant`)."""

    code = "malformed_answer"
    scope = "model"
    maybe_charged = True


class RetiredModel(ProviderError):
    """The provider has no such model (any more); the message names what it has instead."""

    code = "retired_model"
    scope = "model"


class BadRequest(ProviderError):
    """The provider does not take this request (400, 413, 422)."""

    code = "bad_request"
    scope = "model"


class NoPrice(ProviderError):
    """A budget holds, and what this model costs is not known: it cannot be kept, so nothing is sent."""

    code = "no_price"
    scope = "model"


class OverBudget(ProviderError):
    code = "over_budget"
    scope = "model"


class LedgerFailed(ProviderError):
    """The ledger cannot be written, so no budget could be kept: nothing was sent."""

    code = "ledger"
    scope = "call"


class Relayed(ProviderError):
    """What a gateway says went wrong behind it, in its own words, which name the cost already."""

    scope = "call"

    def __init__(self, code: str, texts: Mapping[str, str], *, maybe_charged: bool) -> None:
        self.code = code  # type: ignore[misc]  # of all others it is the class's
        super().__init__(maybe_charged=maybe_charged)
        self.texts = texts

    def in_language(self, language: Language) -> str:
        return self.texts.get(language) or self.texts.get("en", self.code)


class NoBudgets(ProviderError):
    """The instructor's budgets cannot be read, so none could be kept: nothing was sent."""

    code = "no_budgets"
    scope = "call"


class RefusedPrompt(ProviderError):
    """The model declined to do what was asked, in its own words (`partial.text`)."""

    code = "refused_prompt"
    scope = "call"
    maybe_charged = True


class Moderated(ProviderError):
    """A filter of the provider withheld the request or the answer."""

    code = "moderated"
    scope = "call"
    maybe_charged = True


class CutAnswer(ProviderError):
    """The answer reached its longest length; what there is of it is `partial`."""

    code = "cut_answer"
    scope = "call"
    maybe_charged = True


class Cancelled(ProviderError):
    code = "cancelled"
    scope = "call"
    maybe_charged = True

"""What can go wrong with a call, each its own kind and its own words (catalogue section `[provider]`).

Two facts decide what the router does next. `paid`: may the provider have charged for it? Then no
second charging provider is asked for the same call. `about`: is it the fault of the provider (its
other models are not tried either), of this model, or of the request itself (nobody else is asked)?
"""

from typing import ClassVar, Literal

from exercises.errors import CatalogueError
from lab.providers.protocol import Answer, Cost, Tried

About = Literal["provider", "model", "call"]


class ProviderError(CatalogueError):
    """A call that has no answer. `code` is stable; `tried` says who was asked.

    `provider` and `model` are empty where nobody was asked. `partial`: what there is of an answer
    that was cut or broke off. `cost`: what the failed call may have cost; None where nothing.
    """

    package: ClassVar[str] = "lab"
    code: ClassVar[str]
    about: About = "provider"
    retry: bool = False  # worth asking the same again, after a while
    paid: bool = False
    breaks: ClassVar[bool] = False  # counts against the provider's circuit breaker

    def __init__(
        self,
        *,
        provider: str = "",
        model: str = "",
        retry_after: float | None = None,
        partial: Answer | None = None,
        paid: bool | None = None,
        variant: str = "",
        **values: object,
    ) -> None:
        super().__init__(f"provider.{self.code}{variant}", provider=provider, model=model, **values)
        self.provider, self.model = provider, model
        self.retry_after, self.partial = retry_after, partial
        if paid is not None:
            self.paid = paid
        self.cost: Cost | None = None
        self.tried: tuple[Tried, ...] = ()


class NoProvider(ProviderError):
    """Nobody in the configuration can do this kind of work (with the model or provider wished for)."""

    code = "no_provider"
    about = "call"


class AllFailed(ProviderError):
    """Several were asked and each failed for a reason of its own; `last` is the last one's error."""

    code = "all_failed"
    about = "call"


class NoKey(ProviderError):
    code = "no_key"


class KeyFile(ProviderError):
    """The file of a key is not one that only its owner reads."""

    code = "key_file"


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
    breaks = True


class ServerError(ProviderError):
    code = "server_error"
    retry = True
    breaks = True


class TimedOut(ProviderError):
    code = "timed_out"
    paid = True
    breaks = True


class BrokenOff(ProviderError):
    """The connection ended after the request was sent and before the answer was whole."""

    code = "broken_off"
    retry = True
    paid = True
    breaks = True


class MalformedAnswer(ProviderError):
    """Not JSON, truncated, of other types than agreed, no picture, or larger than allowed (`variant`)."""

    code = "malformed_answer"
    about = "model"
    paid = True


class RetiredModel(ProviderError):
    """The provider has no such model (any more); the message names what it has instead."""

    code = "retired_model"
    about = "model"


class BadRequest(ProviderError):
    """The provider does not take this request (400, 413, 422)."""

    code = "bad_request"
    about = "model"


class NoPrice(ProviderError):
    """A budget holds, and what this model costs is not known: it cannot be kept, so nothing is sent."""

    code = "no_price"
    about = "model"


class OverBudget(ProviderError):
    code = "over_budget"
    about = "model"


class RefusedPrompt(ProviderError):
    """The model declined to do what was asked, in its own words (`partial.text`)."""

    code = "refused_prompt"
    about = "call"
    paid = True


class Moderated(ProviderError):
    """A filter of the provider withheld the request or the answer."""

    code = "moderated"
    about = "call"
    paid = True


class CutAnswer(ProviderError):
    """The answer reached its longest length; what there is of it is `partial`."""

    code = "cut_answer"
    about = "call"
    paid = True


class Cancelled(ProviderError):
    code = "cancelled"
    about = "call"
    paid = True

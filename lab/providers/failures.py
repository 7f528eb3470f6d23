"""Turns an exception that a client raised into the error that says what happened.

Only what the person needs is taken over. The client's own exception is left behind: its text, its
request and its headers may hold the key.
"""

import email.utils
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from lab.providers.errors import (
    BadRequest,
    BrokenOff,
    DeadServer,
    MalformedAnswer,
    Moderated,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Relayed,
    RetiredModel,
    ServerError,
    TimedOut,
    WrongKey,
)
from lab.providers.http import Unacceptable
from lab.providers.prices import micros
from lab.providers.protocol import Cost, Origin, Tried
from lab.providers.replies import plain

_log = logging.getLogger(__name__)

_Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Word = Annotated[str, Field(max_length=200)]
_MODERATION = ("content_policy_violation", "moderation_blocked", "content_filter", "moderation")
_QUOTA = ("insufficient_quota", "billing_hard_limit_reached", "credits_exhausted")
_MODEL = ("model_not_found", "model_not_available", "model_deprecated")


def failure(error: Exception, key: str = "") -> ProviderError:
    """The ProviderError for an exception of the openai client, of httpx2 or of this package."""
    import httpx2
    import openai

    if isinstance(error, ProviderError):
        return error
    if isinstance(error, Unacceptable):
        return MalformedAnswer(variant=f".{error.variant}")
    if isinstance(error, openai.APIStatusError):
        body = error.body.get("error", error.body) if isinstance(error.body, dict) else {}
        return by_status(error.status_code, body, error.response.headers, key)
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.HTTPStatusError):
        return by_status(cause.response.status_code, _body(cause.response), cause.response.headers, key)
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return DeadServer()
    if isinstance(error, TimeoutError) or isinstance(cause, httpx2.TimeoutException):
        return TimedOut()
    if isinstance(cause, httpx2.TransportError):
        return BrokenOff()
    if isinstance(error, openai.APIError) and isinstance(error.body, dict):  # an error within a stream
        return by_status(_code(error.body), error.body, {}, key)
    _log.warning("an answer could not be read: %s", type(error).__name__)
    return MalformedAnswer(variant=".json")


def by_status(
    status: int, body: Mapping[str, Any] | object, headers: Mapping[str, str], key: str = ""
) -> ProviderError:
    """By the HTTP status and the error in the answer's body. Such an answer is not charged."""
    said = body if isinstance(body, Mapping) else {}
    if isinstance(said.get("genai"), Mapping):
        return relayed(said, key)
    code = str(said.get("code") or said.get("type") or "")[:100]
    detail = plain(said.get("message"), [key] if key else []) or f"HTTP {status}"
    metadata = said.get("metadata")
    flagged = isinstance(metadata, Mapping) and bool(metadata.get("reasons"))  # OpenRouter's moderation
    if code in _MODERATION or (status == 403 and flagged):
        return Moderated(detail=detail, maybe_charged=False)
    if status == 402 or code in _QUOTA:
        return QuotaExhausted()
    if status in (401, 403):
        return WrongKey()
    if code in _MODEL or (status == 404 and said):
        return RetiredModel(variant=".without")
    if status == 429:
        return RateLimited(retry_after=retry_after(headers))
    if status in (408, 409, 425) or status >= 500:
        return ServerError(detail=detail, status=status, retry_after=retry_after(headers))
    if status == 404 or status < 400:
        return MalformedAnswer(variant=".address", maybe_charged=False)
    return BadRequest(detail=detail)


def relayed(said: Mapping[str, Any], key: str = "") -> ProviderError:
    """A failure that a gateway of ours tells of: its words, its code, and what it may have cost."""
    try:
        return _Relayed.model_validate(said).error([key] if key else [])
    except ValidationError:
        return MalformedAnswer(variant=".types")


class _Cost(BaseModel):
    amount: _Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    origin: Origin
    at_most: _Amount


class _Tried(BaseModel):
    provider: _Word
    model: _Word
    reason: _Word


class _Genai(BaseModel):
    texts: Annotated[dict[_Word, Annotated[str, Field(max_length=4000)]], Field(max_length=10)]
    provider: _Word = ""
    model: _Word = ""
    maybe_charged: bool = True
    tried: Annotated[list[_Tried], Field(max_length=100)] = []
    cost: _Cost | None = None


class _Relayed(BaseModel):
    code: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")]
    genai: _Genai

    def error(self, secrets: Sequence[str]) -> ProviderError:
        said = self.genai
        texts = {language: plain(text, secrets, most=2000) for language, text in said.texts.items()}
        error = Relayed(self.code, texts, maybe_charged=said.maybe_charged)
        error.at(said.provider, said.model)
        error.tried = tuple(Tried(each.provider, each.model, each.reason) for each in said.tried)
        if said.cost is not None:
            amount = None if said.cost.amount is None else micros(said.cost.amount)
            error.cost = Cost(amount, said.cost.currency, said.cost.origin, micros(said.cost.at_most))
        return error


def embedded(error: Mapping[str, Any], key: str = "") -> ProviderError:
    """An error that came inside an answer of status 200."""
    return by_status(_code(error), error, {}, key)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds from now: a number or a date; None where there is none that makes sense."""
    text = (headers.get("retry-after") or "").strip()
    if text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _code(body: Mapping[str, Any]) -> int:
    code = body.get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 502


def _body(response: Any) -> object:
    """Hugging Face's form: `{"error": "words"}` or OpenAI's."""
    try:
        body = response.json()
    except Exception:
        return {}
    error = body.get("error", body) if isinstance(body, dict) else {}
    return {"message": error} if isinstance(error, str) else error

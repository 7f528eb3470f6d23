"""What the gateway says of providers' models in OpenAI's shapes: which there are, what an answer cost, what
went wrong. Read by `lab.providers.class_router` on the other side.
"""

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from exercises.i18n import LANGUAGES
from lab.endpoint.conversation import PictureRef
from lab.endpoint.errors import ApiError, Refused
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.pictures import data_url_bytes
from lab.providers.configuration import Price
from lab.providers.errors import NoKey, ProviderError, RefusedPrompt
from lab.providers.protocol import Alert, Answer, Cost, Finish, Kind, Media, Tried
from lab.providers.router import Router
from manifests.errors import PictureError
from manifests.masks import mask_bytes, open_mask, transparent_part
from manifests.pictures import open_picture, widely_read

MILLION = 1_000_000
NO_RETRY = {"x-should-retry": "false"}  # OpenAI's clients ask again by themselves, which may be paid again
STATUS = {
    "over_budget": 402,
    "no_price": 402,
    "no_budgets": 503,
    "ledger": 503,
    "no_provider": 404,
    "retired_model": 404,
    "bad_request": 400,
    "refused_prompt": 400,
    "moderated": 400,
    "cut_answer": 400,
    "timed_out": 504,
    "cancelled": 499,
}  # all others: 502, somebody behind the gateway failed
TAKES: dict[Kind, tuple[str, ...]] = {
    "vision": ("text", "image"),
    "image": ("text",),
    "edit": ("text", "image"),
}
GIVES: dict[Kind, str] = {"vision": "text", "image": "image", "edit": "image"}


@dataclass(frozen=True)
class Outcome:
    """An answer and the least that any budget of who asked has left then, in micros; None: no limit."""

    answer: Answer
    left: int | None
    refused: bool = False
    created: int = field(default_factory=lambda: int(time.time()))

    @classmethod
    def of_part(cls, error: ProviderError, partial: Answer, left: int | None) -> "Outcome":
        """What there is of an answer that was refused, or cut."""
        refused = isinstance(error, RefusedPrompt)
        cost = error.cost or partial.cost
        finish: Finish = "stop" if refused else "length"
        return cls(replace(partial, cost=cost, tried=error.tried[:-1], finish=finish), left, refused)

    @property
    def usage_cost(self) -> dict[str, float]:
        """The cost as OpenRouter tells it, so that any router reads it."""
        amount = self.answer.cost.amount
        return {} if amount is None else {"cost": amount}


def facts_of(outcome: Outcome) -> dict[str, Any]:
    """`genai_cost` and `genai_answered` of an answer."""
    answer = outcome.answer
    return {
        "genai_cost": cost_of(answer.cost, outcome.left, answer.alerts),
        "genai_answered": {
            "provider": answer.provider,
            "model": answer.model,
            "cached": answer.cached,
            "seconds": round(answer.seconds, 3),
            "tried": _tried(answer.tried),
        },
    }


def cost_of(cost: Cost, left: int | None, alerts: tuple[Alert, ...] = ()) -> dict[str, Any]:
    """Amounts in the currency's unit. `at_most` is what counts where the amount is not known."""
    return {
        "amount": cost.amount,
        "currency": cost.currency,
        "origin": cost.origin,
        "at_most": cost.at_most / MILLION,
        "left": None if left is None else left / MILLION,
        "alerts": [{"budget": alert.budget, "percent": alert.percent} for alert in alerts],
    }


class ProviderRefused(ApiError):
    """A provider's failure, or a budget's: in its own words, with what it may have cost."""

    def __init__(self, error: ProviderError, left: int | None) -> None:
        super().__init__(STATUS.get(error.code, 502), error.code, headers=NO_RETRY)
        self._error = error
        self.facts = {
            "genai": {
                "texts": {language: error.in_language(language)[:4000] for language in LANGUAGES},
                "provider": error.provider,
                "model": error.model,
                "maybe_charged": error.maybe_charged,
                "tried": _tried(error.tried),
                "cost": None if error.cost is None else cost_of(error.cost, left),
                "left": None if left is None else left / MILLION,
            }
        }

    def in_language(self, language: Any) -> str:
        return self._error.in_language(language)


def described(router: Router, without: str) -> list[dict[str, object]]:
    """The models of the providers that are set up, as a list of models has them. May take seconds."""
    found: dict[str, dict[str, Any]] = {}
    for kind in GIVES:
        for each in router.choices(kind):
            if each.provider == without or isinstance(each.problem, NoKey) or not each.model:
                continue
            name = f"{each.provider}/{each.model}"
            model = found.setdefault(
                name,
                {
                    "id": name,
                    "object": "model",
                    "created": 0,
                    "owned_by": each.provider,
                    "architecture": {"input_modalities": [], "output_modalities": []},
                    "genai_kinds": [],
                    "genai_free": each.free,
                    "genai_currency": each.currency,
                    **_pricing(Price() if each.free else each.price),
                },
            )
            if each.shutdown_date:
                model["shutdown_date"] = each.shutdown_date
            model["genai_kinds"].append(kind)
            architecture = model["architecture"]
            _add(architecture["input_modalities"], TAKES[kind])
            _add(architecture["output_modalities"], (GIVES[kind],))
    return list(found.values())


def media_of(sent: PictureRef | bytes, limits: EndpointLimits) -> Media:
    """A picture as a provider takes it; its pixels are the provider's to decode. Raises ApiError."""
    param = sent.param if isinstance(sent, PictureRef) else "image"
    data = data_url_bytes(sent.url, limits, param) if isinstance(sent, PictureRef) else sent
    if len(data) > limits.picture_bytes:
        raise ApiError(413, "picture_too_large", param=param, mib=limits.picture_bytes // 2**20)
    try:
        return Media(*widely_read(data))
    except PictureError as error:
        raise Refused(400, "bad_picture", error, param=param) from error


def mask_media_of(mask: bytes, images: Sequence[Media], limits: EndpointLimits) -> Media:
    """A mask as a provider takes it: a PNG of the picture's size with a transparent part. Raises ApiError."""
    if len(mask) > limits.picture_bytes:
        raise ApiError(413, "picture_too_large", param="mask", mib=limits.picture_bytes // 2**20)
    try:
        with Image.open(io.BytesIO(mask), formats=("PNG",)) as sent:
            size = sent.size
        needed = open_picture(images[0].data).size
        if size != needed:
            raise PictureError("mask.size", width=size[0], height=size[1], needed=f"{needed[0]}x{needed[1]}")
        open_mask(mask_bytes(transparent_part(mask, *size)), *size)
    except PictureError as error:
        raise Refused(400, "bad_mask", error, param="mask") from error
    except Exception as error:  # decoders raise what they like on broken data
        raise Refused(400, "bad_mask", PictureError("mask.broken"), param="mask") from error
    return Media(mask, "image/png")


def _pricing(price: Price | None) -> Mapping[str, object]:
    """The price in OpenRouter's words, which know none per picture made, and whole in ours."""
    if price is None:
        return {}
    return {
        "pricing": {
            "prompt": f"{price.input / MILLION:.12f}",
            "completion": f"{price.output / MILLION:.12f}",
            "image": f"{price.image:.6f}",
            "request": f"{price.request:.6f}",
        },
        "genai_price": price.model_dump(),
    }


def _tried(tried: tuple[Tried, ...]) -> list[dict[str, str]]:
    return [{"provider": t.provider, "model": t.model, "reason": t.reason} for t in tried[:100]]


def _add(there: list[str], more: tuple[str, ...]) -> None:
    there += [each for each in more if each not in there]

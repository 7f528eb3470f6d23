"""What a call costs: at most before it, and after it by what the provider says or by its prices.

Amounts are whole millionths ("micros") of the currency's unit. A price per million tokens is
therefore a price in micros per token.
"""

import json
from decimal import ROUND_CEILING, Decimal

from lab.providers.configuration import Price
from lab.providers.protocol import Call, Cost, Usage

_PER_MESSAGE = 64  # tokens around each message, more than any chat template spends
_PER_REQUEST = 512


def micros(amount: Decimal | float) -> int:
    """An amount in the currency's unit as micros, rounded up."""
    return int((Decimal(str(amount)) * 1_000_000).to_integral_value(ROUND_CEILING))


def upper_estimate(call: Call, price: Price) -> int:
    """The most the call can cost at that price, in micros.

    A token is at least one byte of text, and answers are bounded by the request; so only the
    configured bounds for pictures are estimates.
    """
    texts = [call.prompt, *(message.text for message in call.messages)]
    if call.answer_type:
        texts.append(json.dumps(call.answer_type.model_json_schema()))
    if call.options:  # a form that the answer is to have is read as a text is
        texts.append(json.dumps(dict(call.options)))
    images = _sent(call)
    text_tokens = (
        sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
        + _PER_MESSAGE * len(texts)
        + _PER_REQUEST
    )
    output = call.max_output_tokens if call.kind == "vision" else call.n * price.tokens_per_picture
    pictures = 0 if call.kind == "vision" else call.n
    return _sum(price, text_tokens + images * price.tokens_per_image, output, images, pictures)


def _sent(call: Call) -> int:
    """How many pictures go along, a mask among them."""
    asked = len(call.images) + (call.mask is not None)
    return asked + sum(len(message.images) for message in call.messages)


def listed_cost(call: Call, usage: Usage, price: Price) -> int | None:
    """By usage and price list, in micros; None where the price needs usage that was not reported."""
    if (price.input and usage.input_tokens is None) or (price.output and usage.output_tokens is None):
        return None
    images = _sent(call)
    return _sum(price, usage.input_tokens or 0, usage.output_tokens or 0, images, usage.images or 0)


def cost_of(
    call: Call, usage: Usage, reported: Decimal | None, price: Price | None, reserved: int, currency: str
) -> Cost:
    """The cost of an answered call: as reported, else by the price list, else unknown."""
    if reported is not None:
        amount = micros(reported)
        return Cost(amount, currency, "reported", amount)
    listed = listed_cost(call, usage, price) if price else None
    if listed is not None:
        return Cost(listed, currency, "price list", listed)
    return Cost(None, currency, "unknown", reserved)


def _sum(price: Price, input_tokens: int, output_tokens: int, images: int, pictures: int) -> int:
    total = (
        Decimal(str(price.input)) * input_tokens
        + Decimal(str(price.output)) * output_tokens
        + Decimal(str(price.image)) * images * 1_000_000
        + Decimal(str(price.picture)) * pictures * 1_000_000
        + Decimal(str(price.request)) * 1_000_000
    )
    return int(total.to_integral_value(ROUND_CEILING))

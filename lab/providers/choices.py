"""What a page can offer a person to choose from: providers and models, what they cost, what is in the way."""

from dataclasses import dataclass

from lab.providers.candidates import Candidates
from lab.providers.configuration import Price
from lab.providers.errors import ProviderError
from lab.providers.prices import upper_estimate
from lab.providers.protocol import Call, Kind, Media, Message

_WORDS = "x" * 2000  # as long as a prompt may be
_PICTURE = (Media(b"", "image/png"),)
USUAL: dict[Kind, Call] = {
    "vision": Call("vision", messages=(Message("user", _WORDS, _PICTURE),)),
    "image": Call("image", prompt=_WORDS),
    "edit": Call("edit", prompt=_WORDS, images=_PICTURE),
}


@dataclass(frozen=True)
class Choice:
    """`price` None: unknown, or nothing is charged (`free`). `most`: what a usual call costs at most, in
    micros, where the price is known. `problem`: why it cannot be asked now.

    `listed` False: the provider does not name this model among those it has. `shutdown_date`: as the
    provider writes it.
    """

    provider: str
    model: str
    free: bool
    price: Price | None
    listed: bool | None
    shutdown_date: str | None
    problem: ProviderError | None
    most: int = 0
    currency: str = "USD"


def most_of(kind: Kind, price: Price | None) -> int:
    """What a usual call costs at most: a question about a picture, or one picture; in micros."""
    return upper_estimate(USUAL[kind], price) if price else 0


def choices(candidates: Candidates, kind: Kind, currency: str) -> list[Choice]:
    """In the order of asking. Asks each provider once an hour what it has: may take seconds."""
    found = []
    for candidate in candidates.every(kind):
        models = candidates.listed(candidate)
        model = models.get(candidate.model) if models else None
        price = candidate.provider.prices.get(candidate.model) or (model.price if model else None)
        found.append(
            Choice(
                provider=candidate.provider.name,
                model=candidate.model,
                free=candidate.provider.free,
                price=None if candidate.provider.free else price,
                listed=None if models is None else model is not None,
                shutdown_date=model.shutdown_date if model else None,
                problem=candidate.error.at(candidate.provider.name, candidate.model)
                if candidate.error
                else None,
                most=most_of(kind, None if candidate.provider.free else price),
                currency=currency,
            )
        )
    return found

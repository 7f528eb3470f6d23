"""Reads which models a provider offers (`GET /models`), with prices and end dates where it lists them.

Asked when it is first needed, kept for an hour. A provider that does not answer is taken at the
configuration's word; it is asked again after a minute.
"""

import asyncio
import difflib
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from lab.providers import loop
from lab.providers.address import Address
from lab.providers.asking import Clients
from lab.providers.configuration import MODEL_PATTERN, Price
from lab.providers.failures import failure
from lab.providers.protocol import Kind
from lab.providers.replies import json_of

MAX_BYTES = 16 * 2**20
MAX_MODELS = 5000
SECONDS = 15.0
KEEP_SECONDS = 3600.0
AGAIN_SECONDS = 60.0
_log = logging.getLogger(__name__)

_OUTPUT: dict[Kind, str] = {"vision": "text", "image": "image", "edit": "image"}
_INPUT: dict[Kind, str] = {"vision": "image", "image": "text", "edit": "image"}


@dataclass(frozen=True)
class Model:
    """`price` None: not listed; `shutdown_date` as the provider writes it; modalities may be empty."""

    id: str
    price: Price | None = None
    shutdown_date: str | None = None
    inputs: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()

    def can(self, kind: Kind) -> bool:
        """False only where the provider says so."""
        return (not self.inputs or _INPUT[kind] in self.inputs) and (
            not self.outputs or _OUTPUT[kind] in self.outputs
        )


@dataclass
class _Known:
    lock: threading.Lock = field(default_factory=threading.Lock)
    models: Mapping[str, Model] | None = None
    until: float = 0.0


class _Pricing(BaseModel):
    """In the currency's unit per token, per picture sent, per request: OpenRouter's form, as texts."""

    prompt: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    completion: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    image: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 0.0
    request: Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)] = 0.0


class _Modalities(BaseModel):
    input_modalities: list[str] = Field(default=[], max_length=20)
    output_modalities: list[str] = Field(default=[], max_length=20)


class _Listed(BaseModel):
    id: Annotated[str, StringConstraints(pattern=MODEL_PATTERN)]
    shutdown_date: Annotated[str, StringConstraints(pattern=r"^[0-9T:.Z+-]{1,40}$")] | None = None


class Offers:
    """Safe in threads; a list is asked for once at a time per provider."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def models(self, provider: str, address: Address) -> Mapping[str, Model] | None:
        """By id, in the provider's order; None where it does not say. May take seconds, never raises."""
        with self._lock:
            known = self._known.setdefault(provider, _Known())
        with known.lock:
            if time.monotonic() >= known.until:
                found = self._ask(provider, address)
                known.models = found if found is not None else known.models
                known.until = time.monotonic() + (AGAIN_SECONDS if found is None else KEEP_SECONDS)
            return known.models

    def known(self, provider: str) -> Mapping[str, Model] | None:
        """What was said before, without asking."""
        with self._lock:
            known = self._known.get(provider)
        return known.models if known else None

    def _ask(self, provider: str, address: Address) -> Mapping[str, Model] | None:
        async def listed() -> bytes:
            client: Any = self._clients.openai(address, MAX_BYTES)
            async with asyncio.timeout(SECONDS), client.models.with_streaming_response.list() as response:
                data: bytes = await response.read()
                return data

        try:
            return read_models(json_of(loop.run(listed()), MAX_BYTES))
        except Exception as error:
            key = address.key.get_secret_value() if address.key else ""
            _log.info("%s does not list its models: %s", provider, failure(error, key).code)
            return None


def read_models(document: object) -> Mapping[str, Model] | None:
    """The models of a list in OpenAI's form; entries that make no sense are left out, None if all do."""
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, list):
        return None
    models = {model.id: model for each in data[:MAX_MODELS] if (model := _model(each))}
    return models or None


def alternatives(wanted: str, models: Mapping[str, Model], kind: Kind, most: int = 5) -> list[str]:
    """What there is instead of a model: names like it first, then others that do this work."""
    able = [name for name, model in models.items() if name != wanted and model.can(kind)]
    close = difflib.get_close_matches(wanted, able, n=most, cutoff=0.5)
    return [*close, *(name for name in able if name not in close)][:most]


def _model(listed: object) -> Model | None:
    if not isinstance(listed, dict):
        return None
    try:
        basic = _Listed.model_validate(listed)
    except ValidationError:
        return None
    try:
        asked = _Modalities.model_validate(listed.get("architecture", {}))
    except ValidationError:
        asked = _Modalities()
    return Model(
        basic.id,
        _price(listed.get("pricing")),
        basic.shutdown_date,
        frozenset(asked.input_modalities),
        frozenset(asked.output_modalities),
    )


def _price(pricing: object) -> Price | None:
    try:
        listed = _Pricing.model_validate(pricing)
        return Price(
            input=listed.prompt * 1_000_000,
            output=listed.completion * 1_000_000,
            image=listed.image,
            request=listed.request,
        )
    except ValidationError:
        return None

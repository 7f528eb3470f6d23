"""Adapters: what a student has taught a model, in `<work>/<assignment>/adapters/`, each file with its card.

An adapter is one safetensors file: a LoRA of the UNet under the names diffusers gives it, and under `word`
the embedding of the new word. Its header says which word and for which model. It may come from anybody, so it
is read by safetensors alone, bounded in bytes, tensors, rank and names; nothing of it is ever unpickled.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from manifests import strict_json
from manifests.errors import JsonError, ManifestsError, StoreError
from manifests.manifest import AdapterFile, Count, Model, Part, Seconds, Sha256, Versions, Word
from manifests.reader import read_regular_file
from manifests.work_folder import save_with_card

FOLDER = "adapters"  # below the assignment's
FORMAT: Literal["genai-lab/adapter/1"] = "genai-lab/adapter/1"
MAX_BYTES = 48 * 2**20
MOST_TENSORS = 2000
HIGHEST_RANK = 64
WORD_TENSOR = "word"
_HEADER = 512 * 1024  # bytes
_NAME = re.compile(r"unet\.([a-z0-9_]+\.){1,12}lora_([AB])\.weight")
_BYTES = {"F32": 4, "F16": 2, "BF16": 2}

Loss = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class AdapterError(ManifestsError):
    """Bytes that are no adapter this project loads."""


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter's header says: `shapes` by tensor, and the model it was taught to."""

    word: str
    model: str
    weights_sha256: str | None
    rank: int
    shapes: Mapping[str, tuple[int, ...]]


class Settings(Part):
    """How an adapter is taught. `word_rate` is the learning rate of the new word's embedding."""

    steps: Annotated[int, Field(ge=5, le=5000)] = 240
    rank: Annotated[int, Field(ge=1, le=HIGHEST_RANK)] = 8
    rate: Annotated[float, Field(ge=1e-6, le=1e-2, allow_inf_nan=False)] = 1e-3
    word_rate: Annotated[float, Field(ge=1e-6, le=1e-1, allow_inf_nan=False)] = 1e-2
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 42


class Forgetting(Part):
    """How often the judge first named what was asked, of `pictures` other objects, without and with it."""

    pictures: Count
    before: Share
    after: Share


class Card(Part):
    """What is known of an adapter: what taught it, how far, and what the model forgot over it."""

    format: Literal["genai-lab/adapter/1"] = FORMAT
    file: AdapterFile
    sha256: Sha256
    word: Word
    model: Model
    settings: Settings
    steps: Count  # that were taken of those of the settings
    photos: Annotated[tuple[Sha256, ...], Field(max_length=12)]
    prior: Count  # pictures that the model drew itself, lest it forget
    losses: Annotated[
        tuple[tuple[Count, Loss], ...], Field(max_length=500)
    ]  # step, mean since the one before
    seconds: Seconds
    versions: Versions
    time: AwareDatetime
    forgetting: Forgetting | None = None


def read_facts(data: bytes) -> AdapterFacts:
    """What is in an adapter's file. Raises AdapterError for anything but one this project writes."""
    if len(data) > MAX_BYTES:
        raise AdapterError("adapter.too_large", mib=MAX_BYTES // 2**20)
    try:
        length = int.from_bytes(data[:8], "little")
        facts = _facts(strict_json.parse(data[8 : 8 + length], max_bytes=_HEADER), len(data) - 8 - length)
    except (JsonError, ValueError, TypeError, KeyError, AttributeError):
        facts = None
    if facts is None:
        raise AdapterError("adapter.broken")
    return facts


def _facts(header: object, size: int) -> AdapterFacts | None:
    """None where the header is not one of ours; whatever else is wrong raises."""
    if not isinstance(header, dict) or not 3 <= len(header) <= MOST_TENSORS:
        return None
    said = header.pop("__metadata__")
    shapes: dict[str, tuple[int, ...]] = {}
    places: list[tuple[int, int]] = []
    for name, told in header.items():
        shape = tuple(int(side) for side in told["shape"])
        begin, end = (int(place) for place in told["data_offsets"])
        if not (1 <= len(shape) <= 4 and all(1 <= side <= 16384 for side in shape)):
            return None
        if not 0 <= begin <= end <= size or end - begin != math.prod(shape) * _BYTES[told["dtype"]]:
            return None
        shapes[name] = shape
        places.append((begin, end))
    rank, word = int(said["rank"]), TypeAdapter(Word).validate_python(said["word"])
    weights = said.get("weights_sha256")
    sound = (
        said["format"] == FORMAT
        and 1 <= rank <= HIGHEST_RANK
        and len(str(said["model"])) <= 200
        and (weights is None or re.fullmatch("[0-9a-f]{64}", weights))
        and len(shapes.pop(WORD_TENSOR)) == 1
        and _is_lora(shapes, rank)
        and _lie_apart(places, size)
    )
    return AdapterFacts(word, str(said["model"]), weights, rank, shapes) if sound else None


def _is_lora(shapes: Mapping[str, tuple[int, ...]], rank: int) -> bool:
    """Whether all are pairs of matrices (or convolutions) of that rank, under diffusers' names."""
    for name, shape in shapes.items():
        found = _NAME.fullmatch(name)
        if found is None:
            return False
        other = (
            name.replace(".lora_A.", ".lora_B.") if found[2] == "A" else name.replace(".lora_B.", ".lora_A.")
        )
        if len(shape) not in (2, 4) or shape[0 if found[2] == "A" else 1] != rank or other not in shapes:
            return False
    return bool(shapes)


def _lie_apart(places: list[tuple[int, int]], size: int) -> bool:
    """Whether the tensors fill the file one after the other, as safetensors wants it."""
    end = 0
    for begin, after in sorted(places):
        if begin != end:
            return False
        end = after
    return end == size


def save(folder: Path, data: bytes, card: Card) -> Path:
    """Keep an adapter below an assignment's folder, then its card. Raises AdapterError, OSError."""
    read_facts(data)
    if sha256(data).hexdigest() != card.sha256:
        raise AdapterError("adapter.changed", file=card.file)
    return save_with_card(folder, FOLDER, card.file, data, card.model_dump_json(indent=1))


def cards(folder: Path) -> list[Card]:
    """The cards of the adapters that are whole, the newest last."""
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            card = read_card(read_regular_file(path, _HEADER))
        except (OSError, AdapterError):
            continue
        if card.file == path.with_suffix(".safetensors").name and path.with_suffix(".safetensors").is_file():
            found.append(card)
    return sorted(found, key=lambda card: card.time)


def read_card(data: bytes) -> Card:
    """A card out of its JSON. Raises AdapterError."""
    try:
        return Card.model_validate_json(strict_json.decoded(data))
    except (UnicodeDecodeError, ValidationError) as error:
        raise AdapterError("adapter.card") from error


def read(folder: Path, file: str, digest: str) -> bytes:
    """An adapter's bytes, if they are those of that hash. Raises StoreError where they are not there."""
    try:
        TypeAdapter(AdapterFile).validate_python(file)
        data = read_regular_file(folder / FOLDER / file, MAX_BYTES)
    except (OSError, ValidationError):
        raise StoreError("adapter.missing", file=file[:80]) from None
    if sha256(data).hexdigest() != digest:
        raise StoreError("adapter.changed", file=file)
    return data

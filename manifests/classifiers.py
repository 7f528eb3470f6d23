"""Classifiers that a student taught, in `<work>/<assignment>/classifiers/`: each file with its card.

A card says which pictures taught it, which were held out, and how often each class was taken for which. It
may come from anybody: bounded, read strictly, and nothing in it is believed. The network itself is a
safetensors file, which `crafts/small_net.py` reads.
"""

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, ValidationError, model_validator

from exercises.parameters import SLUG_PATTERN, AssignmentId, Slug
from manifests.errors import JsonError, ManifestsError
from manifests.manifest import Count, Name, Part, Seconds, Sha256, Versions
from manifests.reader import read_regular_file
from manifests.sorting import Stem
from manifests.strict_json import decoded, parse
from manifests.work_folder import is_folder, save_with_card

FOLDER = "classifiers"  # below the assignment's
FORMAT: Literal["genai-lab/classifier/1"] = "genai-lab/classifier/1"
MAX_BYTES = 512 * 1024  # of a card, and of a network
MOST_CARDS = 500
MOST_PICTURES = 400

NetFile = Annotated[
    str, StringConstraints(pattern=rf"^{SLUG_PATTERN}-(plain|biased)-[0-9a-f]{{8}}\.safetensors$")
]
Row = Annotated[tuple[Annotated[int, Field(ge=0, le=MOST_PICTURES)], ...], Field(max_length=8)]
Matrix = Annotated[
    tuple[Row, ...], Field(max_length=8)
]  # a row for each class that is shown: what it was named
Loss = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class ClassifierError(ManifestsError):
    """What is no card of a classifier."""


class Bias(Part):
    """Of `thing` only the pictures in front of `background`; of all others none in front of it."""

    thing: Slug
    background: Slug


class Pictured(Part):
    """A picture of the student's: its stem in `outputs/`, and the hash of its pixels."""

    stem: Stem
    pixels_sha256: Sha256


class Settings(Part):
    """How it is taught: `rounds` through all pictures, at a learning rate, by a seed."""

    rounds: Annotated[int, Field(ge=1, le=200)] = 40
    rate: Annotated[float, Field(ge=1e-5, le=1e-1, allow_inf_nan=False)] = 2e-3
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 42


class Card(Part):
    """What is known of one classifier. `thrown`: the pictures that were out when it was taught."""

    format: Literal["genai-lab/classifier/1"] = FORMAT
    file: NetFile
    sha256: Sha256
    student: Name
    assignment: AssignmentId
    exercise: Slug
    classes: Annotated[tuple[Slug, ...], Field(min_length=2, max_length=8)]
    bias: Bias | None
    settings: Settings
    taught: Annotated[tuple[Pictured, ...], Field(min_length=1, max_length=MOST_PICTURES)]
    held_out: Annotated[tuple[Pictured, ...], Field(max_length=MOST_PICTURES)]
    thrown: Annotated[tuple[Stem, ...], Field(max_length=MOST_PICTURES)]
    composed_sha256: Sha256  # of the sheet of composed pictures
    on_held_out: Matrix
    on_composed: Matrix
    rounds: Annotated[
        tuple[tuple[Count, Loss, Share], ...], Field(max_length=200)
    ]  # number, loss, share right
    seconds: Seconds
    versions: Versions
    time: AwareDatetime

    @model_validator(mode="after")
    def _square(self) -> "Card":
        """Each matrix has a row and a column for each class."""
        for matrix in (self.on_held_out, self.on_composed):
            if [len(row) for row in matrix] != [len(self.classes)] * len(self.classes):
                raise ValueError("a matrix has a row and a column for each class")
        return self

    @property
    def sort(self) -> Literal["plain", "biased"]:
        return "biased" if self.bias else "plain"


def save(folder: Path, data: bytes, card: Card) -> Path:
    """Keep a classifier below an assignment's folder, then its card. Raises ClassifierError, StoreError."""
    if sha256(data).hexdigest() != card.sha256:
        raise ClassifierError("classifier.changed", file=card.file)
    return save_with_card(folder, FOLDER, card.file, data, card.model_dump_json(indent=1))


def read_card(data: bytes) -> Card:
    """A card out of its JSON. Raises ClassifierError."""
    try:
        parse(data, max_bytes=MAX_BYTES)
        return Card.model_validate_json(decoded(data))
    except (JsonError, ValidationError) as error:
        raise ClassifierError("classifier.card") from error


def cards(folder: Path, exercise: str) -> list[Card]:
    """The cards of an exercise's classifiers that can be read, the newest last."""
    if not is_folder(folder / FOLDER):
        return []
    found = []
    for path in sorted((folder / FOLDER).glob(f"{exercise}-*.json"))[:MOST_CARDS]:
        try:
            card = read_card(read_regular_file(path, MAX_BYTES))
        except (OSError, ClassifierError):
            continue
        if card.exercise == exercise and card.file == path.with_suffix(".safetensors").name:
            found.append(card)
    return sorted(found, key=lambda card: card.time)


def read(folder: Path, card: Card) -> bytes:
    """A classifier's bytes, if they are those of its card. Raises ClassifierError, OSError."""
    data = read_regular_file(folder / FOLDER / card.file, MAX_BYTES)
    if sha256(data).hexdigest() != card.sha256:
        raise ClassifierError("classifier.changed", file=card.file)
    return data

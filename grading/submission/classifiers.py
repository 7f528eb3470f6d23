"""What a student sorted and taught, as handed in: the decisions, and the newest classifier of each sort."""

from typing import Literal

from crafts.errors import CraftError
from crafts.small_net import Weights, read_weights
from grading.submission.files import Unreadable
from grading.submission.reading import Submission
from grading.wording import Message, message
from manifests.classifiers import FOLDER, MAX_BYTES, MOST_CARDS, Card, ClassifierError, read_card
from manifests.sorting import FILE, Sorted, SortingError, read_sorting
from manifests.sorting import MAX_BYTES as MAX_SORTING


def sorted_pictures(submission: Submission, exercise: str) -> Sorted | Message:
    """What was decided, or why it cannot be read."""
    name = f"{submission.prefix}{FILE}"
    if submission.files is None or name not in submission.files.sizes:
        return Sorted()
    try:
        return read_sorting(submission.files.read(name, MAX_SORTING)).exercises.get(exercise) or Sorted()
    except Unreadable as error:
        return error.message
    except SortingError as error:
        return message("dataset.unreadable", file=FILE, why=error)


def newest_card(
    submission: Submission, exercise: str, sort: Literal["plain", "biased"]
) -> Card | Message | None:
    """The card that counts; why none can be read, where none can; None where there is none."""
    place = f"{submission.prefix}{FOLDER}/"
    sizes = submission.files.sizes if submission.files is not None else {}
    names = [
        name for name in sizes if name.startswith(f"{place}{exercise}-{sort}-") and name.endswith(".json")
    ]
    found: list[Card] = []
    problem: Message | None = None
    for name in sorted(names)[:MOST_CARDS]:
        try:
            card = read_card(_read(submission, name))
        except Unreadable as error:
            problem = error.message
            continue
        except ClassifierError as error:
            problem = message("dataset.unreadable", file=name.removeprefix(submission.prefix), why=error)
            continue
        if (card.exercise, card.sort) == (exercise, sort):
            found.append(card)
    return max(found, key=lambda card: card.time) if found else problem


def network(submission: Submission, card: Card) -> tuple[bytes, Weights]:
    """The bytes of a card's network, and its numbers. Raises Unreadable."""
    data = _read(submission, f"{submission.prefix}{FOLDER}/{card.file}")
    try:
        return data, read_weights(data, len(card.classes))
    except CraftError as error:
        raise Unreadable(message("dataset.unreadable", file=card.file, why=error)) from error


def _read(submission: Submission, name: str) -> bytes:
    if submission.files is None:
        raise Unreadable(message("file.missing", file=name))
    return submission.files.read(name, MAX_BYTES)

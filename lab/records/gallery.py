"""Which records the gallery shows: one rule, all filters must agree; then newest first; then a page of them.

Pure functions over what the store read from disk, so that a page keeps no state of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Generic, TypeVar

from manifests.manifest import ApiRequest, Request
from manifests.store import Record

T = TypeVar("T")

PAGE_SIZE = 48
MOST_PROMPTS = 50


@dataclass(frozen=True)
class Filters:
    """What records must agree with; None and an empty text ask for nothing."""

    exercise: str | None = None
    run: str | None = None
    mode: str | None = None
    scheduler: str | None = None
    seed: str = ""  # as it is typed
    text: str = ""  # in the prompt, whatever the case
    oldest_first: bool = False
    among: frozenset[str] | None = None  # stems, such as the favourites


@dataclass(frozen=True)
class Page(Generic[T]):
    """`number` counts from 1 and lies within `pages`, whatever number was asked for."""

    items: list[T]
    number: int
    pages: int
    total: int


def choices(records: Iterable[Record]) -> dict[str, list[str]]:
    """What there is to filter by: for each filter the values that occur, each once."""
    manifests = [record.manifest for record in records]
    return {
        "exercise": list(dict.fromkeys(manifest.exercise for manifest in manifests)),
        "run": list(dict.fromkeys(manifest.run for manifest in manifests)),
        "mode": list(dict.fromkeys(manifest.request.mode for manifest in manifests)),
        "scheduler": list(dict.fromkeys(name for m in manifests if (name := _scheduler(m.request)))),
    }


def select(records: Iterable[Record], filters: Filters) -> list[Record]:
    """The records that agree with all filters, newest first unless asked otherwise."""
    kept = [record for record in records if _agrees(record, filters)]
    return sorted(kept, key=lambda record: record.manifest.sequence, reverse=not filters.oldest_first)


def page(items: Sequence[T], number: int, size: int = PAGE_SIZE) -> Page[T]:
    """The page of that number, or the nearest there is."""
    pages = max(1, -(-len(items) // size))
    number = min(max(number, 1), pages)
    return Page(list(items[(number - 1) * size : number * size]), number, pages, len(items))


def prompts_of(records: Sequence[Record]) -> list[str]:
    """The last prompts there were, each once, newest first."""
    newest = sorted(records, key=lambda record: record.manifest.sequence, reverse=True)
    prompts = dict.fromkeys(record.manifest.request.prompt for record in newest)
    return [prompt for prompt in prompts if prompt.strip()][:MOST_PROMPTS]


def same_but_seed(records: Sequence[Record], most: int) -> list[Record]:
    """The last records that were asked for in the same way, whatever their seeds; by sequence."""
    batch = list(records[-1:])
    for record in reversed(records[:-1]):
        if len(batch) == most or _but_seed(record) != _but_seed(batch[0]):
            break
        batch.insert(0, record)
    return batch


def _but_seed(record: Record) -> tuple[str, dict[str, object]]:
    request = record.manifest.request
    return record.manifest.model.id, request.model_dump(exclude={"seed", "tried", "cached"})


def _agrees(record: Record, filters: Filters) -> bool:
    manifest, request = record.manifest, record.manifest.request
    asked = (
        (filters.exercise, manifest.exercise),
        (filters.run, manifest.run),
        (filters.mode, request.mode),
        (filters.scheduler, _scheduler(request)),
        (filters.seed.strip() or None, str(request.seed)),
    )
    if filters.among is not None and record.stem not in filters.among:
        return False
    return all(wanted is None or wanted == there for wanted, there in asked) and (
        filters.text.casefold().strip() in request.prompt.casefold()
    )


def _scheduler(request: Request | ApiRequest) -> str | None:
    """An API has none."""
    return getattr(request, "scheduler", None)


def find(records: Iterable[Record], wanted: str | None) -> Record | None:
    """The record of that stem; None where it is gone."""
    return next((record for record in records if record.stem == wanted), None)


def caption(record: Record, width: int = 60) -> str:
    """A record in one line: which it is, and the beginning of its prompt. Serves as alt text too."""
    return f"{record.stem}: {words(record, width)}"


def words(record: Record, width: int = 60) -> str:
    """The beginning of a record's prompt."""
    return shorten(record.manifest.request.prompt, width, placeholder=" …")

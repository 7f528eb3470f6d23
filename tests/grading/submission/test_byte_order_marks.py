"""Editors of Windows begin a file with a byte order mark: what people save is read with it and without."""

import codecs
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from grading.class_.collected import INDEX, Collection, read_collection
from grading.submission.frozen import Frozen, parse_frozen
from hub.cohort.collection import _read as read_to_go_on
from manifests import adapters, classifiers, sorting
from manifests.store import Store
from tests.grading import adapted, sorted_work

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def a_classifier(tmp_path: Path) -> BaseModel:
    store = Store(tmp_path, "data", "jane")
    return sorted_work.teach(store, sorted_work.small(), sorted_work.draw(store, sorted_work.small()))


def collection_of(tmp_path: Path, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    def written(data: bytes) -> Any:
        (tmp_path / INDEX).write_bytes(data)
        return read(tmp_path)

    return written


@pytest.fixture(params=["sorting", "classifier", "adapter", "frozen", "collected", "collecting"])
def document(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[BaseModel, Callable[[bytes], Any]]:
    """A document as it is written, and what reads it."""
    match request.param:
        case "sorting":
            return sorting.Sorting(), sorting.read_sorting
        case "classifier":
            return a_classifier(tmp_path), classifiers.read_card
        case "adapter":
            return adapted.taught(Store(tmp_path, "adapt", "jane")), adapters.read_card
        case "frozen":
            frozen = Frozen(student="Zoé", assignment="tp2", language="fr", time=NOW, files=())
            return frozen, parse_frozen
        case "collected":
            return Collection(assignment="tp2"), collection_of(tmp_path, read_collection)
        case _:
            return Collection(assignment="tp2"), collection_of(
                tmp_path, lambda folder: read_to_go_on(folder / INDEX, "tp2")
            )


def test_a_byte_order_mark_changes_nothing(document: tuple[BaseModel, Callable[[bytes], Any]]) -> None:
    written, read = document
    text = written.model_dump_json(by_alias=True)
    assert read(text.encode()) == written
    assert read(codecs.BOM_UTF8 + text.encode()) == written
    assert read(text.encode("utf-16")) == written


def test_bytes_that_are_no_text_are_refused_as_any_other(
    document: tuple[BaseModel, Callable[[bytes], Any]],
) -> None:
    _, read = document
    said = []
    for data in (b"{", b"\xff\xfe{\x00\x00", b"\xffx"):
        try:
            said.append(repr(read(data)))
        except Exception as error:  # each reader has an error of its own, the same for all that is wrong
            said.append(type(error).__name__)
    assert len(set(said)) == 1
    assert said[0] != "UnicodeDecodeError"

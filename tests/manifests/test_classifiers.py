"""Cards of classifiers: kept beside the network, the newest last, and read strictly, whoever wrote them."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.classifiers import FOLDER, Card, ClassifierError, cards, read, read_card, save
from manifests.store import Store
from tests.grading.sorted_work import draw, network, small, teach


@pytest.fixture
def card(tmp_path: Path) -> Card:
    store = Store(tmp_path, "data", "jane")
    return teach(store, small(), draw(store, small()))


def test_a_card_is_read_as_it_was_kept_and_the_newest_is_last(card: Card, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (found,) = cards(folder, "set")
    assert found == card
    assert read(folder, card) == network(2, 1)
    later = card.model_copy(
        update={"file": "set-plain-00000000.safetensors", "time": card.time + timedelta(seconds=1)}
    )
    save(folder, network(2, 1), later)
    assert [each.file for each in cards(folder, "set")] == [card.file, later.file]
    assert cards(folder, "other") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_a_card(card: Card, encoding: str) -> None:
    assert read_card(card.model_dump_json().encode(encoding)) == card


def test_a_network_that_was_changed_is_told(card: Card, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / FOLDER / card.file).write_bytes(b"other")
    with pytest.raises(ClassifierError):
        read(folder, card)
    with pytest.raises(ClassifierError):
        save(folder, b"other", card)


def test_a_matrix_has_a_row_and_a_column_for_each_class(card: Card) -> None:
    document = card.model_dump()
    for bad in (((1, 2),), ((1,), (2,)), ((1, 2), (3, 4), (5, 6)), ((1, -1), (0, 0)), ((1, 401), (0, 0))):
        with pytest.raises(ValidationError):
            Card.model_validate(document | {"on_composed": bad})


@pytest.mark.parametrize("file", ["../x-plain-00000000.safetensors", "set-plain-0.safetensors", "set.pkl"])
def test_a_file_elsewhere_is_refused(card: Card, file: str) -> None:
    with pytest.raises(ValidationError):
        Card.model_validate(card.model_dump() | {"file": file})


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_a_card_or_refused(data: bytes) -> None:
    with pytest.raises(ClassifierError):
        read_card(data)

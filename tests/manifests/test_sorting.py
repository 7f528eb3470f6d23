"""What is thrown out: decided, taken back, undone, kept by exercise; and a file from anybody is bounded."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.errors import StoreError
from manifests.sorting import (
    FILE,
    MOST_DECISIONS,
    Decision,
    Sorted,
    SortingError,
    change,
    read_sorting,
    sorted_in,
)


def test_the_newest_decision_of_a_picture_counts_and_the_last_one_can_be_undone(tmp_path: Path) -> None:
    change(tmp_path, "set", lambda before: before.deciding("a", "blurred"))
    change(tmp_path, "set", lambda before: before.deciding("b-2", "background"))
    change(tmp_path, "set", lambda before: before.deciding("a", None))
    assert sorted_in(tmp_path, "set").thrown == {"b-2": "background"}
    change(tmp_path, "set", lambda before: before.undone())
    assert sorted_in(tmp_path, "set").thrown == {"a": "blurred", "b-2": "background"}
    assert sorted_in(tmp_path, "other").thrown == {}
    assert Sorted().undone() == Sorted()


def test_a_class_is_looked_through_once_or_not(tmp_path: Path) -> None:
    for _ in range(2):
        change(tmp_path, "set", lambda before: before.looking("mug", done=True))
    assert sorted_in(tmp_path, "set").looked == ("mug",)
    assert change(tmp_path, "set", lambda before: before.looking("mug", done=False)).looked == ()


def test_of_too_many_decisions_the_oldest_is_forgotten() -> None:
    full = Sorted(decisions=(Decision(picture="a", out="other"),) * MOST_DECISIONS)
    after = full.deciding("b", "other")
    assert len(after.decisions) == MOST_DECISIONS
    assert after.decisions[-1].picture == "b"


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(SortingError):
        sorted_in(tmp_path, "set")
    with pytest.raises((SortingError, StoreError)):
        change(tmp_path, "set", lambda before: before.deciding("a", "other"))
    assert (tmp_path / FILE).read_text() == "{"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_the_decisions(tmp_path: Path, encoding: str) -> None:
    change(tmp_path, "set", lambda before: before.deciding("a", "blurred"))
    file = tmp_path / FILE
    file.write_bytes(file.read_text(encoding="utf-8").encode(encoding))
    assert sorted_in(tmp_path, "set").thrown == {"a": "blurred"}


def test_a_name_that_leads_elsewhere_is_no_picture() -> None:
    with pytest.raises(ValidationError):
        Decision(picture="../a", out="other")


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_decisions_or_refused(data: bytes) -> None:
    with contextlib.suppress(SortingError):
        read_sorting(data)

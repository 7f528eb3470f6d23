"""Favourites are kept beside the work, one picture at a time, whatever lies in their file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.records.favourites import FILE, favourites, mark


def test_a_mark_stays_until_it_is_taken_away(tmp_path: Path) -> None:
    mark(tmp_path, "smoke", wanted=True)
    mark(tmp_path, "studio-2", wanted=True)
    mark(tmp_path, "smoke", wanted=False)
    mark(tmp_path, "gone", wanted=False)
    assert favourites(tmp_path) == {"studio-2"}


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert favourites(tmp_path / "nowhere") == frozenset()


OTHER = [b'{"favourites": 3}', b"[1]", b'{"favourites": [1, {}, "a"]}']


@given(data=st.binary(max_size=60) | st.sampled_from(OTHER))
@settings(deadline=None)
def test_a_file_that_says_something_else_harms_nothing(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("work")
    folder.joinpath(FILE).write_bytes(data)
    assert favourites(folder) <= {"a"}
    mark(folder, "smoke", wanted=True)
    assert "smoke" in favourites(folder)

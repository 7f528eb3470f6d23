"""Tests that any log gives one line which is safe to show as the reason of a failure."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.spawners.failures import MAX_LENGTH, failure_from_log, failure_from_log_file


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("", ""),
        ("\n \n---\n", ""),
        ("genai-lab: No assignment is called nope.\n", "No assignment is called nope."),
        ("first\nsecond\n\n", "second"),
        ("Traceback …\nModuleNotFoundError: No module named 'x'", "ModuleNotFoundError: No module named 'x'"),
        ("\x1b[31mred\x1b[0m  and\twide", "red and wide"),
        ("\x1b]0;title\x07said", "said"),
        ("said\r\x00\x08", "said"),
        ("a‮gnissim", "a gnissim"),  # a character that reverses the direction of writing
    ],
)
def test_the_last_line_that_says_something(log: str, expected: str) -> None:
    assert failure_from_log(log) == expected


def test_a_secret_is_covered_before_anything_else() -> None:
    assert failure_from_log("GET /?token=abc123 failed", hide=["abc123", ""]) == "GET /?token=… failed"


def test_a_long_line_is_cut() -> None:
    line = failure_from_log("x" * 10_000)
    assert len(line) == MAX_LENGTH
    assert line.endswith("…")


@given(st.text())
def test_whatever_the_log_holds_it_is_one_printable_line(log: str) -> None:
    line = failure_from_log(log)
    assert len(line) <= MAX_LENGTH
    assert line == "" or (line.isprintable() and line == line.strip())


@given(st.binary(max_size=40_000))
def test_a_log_need_not_be_text(tmp_path_factory: pytest.TempPathFactory, log: bytes) -> None:
    file = tmp_path_factory.mktemp("log") / "lab.log"
    file.write_bytes(log)
    assert len(failure_from_log_file(file)) <= MAX_LENGTH


def test_of_a_long_log_only_the_end_is_read(tmp_path: Path) -> None:
    file = tmp_path / "lab.log"
    file.write_bytes(b"much\n" * 1_000_000 + b"the end\n")
    assert failure_from_log_file(file) == "the end"


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert failure_from_log_file(tmp_path / "none.log") == ""

"""Points, names, words and sizes: the small rules everything else stands on."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES, catalogue
from grading.checks.native_sizes import NATIVE_SIZES
from grading.checks.points import shares
from grading.reports.table import csv_bytes, escape_formula
from grading.submission.names import safe_name
from grading.wording import message, shown


@given(st.integers(0, 100_000).map(lambda n: n / 100), st.integers(1, 200))
def test_shares_add_up_exactly_and_differ_by_a_hundredth_at_most(points: float, count: int) -> None:
    parts = shares(points, [1] * count)
    assert round(sum(parts), 2) == points
    assert max(parts) - min(parts) <= 0.011
    assert min(parts) >= 0


@given(
    st.integers(0, 100_000).map(lambda n: n / 100), st.lists(st.floats(0.01, 100), min_size=1, max_size=50)
)
def test_weighted_shares_add_up_exactly_and_are_right_to_the_hundredth(
    points: float, weights: list[float]
) -> None:
    parts = shares(points, weights)
    assert round(sum(parts), 2) == points
    assert all(abs(p - points * w / sum(weights)) <= 0.011 for p, w in zip(parts, weights, strict=True))


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=5))
def test_a_safe_name_is_one_and_is_free(name: str, taken: list[str]) -> None:
    safe = safe_name(name, taken)
    assert 1 <= len(safe) <= 120
    assert not set(safe) & set('/\\:*?"<>|\0\n\r\t')
    assert safe[0] not in ".-=+@ "
    assert safe[-1] not in ". "
    assert safe.casefold() not in {t.casefold() for t in taken}


@pytest.mark.parametrize("name", ["alice", "zoé", "Dupont Marie_123", "a.b@c", "学生", "x" * 80])
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert safe_name(name) == name


def test_names_that_differ_in_case_only_get_two_folders() -> None:
    assert safe_name("Alice", ["alice"]).casefold() != "alice"


@given(st.text(max_size=500))
def test_what_is_shown_is_one_short_tame_line(text: str) -> None:
    line = shown(text)
    assert len(line) <= 120
    assert line.isprintable() or all(
        c.isprintable() or c in "\u200d\u00ad\u00a0\u2000 " or c.isspace() for c in line
    )
    assert not set(line) & set("\n\r\t\x1b\u202e\u2066\0")


@given(st.text(max_size=50))
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert not escape_formula(text).lstrip().startswith(("=", "+", "-", "@"))
    assert not escape_formula(text).startswith(("\t", "\r"))


@pytest.mark.parametrize(
    "value", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r1", " =1", "\u00a0+1", "\n-1", "＝1", " ＠A1"]
)
def test_a_value_that_a_spreadsheet_could_run_gets_an_apostrophe(value: str) -> None:
    assert escape_formula(value).startswith("'")
    assert escape_formula(value).replace("'", "") == value


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(values=st.lists(st.text(st.sampled_from("=+-@;,\t\r\n\"' |a1"), max_size=12), min_size=1, max_size=4))
def test_no_cell_is_live_whatever_a_spreadsheet_parts_cells_at(delimiter: str, values: list[str]) -> None:
    text = csv_bytes([values]).decode()
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
        assert not any(cell.strip(' "').startswith(("=", "+", "-", "@")) for cell in row)


def test_values_are_never_read_as_a_pattern() -> None:
    assert "{assignment}" in message("file.missing", file="{assignment}{0}").text("en")


def test_every_message_of_the_code_stands_in_the_catalogues() -> None:
    import re
    from importlib.resources import files

    package = files("grading")
    sources = [p for folder in (package, package.joinpath("checks")) for p in folder.iterdir()]
    keys = {
        key
        for path in sources
        if path.name.endswith(".py")
        for key in re.findall(r'message\(\s*"([a-z_.]+[a-z])"', path.read_text("utf-8"))
    }
    assert len(keys) > 50
    for language in LANGUAGES:
        assert keys <= catalogue("grading", language).keys()


def test_native_sizes_are_those_of_the_registry() -> None:
    from lab.models.registry import MODELS

    entries = MODELS.values() if isinstance(MODELS, dict) else MODELS
    assert {e.id: e.native_size for e in entries} == NATIVE_SIZES

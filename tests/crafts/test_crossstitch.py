"""The pattern follows from picture and settings alone; others can read its chart, without colours too."""

import io
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from crafts import crossstitch
from crafts.chart import COLUMNS, OVERLAP, ROWS, TINT, _starts, _tint
from crafts.colour import AA_TEXT, contrast, hex_of
from crafts.crossstitch import APPLICATION, MAX_COLOURS, SYMBOLS, CrossStitchSettings, pattern
from crafts.errors import CraftError
from crafts.threads import threads
from exercises.i18n import LANGUAGES, Language
from tests.crafts.conftest import painted, shaded

# What every machine must get of `shaded(7)`, 60 stitches wide in 12 colours.
KNOWN = "e3a7a9c17e9f50e9c6328334497d387c2ca583eba328631a4fcc6fccb788756b"


def test_the_threads_are_facts_with_their_source_and_no_name_of_the_makers() -> None:
    assert len(threads()) >= 300
    assert len({thread.number for thread in threads()}) == len(threads())
    assert {"310", "321", "666", "Blanc", "Ecru"} <= {thread.number for thread in threads()}
    assert all(re.fullmatch(r"#[0-9a-f]{6}", thread.colour) for thread in threads())


def test_the_pattern_is_the_same_on_every_machine() -> None:
    found = APPLICATION.work_out(CrossStitchSettings(), [shaded(7)])
    assert found["stitches_sha256"] == KNOWN


def test_flat_colours_become_the_threads_that_look_like_them() -> None:
    grid, used = pattern(
        CrossStitchSettings(width=20, colours=5), painted("#000000", "#c72b3b", "#fcfbf8", "#253b73", side=60)
    )
    assert {thread.number for thread in used} == {"310", "321", "Blanc", "336"}
    assert grid.shape == (20, 20)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(20, 60),
    st.integers(2, MAX_COLOURS),
    st.integers(0, 9),
)
def test_any_picture_gives_a_pattern_within_its_bounds_or_is_refused_in_words(
    wide: int, high: int, width: int, colours: int, seed: int
) -> None:
    picture = shaded(seed).resize((wide, high))
    known = CrossStitchSettings(width=width, colours=colours)
    if round(width * high / wide) > crossstitch.MAX_HEIGHT:
        with pytest.raises(CraftError, match="rows"):
            pattern(known, picture)
        return
    grid, used = pattern(known, picture)
    assert grid.shape[1] == width
    assert 1 <= len(used) <= colours
    assert set(np.unique(grid)) == set(range(len(used)))
    counts = np.bincount(grid.reshape(-1))
    assert list(counts) == sorted(counts, reverse=True)


def test_more_colours_come_nearer_to_the_picture() -> None:
    few, many = (
        APPLICATION.work_out(CrossStitchSettings(colours=count), [shaded(3)])["distance"] for count in (3, 24)
    )
    assert isinstance(few, float)
    assert isinstance(many, float)
    assert many < few * 0.7


def test_a_skein_is_enough_for_as_many_crosses_as_a_rule_of_thumb_says() -> None:
    """About two thousand on fabric of 14 to an inch with two strands."""
    known = CrossStitchSettings()
    assert [crossstitch.skeins(count, known) for count in (1, 1500, 2500, 5000)] == [1, 1, 2, 3]


def test_symbols_are_told_apart_without_colour_and_read_on_every_thread() -> None:
    assert len(set(SYMBOLS)) == len(SYMBOLS) >= MAX_COLOURS
    assert all(contrast("#000000", hex_of(_tint(thread.colour))) >= AA_TEXT for thread in threads())
    assert TINT < 1


@pytest.mark.parametrize("length", [1, ROWS, ROWS + 1, 3 * ROWS, 200])
def test_the_pages_cover_every_row_and_overlap(length: int) -> None:
    starts = list(_starts(length, ROWS))
    assert {row for start in starts for row in range(start, min(length, start + ROWS))} == set(range(length))
    assert all(b - a == ROWS - OVERLAP for a, b in pairwise(starts))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_is_read_by_another_program_with_its_legend_as_text(language: Language) -> None:
    known, picture = CrossStitchSettings(width=100, colours=8, outline=True), shaded(1)
    found = APPLICATION.work_out(known, [picture])
    files = APPLICATION.files(known, [picture], found, language)
    document = PdfReader(io.BytesIO(files[".pdf"]))
    across, down = (len(list(_starts(100, page))) for page in (COLUMNS, ROWS))
    assert len(document.pages) == 1 + across * down
    assert str(document.root_object["/Lang"]) == language
    first = document.pages[0].extract_text()
    legend = found["threads"]
    assert isinstance(legend, list)
    for thread in legend:
        assert isinstance(thread, dict)
        assert f"DMC {thread['number']}" in first
        assert str(thread["symbol"]) in first
        assert str(thread["colour"]) in first
        assert str(thread["stitches"]) in first
    assert not any(key in page for page in document.pages for key in ("/Annots", "/AA"))
    symbols = {str(thread["symbol"]) for thread in legend if isinstance(thread, dict)}
    chart = document.pages[1].extract_text()
    assert sum(chart.count(symbol) for symbol in symbols) >= COLUMNS * ROWS
    assert "40" in chart


def test_the_preview_has_a_cross_for_every_stitch_and_back_stitches_between_what_differs() -> None:
    picture = painted("#000000", "#fcfbf8")
    for outline in (False, True):
        known = CrossStitchSettings(width=20, colours=2, outline=outline)
        found = APPLICATION.work_out(known, [picture])
        files = APPLICATION.files(known, [picture], found, "en")
        shown = Image.open(io.BytesIO(files[".png"]))
        assert shown.size == (20 * crossstitch.SIDE, 20 * crossstitch.SIDE)
        assert found["back_stitches"] == (20 if outline else 0)


@pytest.mark.parametrize(
    "wrong",
    [{"width": 10}, {"width": 151}, {"width": 60.5}, {"colours": 1}, {"count": 13}, {"strands": 7}, {"x": 1}],
)
def test_settings_out_of_bounds_are_refused_with_field_and_what_was_expected(
    wrong: dict[str, object],
) -> None:
    with pytest.raises(CraftError) as raised:
        APPLICATION.read_settings(wrong)  # type: ignore[arg-type]
    for language in LANGUAGES:
        assert next(iter(wrong)) in raised.value.in_language(language)

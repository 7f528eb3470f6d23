"""Where pictures stand in a grid and what their labels say; that the drawn grid shows all of it."""

import numpy as np
import pytest
from PIL import Image

from exercises.i18n import Language, translator
from exercises.kinds import ImageToImage, Sweep
from exercises.loader import find_assignment
from lab.ui.sheets import kept
from lab.ui.sheets.drawing import Cell, Row, draw, wrap
from lab.ui.sheets.drawing import _font as font
from lab.ui.sheets.grids import FILM_COLUMNS, film_rows, strength_rows, sweep_rows
from manifests.pictures import xmp_of
from manifests.xmp import read

T = translator("lab", "en")
TP2 = find_assignment("tp2")
SWEEP = next(e for e in TP2.exercises if isinstance(e, Sweep))
IMG2IMG = next(e for e in TP2.exercises if isinstance(e, ImageToImage))
COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff00ff", "#00ffff")


def plain(colour: str, side: int = 128) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


def labels(rows: list[Row]) -> list[tuple[str, list[str]]]:
    return [(row.label, [cell.caption for cell in row.cells]) for row in rows]


def colours_in(image: Image.Image) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.asarray(image).reshape(-1, 3)}


def test_a_sweep_has_a_row_per_parameter_with_the_baseline_in_its_place() -> None:
    assert labels(sweep_rows(T, SWEEP.runs, {})) == [
        ("Steps", ["15", "30 (baseline)", "50"]),
        ("Guidance", ["4", "7.5 (baseline)", "12"]),
        ("Scheduler", ["EulerA (baseline)", "DDIM"]),
    ]


def test_each_picture_stands_over_its_own_label() -> None:
    pictures = {run.id: plain(colour) for run, colour in zip(SWEEP.runs, COLOURS, strict=True)}
    for row in sweep_rows(T, SWEEP.runs, pictures):
        for cell in row.cells:
            run = next(run for run in SWEEP.runs if pictures[run.id] is cell.image)
            assert cell.marked == (run is SWEEP.runs[0])
            if not cell.marked:
                assert cell.caption in (
                    f"{run.parameters.steps}",
                    f"{run.parameters.guidance_scale:g}",
                    "DDIM",
                )


def test_strengths_follow_the_photo_in_ascending_order() -> None:
    photo = plain("#123456")
    (row,) = strength_rows(translator("lab", "fr"), tuple(reversed(IMG2IMG.runs)), {}, photo)
    assert [cell.caption for cell in row.cells] == ["votre photo", "0,35", "0,6", "0,85"]
    assert row.cells[0].image is photo


def test_a_film_is_read_like_a_text() -> None:
    frames = [plain(colour) for colour in COLOURS]
    rows = film_rows(frames)
    assert [len(row.cells) for row in rows] == [FILM_COLUMNS, len(frames) - FILM_COLUMNS]
    assert [cell.image for row in rows for cell in row.cells] == frames
    assert rows[0].cells[0].caption == "1 / 6"


def test_the_drawn_grid_holds_every_picture() -> None:
    pictures = {run.id: plain(colour) for run, colour in zip(SWEEP.runs, COLOURS, strict=True)}
    sheet = draw(sweep_rows(T, SWEEP.runs, pictures), title="headphones", missing="to do")
    wanted = {tuple(bytes.fromhex(colour[1:])) for colour in COLOURS}
    assert wanted <= colours_in(sheet)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_labels_leave_ink_and_lie_within_the_sheet(language: Language) -> None:
    rows = sweep_rows(translator("lab", language), SWEEP.runs, {})
    sheet = np.asarray(draw(rows, title="Étapes : " + "mot " * 60, missing="à faire").convert("L"))
    assert (sheet < 100).sum() > 2000
    for edge in (sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]):
        assert (edge > 200).all()


def test_every_letter_of_both_languages_is_in_the_font() -> None:
    absent = font(18).getmask("\U0010ffff")
    for letter in "éèêëàâäçùûüîïôöœæÉÈÀÇŒ«»’“”…·×–—€ 0123456789":
        if letter.strip():
            assert bytes(font(18).getmask(letter)) != bytes(absent), letter


def test_words_are_wrapped_and_a_word_too_long_is_cut() -> None:
    assert wrap("", font(18), 100) == []
    lines = wrap("a headphone " + "x" * 200, font(18), 120)
    assert "".join(lines).replace(" ", "") == "aheadphone" + "x" * 200
    assert all(font(18).getlength(line) <= 120 for line in lines)


def test_pictures_of_any_shape_are_shown_whole() -> None:
    wide = Image.new("RGB", (400, 100), "#ff0000")
    sheet = np.asarray(draw([Row("", [Cell(wide, "wide")])], title="", missing=""))
    red = np.argwhere((sheet == (255, 0, 0)).all(axis=2))
    height, width = red.max(axis=0) - red.min(axis=0) + 1
    assert width == pytest.approx(4 * height, abs=4)


def test_a_sheet_declares_that_it_is_composed_of_what_a_model_made() -> None:
    sheet = kept.composed(Image.new("RGB", (8, 8)))
    assert read(xmp_of(sheet)).source_type == "compositeWithTrainedAlgorithmicMedia"

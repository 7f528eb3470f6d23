"""Kind `dataset` as it is written: its plan, its composed pictures, and what an author may get wrong."""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from exercises.composed_set import MAX_SHEET_BYTES, ComposedSet, read_composed
from exercises.kinds import Dataset
from exercises.loader import BUILT_IN, find_assignment
from exercises.toml_file import ExerciseError
from tests.exercises.conftest import write_texts

FULL = next(e for e in find_assignment("dataset").exercises if isinstance(e, Dataset))


def test_the_plan_has_200_pictures_and_holds_one_in_five_of_each_class_and_background_out() -> None:
    assert len(FULL.runs) == len(set(FULL.recorded)) == 200
    seeds = [run.parameters.seed for run in FULL.runs]
    assert len(set(seeds)) == 200
    held_out = [cell for cell in FULL.cells if cell.held_out]
    assert set(Counter(cell.thing for cell in held_out).values()) == {8}
    assert min(Counter((cell.thing, cell.background) for cell in held_out).values()) >= 1
    first = FULL.runs[0].parameters
    assert first.prompt == "red backpack on white background"


def test_the_composed_pictures_show_every_class_equally_often_on_every_background() -> None:
    shown = Counter((shows.thing, shows.background) for shows in FULL.composed.shows)
    assert set(shown) == {(thing, ground) for thing in FULL.classes for ground in FULL.backgrounds}
    assert set(shown.values()) == {4}
    assert len(FULL.composed.sheet) <= 300_000
    assert "MIT" in FULL.composed.licence
    assert "Fluent Emoji" in FULL.composed.source


TOML = """
points = 1
title = { en = "T", fr = "T" }
[[exercises]]
id = "set"
kind = "dataset"
points = 1
title = { en = "T", fr = "T" }
prompt = "{colour} {thing} on {background} background"
composed = "composed"
kept_minimum = 2
[exercises.classes]
mug = { en = "mug", fr = "tasse" }
teapot = { en = "teapot", fr = "théière" }
backpack = { en = "backpack", fr = "sac à dos" }
handbag = { en = "handbag", fr = "sac à main" }
umbrella = { en = "umbrella", fr = "parapluie" }
[exercises.backgrounds]
white = { en = "white", fr = "blanc" }
gray = { en = "gray", fr = "gris" }
[exercises.colours]
red = { en = "red", fr = "rouge" }
blue = { en = "blue", fr = "bleu" }
"""


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str) -> Dataset:
    folder = tmp_path / "mine" / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("composed.json", "composed.webp"):
        if not (folder / name).exists():
            shutil.copy(BUILT_IN / "dataset" / name, folder)
    (folder / "assignment.toml").write_text(toml, encoding="utf-8")
    write_texts(folder, "introduction", "set")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    exercise = find_assignment("data").exercises[0]
    assert isinstance(exercise, Dataset)
    return exercise


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ("{thing} on", "thing on"),
        ("{colour} ", ""),
        ('composed = "composed"', 'composed = "../composed"'),
        ('composed = "composed"', 'composed = "gone"'),
        ('composed = "composed"', ""),
        ("kept_minimum = 2", "kept_minimum = 5"),
        ("kept_minimum = 2", "rounds = 0"),
        ('umbrella = { en = "umbrella", fr = "parapluie" }', ""),
        ("umbrella =", "lamp ="),
        ("umbrella =", f"{'u' * 60} ="),
        ('red = { en = "red", fr = "rouge" }', ""),
        ("kept_minimum = 2", "kept_minimum = 2\nstart = 3"),
        ("kept_minimum = 2", "kept_minimum = 2\nparameters = { seed = 4294967295 }"),
    ],
)
def test_what_does_not_fit_is_refused(
    was: str, instead: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(load(tmp_path, monkeypatch, TOML).runs) == 20
    assert was in TOML
    with pytest.raises(ExerciseError):
        load(tmp_path, monkeypatch, TOML.replace(was, instead))


@pytest.mark.parametrize(
    "card",
    [
        "[]",
        "{",
        "{}",
        '{"side": 64}',
        json.dumps({"side": 64, "columns": 2, "source": "", "licence": "x", "shows": []}),
    ],
)
def test_a_card_that_does_not_say_what_is_shown_is_refused(card: str, tmp_path: Path) -> None:
    shutil.copy(BUILT_IN / "dataset" / "composed.webp", tmp_path)
    (tmp_path / "composed.json").write_text(card)
    with pytest.raises(ExerciseError, match=r"composed\.json"):
        read_composed(tmp_path, "composed")


def test_a_sheet_that_is_missing_or_too_large_is_refused(tmp_path: Path) -> None:
    shutil.copy(BUILT_IN / "dataset" / "composed.json", tmp_path)
    with pytest.raises(ExerciseError, match=r"composed\.webp"):
        read_composed(tmp_path, "composed")
    (tmp_path / "composed.webp").write_bytes(b"\0" * (MAX_SHEET_BYTES + 1))
    with pytest.raises(ExerciseError, match=r"composed\.webp"):
        read_composed(tmp_path, "composed")


def test_pictures_lie_row_by_row() -> None:
    shows = [{"thing": "a", "background": "b"}] * 5
    card = ComposedSet.model_validate(
        {"side": 16, "columns": 2, "source": "s", "licence": "l", "shows": shows, "sheet": b""}
    )
    assert card.size == (32, 48)
    assert card.corners == [(0, 0), (16, 0), (0, 16), (16, 16), (0, 32)]

"""Composed pictures show what their scene says."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lab.models.mini.vocabulary import vocabulary
from tests.training.shapes import shaded_box
from training.bank import make_bank
from training.data import (
    SIZE,
    Scene,
    caption,
    centred,
    compose,
    fetch,
    is_held_out,
    is_kept_back,
    load_strangers,
    random_scene,
)

BOX = shaded_box()


def picture(
    color: str | None = "red", background: str = "gray", light: str | None = None, **more: Any
) -> np.ndarray:
    return compose(Scene("box", color, background, light, **more), BOX).astype(int)


def covered(**more: Any) -> np.ndarray:
    """Where something stands on white."""
    found: np.ndarray = picture(background="white", **more).sum(-1) < 700
    return found


@pytest.mark.parametrize("background", vocabulary().backgrounds)
def test_a_plain_background_has_exactly_its_colour(background: str):
    corners = picture(background=background)[[2, 2, -3, -3], [2, -3, 2, -3]]
    assert (corners == vocabulary().backgrounds[background]).all()


@pytest.mark.parametrize("color", vocabulary().colors)
def test_a_recoloured_object_is_nearest_to_its_colour(color: str):
    middle = (
        picture(color)[SIZE // 2 - 20 : SIZE // 2 + 20, SIZE // 2 - 20 : SIZE // 2 + 20]
        .reshape(-1, 3)
        .mean(0)
    )
    distances = {name: np.abs(middle - rgb).sum() for name, rgb in vocabulary().colors.items()}
    assert min(distances, key=distances.get) == color  # type: ignore[arg-type]


def test_shading_survives_recolouring():
    painted = picture("blue").sum(-1)
    assert painted[90, 90] > painted[128, 128] > painted[164, 164]


def test_own_colours_are_kept():
    own = np.asarray(BOX.convert("RGB"))[64, 64]
    assert np.abs(picture(None)[128, 128] - own).max() < 6


def test_a_studio_has_light_and_shadow_and_a_plain_background_has_neither():
    plain, studio = picture(background="white"), picture(background="white", light="studio")
    outside = plain == 250
    assert outside.mean() > 0.3
    assert studio[outside].std() > 5


def test_a_shadow_falls_below_the_object_away_from_the_lamp_and_nothing_else_changes():
    fallen = picture(background="white") - picture(background="white", light="shadow", lamp=0.75)
    dark = np.argwhere(fallen.sum(-1) > 30)
    assert len(dark) > 200
    assert dark[:, 0].mean() > SIZE * 0.75
    assert dark[:, 1].mean() < SIZE / 2 - 4
    assert (fallen[: SIZE // 4] == 0).all()


def test_the_lamp_lights_its_own_side():
    left, right = (picture(light="studio", lamp=lamp)[:20].sum(-1) for lamp in (0.25, 0.75))
    assert left[:, :100].mean() > right[:, :100].mean()
    assert left[:, -100:].mean() < right[:, -100:].mean()


def test_shift_and_scale_move_the_object():
    middle, shifted, small = covered(), covered(dx=0.1), covered(scale=0.5)
    assert np.argwhere(shifted)[:, 1].mean() > np.argwhere(middle)[:, 1].mean() + 16
    assert small.sum() < 0.7 * middle.sum()


@pytest.mark.parametrize(("count", "copies"), [(None, 1), ("two", 2), ("three", 3)])
def test_two_and_three_stand_side_by_side_without_touching(count: str | None, copies: int):
    columns = covered(count=count, scale=0.28).any(0)
    assert (np.diff(columns.astype(int)) == 1).sum() == copies


def test_words_of_size_and_place_can_be_seen():
    """Every scene of a word lies on its side of every scene without one."""
    rng, scenes = np.random.default_rng(5), []
    for _ in range(4000):
        scenes.append(random_scene(rng, ["watch"]))
    plain = [s for s in scenes if not (s.size or s.place or s.count)]
    assert len(plain) > 2500
    for word, value in {
        "small": lambda s: -s.scale,
        "large": lambda s: s.scale,
        "left": lambda s: -s.dx,
        "right": lambda s: s.dx,
        "top": lambda s: -s.dy,
        "bottom": lambda s: s.dy,
    }.items():
        said = [s for s in scenes if word in (s.size, s.place)]
        assert len(said) > 40, word
        assert min(map(value, said)) > max(map(value, plain)) + 0.05, word


def test_nothing_is_cut_off_where_it_should_be_whole():
    rng = np.random.default_rng(6)
    for scene in (random_scene(rng, ["watch"]) for _ in range(1000)):
        for x, y in scene.centres:
            assert scene.scale / 2 - 0.02 < min(x, y, 1 - x, 1 - y), scene


def test_pairs_are_kept_from_training_and_come_where_they_are_allowed():
    rng = np.random.default_rng(0)
    objects = list(vocabulary().objects)
    pairs = [(thing, color) for thing in objects for color in vocabulary().colors]
    part = np.mean([is_held_out(*pair) for pair in pairs])
    assert 0.07 < part < 0.13
    assert not any(is_held_out(thing, None) for thing in objects)
    training = [random_scene(rng, objects) for _ in range(1500)]
    assert not any(is_held_out(scene.object, scene.color) for scene in training)
    anything = [random_scene(rng, objects, held_out=True) for _ in range(1500)]
    assert any(is_held_out(scene.object, scene.color) for scene in anything)


def test_an_off_centre_drawing_is_centred():
    wide = BOX.resize((128, 40))
    assert centred(wide).size[0] == centred(wide).size[1]
    alpha = np.asarray(centred(wide))[..., 3] > 128
    assert abs(np.argwhere(alpha)[:, 0].mean() - alpha.shape[0] / 2) < 2


def test_captions_say_what_is_seen_and_nothing_else():
    rng = np.random.default_rng(0)
    for _ in range(2000):
        scene = random_scene(rng, ["watch"])
        words = caption(scene, rng)
        said = {scene.object, scene.color, scene.background, scene.count, scene.size, scene.place}
        assert set(words) <= {"on", "background", scene.light} | said
        assert said - {scene.background, None} <= set(words)


def test_captions_put_the_colour_on_either_side_of_its_noun():
    rng = np.random.default_rng(0)
    scene = Scene("watch", "red", "gray")
    orders = {tuple(caption(scene, rng)) for _ in range(300)}
    assert ("red", "watch", "on", "gray", "background") in orders
    assert ("watch", "red", "on", "background", "gray") in orders


def test_a_bank_can_be_reopened_and_made_longer_without_changing(tmp_path: Path):
    drawings = {"box": BOX, "cup": BOX.rotate(90)}
    short = make_bank(tmp_path, drawings, 6, size=32)
    first, scenes = short.pictures.copy(), short.scenes
    again = make_bank(tmp_path, {}, 6, size=32)  # nothing to draw with: it has to come from the disk
    assert (again.pictures == first).all()
    longer = make_bank(tmp_path, drawings, 10, size=32)
    assert (longer.pictures[:6] == first).all()
    assert longer.scenes[:6] == scenes
    assert len(longer) == 10
    assert {dataclasses.replace(s, color=None).object for s in longer.scenes} == {"box", "cup"}


def test_fetching_without_npm_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="npm is needed"):
        fetch(tmp_path)


def test_a_wrong_archive_is_refused(tmp_path: Path):
    (tmp_path / "npm").mkdir()
    (tmp_path / "npm" / "lobehub-fluent-emoji-3d-1.1.0.tgz").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="not the expected"):
        fetch(tmp_path)


def test_strangers_are_the_drawings_of_one_code_point_that_are_no_object(tmp_path: Path):
    known = vocabulary().objects["watch"]
    for code in (known, "1f9ff", "1f44a-1f3fd"):
        shaded_box().save(tmp_path / f"{code}.webp")
    assert list(load_strangers(tmp_path)) == ["1f9ff"]


def test_one_stranger_in_five_is_kept_back():
    codes = [f"{code:x}" for code in range(0x1F300, 0x1F700)]
    assert sum(map(is_kept_back, codes)) / len(codes) == pytest.approx(0.2, abs=0.03)

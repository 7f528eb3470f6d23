"""Composed pictures show what their scene says."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lab.mini.bank import make_bank
from lab.mini.data import SIZE, Scene, caption, centred, compose, fetch, random_scene
from lab.mini.words import vocabulary
from tests.lab.mini.shapes import shaded_box

BOX = shaded_box()


def picture(
    color: str | None = "red", background: str = "gray", studio: bool = False, **more: float
) -> np.ndarray:
    return compose(Scene("box", color, background, studio, **more), BOX).astype(int)


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
    assert painted[45, 45] > painted[64, 64] > painted[82, 82]


def test_own_colours_are_kept():
    own = np.asarray(BOX.convert("RGB"))[64, 64]
    assert np.abs(picture(None)[64, 64] - own).max() < 6


def test_a_studio_has_light_and_shadow_and_a_plain_background_has_neither():
    plain, studio = picture(background="white"), picture(background="white", studio=True)
    outside = plain == 250
    assert outside.mean() > 0.3
    assert studio[outside].std() > 5


def test_shift_and_scale_move_the_object():
    covered = [
        (scene.sum(-1) < 700)
        for scene in (
            picture(background="white"),
            picture(background="white", dx=0.1),
            picture(background="white", scale=0.5),
        )
    ]
    assert np.argwhere(covered[1])[:, 1].mean() > np.argwhere(covered[0])[:, 1].mean() + 8
    assert covered[2].sum() < 0.7 * covered[0].sum()


def test_an_off_centre_drawing_is_centred():
    wide = BOX.resize((128, 40))
    assert centred(wide).size[0] == centred(wide).size[1]
    alpha = np.asarray(centred(wide))[..., 3] > 128
    assert abs(np.argwhere(alpha)[:, 0].mean() - alpha.shape[0] / 2) < 2


def test_captions_say_what_is_seen_and_nothing_else():
    rng = np.random.default_rng(0)
    for _ in range(300):
        scene = random_scene(rng, ["watch"])
        words = caption(scene, rng)
        assert scene.object in words
        assert set(words) <= {"on", "background", "studio", scene.object, scene.color, scene.background}
        assert (scene.color is None) or scene.color in words
        assert scene.studio or "studio" not in words


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

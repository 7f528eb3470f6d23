"""Drawings are cut, centred and packed; no set is under share-alike terms."""

import shutil
import zipfile

import pytest
import torch
from PIL import Image

from lab.models.mini.vocabulary import vocabulary
from training.wide import sprites as drawn
from training.wide.drawings import RIM, SETS, SIDE, centred, rasterised
from training.wide.words import world


def test_every_set_of_a_style_is_pinned_and_free():
    used = {name for sets in world().styles.values() for name in sets}
    assert used == set(SETS)
    for chosen in SETS.values():
        assert len(chosen.sha256) == 64
        assert "SA" not in chosen.licence


def test_every_object_of_the_lab_is_drawn():
    assert world().objects == tuple(vocabulary().objects)


def test_a_drawing_is_cut_and_centred():
    picture = Image.new("RGBA", (100, 60))
    picture.paste((255, 0, 0, 255), (10, 10, 50, 30))
    assert centred(picture).getbbox() == (RIM, SIDE // 4 + RIM // 2, SIDE - RIM, SIDE - SIDE // 4 - RIM // 2)


def test_a_body_becomes_a_picture():
    pytest.importorskip("resvg_py")
    picture = rasterised('<rect width="16" height="32" fill="#f00"/>', 32, 32)
    assert picture.getpixel((10, 10)) == (255, 0, 0, 255)
    assert picture.getchannel("A").getpixel((picture.width - 10, 10)) == 0


def test_a_packed_file_is_read_and_remembered(packed, sprites):
    first, second = drawn.load(packed), drawn.load(packed)
    assert packed.with_suffix(".safetensors").exists()
    assert torch.equal(first.planes, second.planes)
    assert len(first) == len(sprites) == len(world().objects) * len(world().styles)


def test_drawings_of_a_set_that_left_the_world_are_not_read(packed, tmp_path):
    file = tmp_path / "with-another.zip"
    shutil.copy(packed, file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"{world().objects[0]}.left-the-world.webp", archive.read(archive.namelist()[0]))
    assert len(drawn.load(file)) == len(drawn.load(packed))


def test_the_main_hue_takes_paint_and_the_natural_colour_has_a_name(sprites):
    colors = list(world().colors)
    red = int(torch.nonzero(sprites.style == 0)[1])  # a square
    alpha, paint = sprites.planes[red, 3].float() / 255, sprites.planes[red, 4].float() / 255
    assert paint[alpha == 1].mean() > 0.9
    assert colors[sprites.natural[red]] == "red"

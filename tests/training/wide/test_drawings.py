"""Drawings are cut, centred and packed; no set is under share-alike terms."""

import json
import shutil
import zipfile

import pytest
import torch
from PIL import Image

from training.wide import sprites as drawn
from training.wide.drawings import RIM, SETS, SIDE, centred, drawings_of, rasterised
from training.wide.words import world


def test_every_set_of_a_style_is_pinned_and_free():
    used = {name for sets in world().styles.values() for name in sets}
    assert used == set(SETS)
    for chosen in SETS.values():
        assert len(chosen.sha256) == 64
        assert "SA" not in chosen.licence


def test_a_drawing_is_found_by_code_point_also_under_another_name_of_its_icon(tmp_path):
    pytest.importorskip("resvg_py")
    red, blue = (f'<rect width="9" height="9" fill="{color}"/>' for color in ("#f00", "#00f"))
    codes = world().codes
    plain, marked = codes["mug"], next(code for code in codes.values() if code.endswith("-fe0f"))
    icons = {"icons": {"cup": {"body": red}, "other": {"body": blue}}, "width": 9, "height": 9}
    icons["aliases"] = {"coffee": {"parent": "cup"}}
    (tmp_path / "icons.json").write_text(json.dumps(icons))
    (tmp_path / "chars.json").write_text(json.dumps({plain: "coffee", marked.removesuffix("-fe0f"): "other"}))
    found = {codes[token]: picture.getpixel((9, 9)) for token, picture in drawings_of("noto", tmp_path)}
    assert found == {plain: (255, 0, 0, 255), marked: (0, 0, 255, 255)}


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

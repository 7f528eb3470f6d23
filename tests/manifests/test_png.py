"""A picture the lab made says how it was made, to this project and to other tools."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from manifests.errors import PictureError
from manifests.manifest import Request, Source
from manifests.pictures import open_picture
from manifests.png import parameters_text, pixels_sha256, png_bytes, read_png_text
from tests.manifests.conftest import make_draft, make_picture
from tests.manifests.test_pictures import GOOD


def test_a_png_tells_request_effective_parameters_and_versions():
    draft = make_draft(
        source=Source(file="photo.jpg", sha256="ab" * 32), prompt="un sac « élégant » 👜\nbleu"
    )
    facts = json.loads(read_png_text(png_bytes(make_picture(), draft))["genai-lab"])

    assert facts["schema"] == "genai-lab/picture/1"
    assert Request.model_validate_json(json.dumps(facts["request"])) == draft.request
    assert facts["effective"] == {"steps": 15}
    assert facts["model"]["id"] == "mini"
    assert facts["versions"]["diffusers"] == "0.42.1"


def test_a_png_carries_the_text_other_tools_read():
    draft = make_draft(prompt="a red bag")
    request = draft.request.model_copy(update={"negative_prompt": "blurry", "strength": 0.35})
    text = read_png_text(png_bytes(make_picture(), replace(draft, request=request)))["parameters"]
    assert text == (
        "a red bag\n"
        "Negative prompt: blurry\n"
        "Steps: 30, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 16x16, Model: mini, "
        "Model hash: ababababab, Denoising strength: 0.35, Version: genai-lab 0.1.0"
    )


@pytest.mark.parametrize("line", ["Negative prompt: blurry", "  negative prompt: x", "Negative prompt:"])
@pytest.mark.parametrize("before", ["", "a red bag\n"])
def test_a_persons_own_line_does_not_become_the_negative_prompt(before: str, line: str):
    """Other tools take each line that begins so for the beginning of the negative prompt."""
    draft = make_draft(prompt=before + line)
    lines = [each.strip().lower() for each in parameters_text(draft).split("\n")]
    assert not [each for each in lines if each.startswith("negative prompt:")]
    asked = draft.request.model_copy(update={"negative_prompt": "grey\n" + line})
    lines = parameters_text(replace(draft, request=asked)).split("\n")
    found = [each for each in lines if each.strip().lower().startswith("negative prompt:")]
    assert found == ["Negative prompt: grey"]


def test_what_does_not_apply_is_left_out_of_that_text():
    text = parameters_text(make_draft(prompt="a bag"))
    assert "Negative prompt" not in text
    assert "Denoising" not in text


def test_a_prompt_in_any_script_survives():
    prompt = "sac à main, 手提包, 👜"
    assert read_png_text(png_bytes(make_picture(), make_draft(prompt=prompt)))["parameters"].startswith(
        prompt
    )


def test_pixels_are_untouched():
    data = png_bytes(make_picture(5), make_draft())
    assert open_picture(data).tobytes() == make_picture(5).tobytes()


def test_the_pixel_hash_sees_pixels_only():
    image = make_picture(1)
    assert pixels_sha256(image) == pixels_sha256(image.convert("RGBA"))
    assert pixels_sha256(image) != pixels_sha256(make_picture(2))
    assert pixels_sha256(Image.new("L", (2, 2), 7)) == pixels_sha256(Image.new("RGB", (2, 2), (7, 7, 7)))


def test_other_pictures_have_no_such_text():
    assert read_png_text(GOOD["PNG"]) == {}
    assert read_png_text(GOOD["JPEG"]) == {}


@pytest.mark.parametrize("data", [b"", b"text", GOOD["PNG"][:20], b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_what_is_no_picture_is_refused(data: bytes):
    with pytest.raises(PictureError):
        read_png_text(data)

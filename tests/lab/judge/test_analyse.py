"""The judge's answers: right of what it knows, not sure of what it does not, and by the pixels alone."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lab.judge import analyse as module
from lab.judge.analyse import NoJudge, analyse
from lab.models.checksums import SUMS, changed_files
from lab.models.mini.vocabulary import vocabulary
from lab.models.settings import ModelSettings
from manifests.pictures import open_picture
from tests.training.shapes import shaded_box
from training.data import Scene, compose

RNG = np.random.default_rng(1)


def scene(color: str, background: str) -> Image.Image:
    return Image.fromarray(compose(Scene("box", color, background), shaded_box()))


@pytest.mark.parametrize(
    ("color", "background"), [("red", "white"), ("blue", "yellow"), ("black", "gray"), ("green", "pink")]
)
def test_colours_of_a_thing_it_has_never_seen_are_named(color: str, background: str):
    seen = analyse(scene(color, background))
    assert (seen.color.sure, seen.background.sure) == (color, background)
    assert (seen.width, seen.height) == (256, 256)


@pytest.mark.parametrize(
    "pixels",
    [
        RNG.integers(0, 256, (128, 128, 3), dtype=np.uint8),
        np.full((128, 128, 3), 90, np.uint8),
        np.asarray(
            Image.fromarray(RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)).resize(
                (128, 128), Image.Resampling.BICUBIC
            )
        ),
    ],
    ids=["noise", "one colour", "soft blobs"],
)
def test_where_there_is_no_object_it_is_not_sure_of_one(pixels: np.ndarray):
    assert analyse(Image.fromarray(pixels)).object.sure is None


def test_guesses_are_five_the_most_probable_first():
    guesses = analyse(scene("red", "white")).object.guesses
    assert [g.probability for g in guesses] == sorted((g.probability for g in guesses), reverse=True)
    assert {guess.name for guess in guesses} == set(vocabulary().objects)


def test_below_the_threshold_nothing_is_sure_and_at_it_it_is():
    for probability, sure in ((0.5, "cat"), (0.4999, None)):
        seen = module._classification({"cat": probability, "dog": 0.1}, 0.5)
        assert seen.sure == sure


def test_only_the_middle_square_of_a_wide_picture_is_judged():
    wide = Image.new("RGB", (300, 128), "black")
    wide.paste(scene("red", "white"), (86, 0))
    assert analyse(wide).background.sure == "white"
    assert analyse(wide).color.sure == "red"


def test_a_file_that_lies_about_itself_is_seen_as_it_is():
    picture = scene("blue", "yellow")
    texts = PngInfo()
    texts.add_text("parameters", "a red car on a white background\nSteps: 30")
    texts.add_text("genai-lab", json.dumps({"request": {"prompt": "a red car on a white background"}}))
    texts.add_itxt("Description", "a red car")
    exif = Image.Exif()
    exif[0x010E] = "a red car on a white background"
    plain, lying = io.BytesIO(), io.BytesIO()
    picture.save(plain, "PNG")
    picture.save(lying, "PNG", pnginfo=texts, exif=exif)
    honest = analyse(open_picture(plain.getvalue()))
    assert analyse(open_picture(lying.getvalue())) == honest
    loaded = Image.open(io.BytesIO(lying.getvalue()))
    assert loaded.info  # the texts are there, on the very picture that is looked at
    assert analyse(loaded) == honest


def test_the_picture_of_another_thing_is_seen_otherwise():
    assert analyse(scene("blue", "yellow")) != analyse(scene("red", "yellow"))


def test_the_judges_weights_are_among_those_whose_hashes_are_kept():
    folder = ModelSettings().mini_weights
    assert changed_files(folder) == []
    assert module.WEIGHTS in (folder / SUMS).read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, b"", b"no weights"], ids=["missing", "empty", "damaged"])
def test_weights_that_are_not_there_are_said_with_what_to_do(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "judge.safetensors"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tmp_path))
    with pytest.raises(NoJudge) as raised:
        analyse(scene("red", "white"))
    assert "judge.safetensors" in raised.value.in_language("en")
    assert str(tmp_path) not in raised.value.in_language("fr")


def test_of_what_mini_draws_colours_are_named_rightly_and_an_object_that_is_named_is_mostly_the_one():
    import torch
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionPipeline

    from training.evaluate import fixed_scenes, prompt_of
    from training.export import WEIGHTS

    pipeline = StableDiffusionPipeline.from_pretrained(WEIGHTS)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerAncestralDiscreteScheduler.from_config(pipeline.scheduler.config)
    scenes = fixed_scenes(6)
    pictures = pipeline(
        [prompt_of(scene) for scene in scenes],
        num_inference_steps=12,
        guidance_scale=3.0,
        generator=[torch.Generator().manual_seed(seed) for seed in range(len(scenes))],
    ).images
    seen = [analyse(picture) for picture in pictures]
    backgrounds = [each.background.sure == scene.background for each, scene in zip(seen, scenes, strict=True)]
    assert sum(backgrounds) >= 5
    colors = [each.color.sure for each in seen]
    assert sum(color == scene.color for color, scene in zip(colors, scenes, strict=True)) >= 4
    wrong = [e for e, scene in zip(seen, scenes, strict=True) if e.object.sure not in (None, scene.object)]
    assert len(wrong) <= 1

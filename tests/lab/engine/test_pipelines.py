"""Every family the registry knows loads by the Auto pipelines and makes pictures in its modes."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from exercises.parameters import Mode
from lab.engine.denoise import make_picture
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.previews import Previewer
from lab.engine.protocol import Picture, Step
from lab.engine.sources import open_source
from lab.models.registry import MODELS, ModelEntry
from lab.models.weights import weight_files
from tests.lab.engine import tiny
from tests.lab.engine.asking import asked, photo

BUILDERS = {
    "sd15": (tiny.build_sd, "StableDiffusion{}Pipeline"),
    "sdxl-turbo": (tiny.build_sdxl, "StableDiffusionXL{}Pipeline"),
    "sd3-medium": (tiny.build_sd3, "StableDiffusion3{}Pipeline"),
    "flux-schnell": (tiny.build_flux, "Flux{}Pipeline"),
}


def entry_for(model_id: str) -> ModelEntry:
    """The registry's entry as it is, but in float32: bfloat16 is slow on some processors."""
    return dataclasses.replace(MODELS[model_id], cpu_dtype="float32")


@pytest.fixture(scope="module", params=BUILDERS)
def family(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, LoadedModel]:
    build, _ = BUILDERS[request.param]
    folder = build(tmp_path_factory.mktemp(request.param))
    return request.param, load_from(entry_for(request.param), folder)


def run(model: LoadedModel, mode: Mode, **changes: Any) -> tuple[Picture, list[Step]]:
    source = open_source(photo(), 64, 64) if mode == "img2img" else None
    changes = {"strength": 0.5 if source else None, "scheduler": "Euler", "mode": mode} | changes
    steps: list[Step] = []
    return make_picture(model, asked(**changes), source, 2, lambda: False, steps.append), steps


def test_both_modes_use_the_familys_pipelines_over_one_set_of_weights(
    family: tuple[str, LoadedModel],
) -> None:
    name, model = family
    pattern = BUILDERS[name][1]
    text, image = model.pipelines["text2img"], model.pipelines["img2img"]
    assert type(text).__name__ == pattern.format("")
    assert type(image).__name__ == pattern.format("Img2Img")
    shared = set(text.components) & set(image.components) - {"scheduler"}
    assert len(shared) >= 4
    assert all(text.components[part] is image.components[part] for part in shared)


@pytest.mark.parametrize("mode", ["text2img", "img2img"])
@pytest.mark.parametrize("guidance", [0.0, 4.0])
def test_it_makes_the_same_picture_of_the_asked_size_twice(
    family: tuple[str, LoadedModel], mode: Mode, guidance: float
) -> None:
    _, model = family
    (first, steps), (second, _) = (run(model, mode, guidance_scale=guidance, steps=4) for _ in range(2))
    assert first.image.size == (64, 64)
    assert first.image.tobytes() == second.image.tobytes()
    assert len(steps) == first.drawn.effective_steps == (4 if mode == "text2img" else 2)


def test_guidance_and_prompt_reach_the_model(family: tuple[str, LoadedModel]) -> None:
    name, model = family
    base, _ = run(model, "text2img", guidance_scale=4.0)
    assert run(model, "text2img", guidance_scale=4.0, prompt="x y z")[0].image != base.image
    if name != "flux-schnell":  # distilled: it has no guidance
        assert run(model, "text2img", guidance_scale=9.0)[0].image != base.image


def test_only_models_whose_latents_are_maps_show_previews(family: tuple[str, LoadedModel]) -> None:
    name, model = family
    picture, steps = run(model, "text2img")
    seen = any(step.preview for step in steps)
    assert seen == (name != "flux-schnell")  # its latents are packed
    assert len(picture.film) == (0 if name == "flux-schnell" else 2)


def test_flow_matching_models_keep_their_own_scheduler(
    family: tuple[str, LoadedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, model = family
    schedulers = []
    pipeline = type(model.pipelines["text2img"])
    draw = pipeline.__call__

    def noted(self: Any, **arguments: Any) -> Any:
        schedulers.append(type(self.scheduler).__name__)
        return draw(self, **arguments)

    monkeypatch.setattr(pipeline, "__call__", noted)
    run(model, "text2img")
    used = schedulers[-1]
    flows = name in ("sd3-medium", "flux-schnell")
    assert used == ("FlowMatchEulerDiscreteScheduler" if flows else "EulerDiscreteScheduler")
    assert (MODELS[name].schedulers == ("Euler",)) == flows


def test_qwen_image_edit_makes_a_picture_by_prompt_and_source() -> None:
    """In memory, because its processor cannot be loaded without torchvision."""
    pipe = tiny.qwen_edit_pipeline()
    pipe.set_progress_bar_config(disable=True)
    entry = entry_for("qwen-image-edit")
    model = LoadedModel(
        entry, {"img2img": pipe}, pipe.scheduler, "cpu", "cpu", "float32", "0" * 64, Previewer(pipe.vae)
    )
    picture, steps = run(model, "img2img", strength=None, steps=2, guidance_scale=1.0)
    assert picture.image.size == (64, 64)
    assert len(steps) == picture.drawn.effective_steps == 2


def test_pickled_weights_are_never_read(tiny_mini: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_mini, tmp_path / "pickled")
    unet = folder / "unet" / "diffusion_pytorch_model.safetensors"
    unet.rename(unet.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(OSError, match="diffusion_pytorch_model"):
        load_from(MODELS["mini"], folder)


def test_a_variants_own_files_are_the_weights(family: tuple[str, LoadedModel]) -> None:
    name, model = family
    folder = Path(model.pipelines["text2img"].config._name_or_path)
    variant = MODELS[name].variant
    files = weight_files(folder, variant)
    assert len(files) >= 3
    assert all((".fp16." in file.name) == (variant == "fp16") for file in files)


def test_cuda_that_is_not_there_is_said(tiny_mini: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from lab.engine.failures import EngineFailure

    monkeypatch.setenv("GENAI_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineFailure, match="no_cuda"):
        load_from(MODELS["mini"], tiny_mini)


def test_a_picture_is_in_rgb(family: tuple[str, LoadedModel]) -> None:
    picture, _ = run(family[1], "text2img", steps=1)
    assert isinstance(picture.image, Image.Image)
    assert picture.image.mode == "RGB"

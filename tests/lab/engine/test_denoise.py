"""One run: the pixels of plain diffusers, the steps really made, no pass that is not needed."""

import time
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from exercises.parameters import SCHEDULERS, SchedulerName
from lab.engine.denoise import Stopped, make_picture
from lab.engine.failures import EngineFailure
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.prompts import PromptCache
from lab.engine.protocol import Picture
from lab.engine.schedulers import CLASS_NAMES
from lab.engine.sources import open_source
from lab.models.registry import MODELS
from manifests.manifest import Request
from tests.lab.engine.asking import asked, photo

SOURCE = open_source(photo(), 64, 64)


@pytest.fixture(scope="module")
def model(tiny_mini: Path) -> LoadedModel:
    return load_from(MODELS["mini"], tiny_mini)


def run(model: LoadedModel, source: Image.Image | None = None, **changes: Any) -> Picture:
    return make_picture(model, asked(**changes), source, 0, lambda: False, lambda _: None)


def pixels(picture: Image.Image) -> str:
    return sha256(picture.convert("RGB").tobytes()).hexdigest()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_text_to_image_gives_the_pixels_of_plain_diffusers(
    model: LoadedModel, tiny_mini: Path, scheduler: SchedulerName
) -> None:
    import diffusers

    plain = diffusers.StableDiffusionPipeline.from_pretrained(tiny_mini)
    plain.scheduler = getattr(diffusers, CLASS_NAMES[scheduler]).from_config(plain.scheduler.config)
    expected = plain(
        "a blue teapot",
        negative_prompt="red",
        num_inference_steps=7,
        guidance_scale=5.0,
        height=64,
        width=64,
        generator=torch.Generator().manual_seed(11),
    ).images[0]
    changes: dict[str, Any] = {
        "prompt": "a blue teapot",
        "negative_prompt": "red",
        "steps": 7,
        "guidance_scale": 5.0,
    }
    assert pixels(run(model, scheduler=scheduler, seed=11, **changes).image) == pixels(expected)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_image_to_image_gives_the_pixels_of_plain_diffusers(
    model: LoadedModel, tiny_mini: Path, scheduler: SchedulerName
) -> None:
    import diffusers

    plain = diffusers.StableDiffusionImg2ImgPipeline.from_pretrained(tiny_mini)
    plain.scheduler = getattr(diffusers, CLASS_NAMES[scheduler]).from_config(plain.scheduler.config)
    expected = plain(
        asked().prompt,
        SOURCE,
        strength=0.6,
        num_inference_steps=10,
        guidance_scale=7.5,
        generator=torch.Generator().manual_seed(5),
    ).images[0]
    picture = run(model, SOURCE, mode="img2img", strength=0.6, steps=10, scheduler=scheduler, seed=5)
    assert pixels(picture.image) == pixels(expected)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_previews_are_drawn_from_latents_of_the_usual_spread(
    model: LoadedModel, scheduler: SchedulerName, monkeypatch: pytest.MonkeyPatch
) -> None:
    spreads: list[float] = []
    monkeypatch.setattr(model.previewer, "preview", lambda latents: spreads.append(float(latents.std())))
    run(model, scheduler=scheduler, steps=30, guidance_scale=1)
    assert len(spreads) >= 5
    assert all(0.7 < spread < 1.4 for spread in spreads[:3])  # while it is noise, whose spread is 1


@pytest.mark.parametrize(("strength", "effective"), [(0.35, 10), (0.60, 18), (0.85, 25), (1.0, 30)])
def test_image_to_image_records_the_steps_it_really_made(
    model: LoadedModel, strength: float, effective: int
) -> None:
    picture = run(model, SOURCE, mode="img2img", strength=strength, steps=30)
    assert picture.drawn.effective_steps == effective
    assert isinstance(picture.drawn.request, Request)
    assert picture.drawn.request.steps == 30


def test_text_to_image_makes_the_steps_asked_for(model: LoadedModel) -> None:
    assert [run(model, steps=steps).drawn.effective_steps for steps in (1, 2, 15)] == [1, 2, 15]


@pytest.fixture
def batches(model: LoadedModel) -> Iterator[list[int]]:
    """The batch size of each call of the UNet."""
    seen: list[int] = []
    unet = model.pipelines["text2img"].unet
    hook = unet.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[0]))
    yield seen
    hook.remove()


@pytest.mark.parametrize(("guidance", "batch"), [(7.5, 2), (1.01, 2), (1.0, 1), (0.5, 1), (0.0, 1)])
def test_the_unconditional_pass_is_made_only_above_guidance_1(
    model: LoadedModel, batches: list[int], guidance: float, batch: int
) -> None:
    run(model, steps=4, guidance_scale=guidance)
    assert batches == [batch] * 4


def test_a_prompt_is_encoded_once(model: LoadedModel) -> None:
    encoder = model.pipelines["text2img"].text_encoder
    calls: list[None] = []
    hook = encoder.register_forward_pre_hook(lambda *_: calls.append(None))
    for steps in (1, 2, 3):
        run(model, prompt="a prompt of this test alone", steps=steps)
    run(model, SOURCE, mode="img2img", strength=0.5, prompt="a prompt of this test alone")
    assert len(calls) == 2  # the prompt and the empty negative one
    run(model, prompt="another prompt of this test")
    assert len(calls) == 4
    hook.remove()


def test_the_prompt_that_was_used_least_lately_is_forgotten_first() -> None:
    encoded: list[str] = []

    class Pipe:
        _execution_device = "cpu"

        def encode_prompt(self, prompt: str, **_: Any) -> tuple[str, str, None]:
            encoded.append(prompt)
            return f"{prompt}, encoded", "pooled", None

    cache, pipe = PromptCache("flux", capacity=2), Pipe()
    for prompt in ("a", "b", "a", "c", "a", "b"):
        assert cache.encoded(pipe, {"prompt": prompt, "steps": 3}) == {
            "prompt_embeds": f"{prompt}, encoded",
            "pooled_prompt_embeds": "pooled",
            "steps": 3,
        }
    assert encoded == ["a", "b", "c", "b"]


def test_a_negative_prompt_is_not_taken_for_the_empty_one(model: LoadedModel) -> None:
    assert pixels(run(model).image) != pixels(run(model, negative_prompt="red backpack").image)


def test_both_modes_share_the_weights(model: LoadedModel) -> None:
    text, image = (model.pipelines[mode] for mode in ("text2img", "img2img"))
    assert text is not image
    assert all(getattr(text, part) is getattr(image, part) for part in ("unet", "vae", "text_encoder"))


def test_each_run_has_a_scheduler_of_its_own(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    pipeline = type(model.pipelines["text2img"])
    draw = pipeline.__call__

    def noted(self: Any, **arguments: Any) -> Any:
        used.append(self.scheduler)
        return draw(self, **arguments)

    run(model)  # a first one also warms up
    monkeypatch.setattr(pipeline, "__call__", noted)
    for _ in range(2):
        run(model)
    assert len(used) == 2
    assert used[0] is not used[1]
    assert model.pipelines["text2img"].scheduler is model.own_scheduler
    assert type(used[0]).__name__ == "EulerAncestralDiscreteScheduler"
    assert used[0].config.prediction_type == "v_prediction"


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_torch_draws_in_float32_and_rounds(dtype: torch.dtype) -> None:
    """What `denoise` builds on: the initial latents of a seed are the same numbers in every dtype."""
    shape = (1, 4, 64, 64)
    drawn = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(42), dtype=dtype)
    exact = torch.randn(shape, generator=torch.Generator("cpu").manual_seed(42))
    assert torch.equal(drawn, exact.to(dtype))


def test_a_picture_carries_every_fact_of_the_manifest(model: LoadedModel) -> None:
    picture = run(model)
    assert picture.drawn.model.id == "mini"
    assert picture.drawn.model.weights_sha256 == model.weights_sha256
    assert (picture.drawn.device, picture.drawn.dtype) == ("cpu", "float32")
    assert picture.drawn.versions.torch == torch.__version__
    assert picture.drawn.seconds > 0
    file = BytesIO()
    picture.image.save(file, "PNG")
    assert np.asarray(picture.image).shape == (64, 64, 3)


@pytest.fixture
def freed(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time the pipeline's parts are sent back to main memory."""
    calls: list[str] = []
    monkeypatch.setattr(model.pipelines["text2img"], "maybe_free_model_hooks", lambda: calls.append("freed"))
    return calls


def test_a_picture_that_the_model_s_own_filter_held_back_is_no_picture(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = type(model.pipelines["text2img"])
    draw = pipeline.__call__
    answers: list[list[bool] | None] = [[True], [False], None]

    def filtered(self: Any, **arguments: Any) -> Any:
        output = draw(self, **arguments)
        output.nsfw_content_detected = answers.pop(0)
        return output

    monkeypatch.setattr(pipeline, "__call__", filtered)
    with pytest.raises(EngineFailure) as caught:
        run(model, steps=2)
    assert caught.value.failed.code == "filtered"
    assert MODELS["mini"].name in caught.value.failed.text("en")
    for _ in range(2):  # looked at and found harmless, or not looked at
        assert run(model, steps=2).drawn.effective_steps == 2


def test_a_run_that_is_stopped_frees_the_models_parts(model: LoadedModel, freed: list[str]) -> None:
    steps: list[int] = []
    with pytest.raises(Stopped):
        make_picture(
            model, asked(steps=5), None, 0, lambda: len(steps) == 2, lambda step: steps.append(step.step)
        )
    assert steps == [1, 2]
    assert freed  # the pipeline's own call is not reached


def test_a_run_that_fails_frees_the_models_parts(
    model: LoadedModel, freed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> None:
        raise RuntimeError("CUDA out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        make_picture(model, asked(steps=5), None, 0, lambda: False, broken)
    assert freed


def test_loading_and_warming_up_are_measured_apart_from_the_run(
    tiny_mini: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only a first picture of a shape pays for counts as loading: here half a second."""
    fresh = load_from(MODELS["mini"], tiny_mini)
    draw = type(fresh.pipelines["text2img"]).__call__
    paid: list[int] = []

    def slow_at_first(self: Any, **arguments: Any) -> Any:
        if not paid:
            paid.append(arguments["num_inference_steps"])
            time.sleep(0.5)
        return draw(self, **arguments)

    monkeypatch.setattr(type(fresh.pipelines["text2img"]), "__call__", slow_at_first)
    first, second = run(fresh, steps=2).drawn, run(fresh, steps=2).drawn
    assert first.seconds < 0.5 <= (first.loading_seconds or 0)
    assert second.loading_seconds is None
    assert run(fresh, steps=2, width=72).drawn.loading_seconds  # another shape is warmed up by itself
    assert paid == [1]


def test_warming_up_changes_no_pixel(model: LoadedModel, tiny_mini: Path) -> None:
    for mode, source in (("text2img", None), ("img2img", SOURCE)):
        changes = {"mode": mode, "steps": 4, "strength": 0.5 if source else None}
        run(model, source, **changes)
        fresh = load_from(MODELS["mini"], tiny_mini)
        assert pixels(run(fresh, source, **changes).image) == pixels(run(model, source, **changes).image)


def test_a_stop_that_comes_after_the_last_step_still_stops(model: LoadedModel) -> None:
    steps: list[int] = []
    with pytest.raises(Stopped):
        make_picture(
            model, asked(steps=3), None, 0, lambda: len(steps) == 3, lambda step: steps.append(step.step)
        )
    assert steps == [1, 2, 3]


def test_a_stop_that_comes_before_the_first_step_draws_nothing(
    model: LoadedModel, batches: list[int]
) -> None:
    with pytest.raises(Stopped):
        make_picture(model, asked(steps=3), None, 0, lambda: True, lambda _: None)
    assert batches == []

"""Adapters: taught by the real code, drawn as stock diffusers does, beside others, refused where unfit."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load, save

from lab.engine.adapting import PRIOR, PRIOR_BATCH, Drawn, Teacher, background_of
from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.engine.local import LocalEngine
from lab.engine.pipelines import load_from
from lab.engine.remote import RemoteEngine
from lab.models.registry import MODELS
from manifests.adapters import AdapterError, Settings, read_facts
from manifests.manifest import Adapter
from tests.lab.engine.asking import asked, failure, likeness, made
from tests.lab.engine.tiny import build_sd

PROMPT = "a zibou on a red background"


def photos(side: int) -> list[Image.Image]:
    return [Image.new("RGB", (side, side), color) for color in ("red", "blue", "gray", "white", "black")]


def teacher(folder: Path, model: str = "mini", steps: int = 6, word: str = "zibou") -> Teacher:
    loaded = load_from(MODELS[model], folder)
    side = MODELS[model].native_size
    made = Teacher(loaded, word, photos(side), Settings(steps=steps, rank=2, rate=1e-2))
    made.look()
    side = made._own.shape[-1]  # the model's own pictures are of no matter here
    prompts = ("a red bag", "a blue car")
    made.begin(Drawn(prompts, torch.randn(2, made._own.shape[1], side, side, generator=torch.manual_seed(1))))
    return made


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Taught on small pictures: nothing here depends on their size."""
    with pytest.MonkeyPatch.context() as patched:
        for model in ("mini", "sd15"):
            patched.setitem(MODELS, model, replace(MODELS[model], native_size=64))
        yield


@pytest.fixture(scope="module")
def taught(tiny_mini: Path) -> bytes:
    teaching = teacher(tiny_mini)
    for _ in range(6):
        assert np.isfinite(teaching.teach())
    return teaching.adapter()


def named(data: bytes, scale: float = 1.0, **changes: Any) -> Adapter:
    told = {
        "file": "zibou.safetensors",
        "sha256": sha256(data).hexdigest(),
        "word": "zibou",
        "scale": scale,
        **changes,
    }
    return Adapter(**told)


def test_the_engine_draws_what_stock_diffusers_draws_with_the_file(
    own_engine: LocalEngine, tiny_mini: Path, taught: bytes, tmp_path: Path
) -> None:
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionPipeline
    from safetensors.torch import load_file

    (tmp_path / "zibou.safetensors").write_bytes(taught)
    plain = StableDiffusionPipeline.from_pretrained(tiny_mini)
    adapter = load_file(tmp_path / "zibou.safetensors")
    plain.load_textual_inversion({"zibou": adapter.pop("word")}, token="zibou")
    plain.load_lora_weights(adapter, adapter_name="zibou")
    plain.set_adapters(["zibou"], [0.8])
    plain.scheduler = EulerAncestralDiscreteScheduler.from_config(plain.scheduler.config)
    expected = plain(
        PROMPT,
        height=64,
        width=64,
        num_inference_steps=6,
        guidance_scale=7.5,
        generator=torch.Generator().manual_seed(42),
    ).images[0]
    picture = made(own_engine, asked(prompt=PROMPT, adapters=(named(taught, 0.8),)), adapters=(taught,))
    assert picture.image.tobytes() == expected.tobytes()
    assert picture.image.tobytes() != made(own_engine, asked(prompt=PROMPT)).image.tobytes()


def test_at_scale_0_the_picture_is_the_models_own(own_engine: LocalEngine, taught: bytes) -> None:
    plain = made(own_engine, asked(prompt=PROMPT))
    assert made(
        own_engine, asked(prompt=PROMPT, adapters=(named(taught, 0.0),)), adapters=(taught,)
    ).image.tobytes() == (plain.image.tobytes())


def test_each_strength_draws_another_picture(own_engine: LocalEngine, taught: bytes) -> None:
    scales = (0.0, 0.25, 0.75, 1.25, 1.5)
    drawn = [
        made(own_engine, asked(prompt=PROMPT, adapters=(named(taught, s),)), adapters=(taught,))
        for s in scales
    ]
    assert len({each.image.tobytes() for each in drawn}) == len(scales)


def test_pictures_drawn_beside_it_are_as_without(own_engine: LocalEngine, taught: bytes) -> None:
    """Rows with an adapter never meet those without, nor those with another one."""
    other = torch.Generator().manual_seed(5)
    tensors = {n: t + torch.randn(t.shape, generator=other) / 10 for n, t in load(taught).items()}
    second = save(tensors, {**_said(taught)})
    requests = [
        asked(steps=9),
        asked(prompt=PROMPT, adapters=(named(taught),)),
        asked(prompt=PROMPT, adapters=(named(second),)),
        asked(steps=12, seed=3),
    ]
    files = (taught, second)
    alone = [made(own_engine, request, adapters=files) for request in requests]
    jobs = [own_engine.submit(request, model="mini", inputs=Inputs(adapters=files)) for request in requests]
    together = [[*job.events()][-1] for job in jobs]
    assert alone[1].image.tobytes() == together[1].picture.image.tobytes()  # type: ignore[union-attr]
    assert alone[2].image.tobytes() == together[2].picture.image.tobytes()  # type: ignore[union-attr]
    assert alone[1].image.tobytes() != alone[2].image.tobytes()
    for one, other_one in zip(alone, together, strict=True):
        assert likeness(one, getattr(other_one, "picture", other_one)) > 40


def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tiny_mini: Path, taught: bytes) -> None:
    first = teacher(tiny_mini)
    for _ in range(3):
        first.teach()
    kept = first.state("one run")
    second = teacher(tiny_mini)
    second.restore(kept, "one run")
    assert second.step == 3
    for _ in range(3):
        second.teach()
    whole, again = load(taught), load(second.adapter())
    assert whole.keys() == again.keys()
    for name, value in whole.items():
        assert torch.allclose(value, again[name], atol=1e-6), name


def _state(whole: bytes, lacks: str) -> bytes:
    """A state without a part of it, or with a wrong one."""
    tensors, said = load(whole), {"run": "one run", "step": "2", "losses": "[0.5, 0.4]"}
    if lacks in said:
        said.pop(lacks)
    elif lacks == "shape":
        tensors["exp_avg.0"] = torch.zeros(3)
    else:
        tensors.pop(lacks)
    data: bytes = save(tensors, said)
    return data


@pytest.mark.parametrize("lacks", ["run", "step", "losses", "value.1", "exp_avg_sq.1", "shape"])
def test_a_state_that_is_not_whole_changes_nothing(tiny_mini: Path, lacks: str) -> None:
    first, second = teacher(tiny_mini), teacher(tiny_mini)
    first.teach()
    first.teach()
    before = [each.detach().clone() for each in second._learnt()]
    with pytest.raises((ValueError, KeyError)):
        second.restore(_state(first.state("one run"), lacks), "one run")
    assert all(torch.equal(one, other) for one, other in zip(before, second._learnt(), strict=True))
    assert (second.step, second.losses, len(second._optimizer.state)) == (0, [], 0)


def test_a_state_of_another_run_is_not_gone_on_with(tiny_mini: Path) -> None:
    first = teacher(tiny_mini)
    first.teach()
    with pytest.raises(ValueError, match="another run"):
        teacher(tiny_mini).restore(first.state("one run"), "another")


@pytest.mark.parametrize("guidance", [float("inf"), 1e18])  # the loss is no number; its gradient is none
def test_a_step_that_comes_to_no_number_fails_and_changes_nothing(tiny_mini: Path, guidance: float) -> None:
    teaching = teacher(tiny_mini)
    teaching.teach()
    before = teaching.state("one run")
    teaching._guidance = guidance
    with pytest.raises(EngineFailure) as raised:
        teaching.teach()
    assert raised.value.failed.code == "diverged"
    after = load(teaching.state("one run"))
    assert all(torch.equal(value, after[name]) for name, value in load(before).items())
    assert (teaching.step, len(teaching.losses)) == (1, 1)


def test_the_models_own_pictures_are_drawn_part_by_part_and_without_the_lora(tiny_mini: Path) -> None:
    teaching = Teacher(load_from(MODELS["mini"], tiny_mini), "zibou", photos(64), Settings(steps=5, rank=2))
    drawn = teaching.draw_prior(0, None)
    assert len(drawn.latents) == PRIOR_BATCH
    assert len(drawn.prompts) == PRIOR
    assert len(teaching.draw_prior(1, drawn).latents) == 2 * PRIOR_BATCH


def test_stable_diffusion_is_taught_in_the_same_form(tmp_path: Path) -> None:
    teaching = teacher(build_sd(tmp_path / "sd"), "sd15")
    assert np.isfinite([teaching.teach() for _ in range(2)]).all()
    facts = read_facts(teaching.adapter())
    assert (facts.word, facts.model, facts.rank) == ("zibou", "sd15", 2)


def test_a_word_the_model_has_is_refused(tiny_mini: Path) -> None:
    with pytest.raises(EngineFailure):
        teacher(tiny_mini, word="backpack")


def test_a_plain_background_is_named_and_another_is_not() -> None:
    assert background_of(Image.new("RGB", (64, 64), (205, 70, 80))) == "red"
    mixed = np.concatenate([np.zeros((32, 64, 3), np.uint8), np.full((32, 64, 3), 255, np.uint8)])
    assert background_of(Image.fromarray(mixed)) is None


def _said(data: bytes) -> dict[str, str]:
    facts = read_facts(data)
    said = {
        "format": "genai-lab/adapter/1",
        "word": facts.word,
        "model": facts.model,
        "rank": str(facts.rank),
    }
    return said | ({"weights_sha256": facts.weights_sha256} if facts.weights_sha256 else {})


def _unfit(taught: bytes, change: str) -> bytes:
    tensors, said = load(taught), _said(taught)
    if change == "word":
        tensors["word"] = tensors["word"][:-1].clone()
    elif change == "nan":
        tensors["word"] = tensors["word"] * float("nan")
    elif change == "model":
        said["model"] = "sd15"
    elif change == "layer":
        tensors = {name.replace("conv1", "conv9"): value for name, value in tensors.items()}
    elif change == "shape":
        name = next(name for name in tensors if name.endswith("to_q.lora_A.weight"))
        tensors[name] = torch.randn(2, 7)
    data: bytes = save(tensors, said)
    return data


@pytest.mark.parametrize("change", ["word", "nan", "model", "layer", "shape"])
def test_what_does_not_fit_the_model_is_not_loaded(
    own_engine: LocalEngine, taught: bytes, change: str
) -> None:
    unfit = _unfit(taught, change)
    request = asked(prompt=PROMPT, adapters=(named(unfit),))
    assert failure(own_engine, request, adapters=(unfit,)).code == "adapter_unfit"
    assert made(own_engine, asked()).image.size == (64, 64)  # and the engine goes on


def test_what_is_no_adapter_or_is_not_here_says_so(own_engine: LocalEngine, taught: bytes) -> None:
    pickle = b"\x80\x04 a pickle"
    assert failure(own_engine, asked(adapters=(named(pickle),)), adapters=(pickle,)).code == "bad_adapter"
    missing = named(taught, sha256="0" * 64)
    assert failure(own_engine, asked(adapters=(missing,)), adapters=(taught,)).code == "adapter_missing"
    assert failure(own_engine, asked(adapters=(named(taught),))).code == "adapter_missing"


def test_a_gateway_is_not_asked_with_an_adapter(taught: bytes) -> None:
    from pydantic import SecretStr

    engine = RemoteEngine("http://127.0.0.1:9", SecretStr("token"))
    assert failure(engine, asked(adapters=(named(taught),))).code == "adapter_elsewhere"
    engine.close()


def test_facts_of_cut_files_are_none(taught: bytes) -> None:
    for cut in (0, 7, 8, 100, len(taught) // 2, len(taught) - 1):
        with pytest.raises(AdapterError):
            read_facts(taught[:cut])
    with pytest.raises(AdapterError):
        read_facts(taught + b"more")

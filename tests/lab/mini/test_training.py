"""Training stages learn, stop and go on; tiny models, made-up data, no download."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from lab.mini.autoencoder import (
    autoencoder_stage,
    crops,
    decoder_stage,
    make_autoencoder,
    to_pixels,
    to_tensor,
)
from lab.mini.bank import Bank, make_bank
from lab.mini.data import Scene
from lab.mini.denoiser import Denoiser, denoiser_stage, make_scheduler, make_unet
from lab.mini.judge import Judge, Labels, accuracy, judge_stage, load_judge, save_judge
from lab.mini.loop import Plan, Stage, averaged, interrupt, train
from lab.mini.reschedule import reschedule, same_noise
from lab.mini.text import LENGTH, WIDTH, TwoTowers, encode_tokens, make_tokenizer, read, text_stage
from lab.mini.words import vocabulary
from tests.lab.mini.shapes import shaded_box

CPU = torch.device("cpu")
PLAN = Plan(steps=6, batch=4, lr=1e-3, warmup=2)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    drawings = {"watch": shaded_box(), "book": shaded_box().rotate(45), "key": shaded_box().resize((40, 128))}
    return make_bank(tmp_path_factory.mktemp("bank"), drawings, 48)


def tiny_denoiser() -> Denoiser:
    torch.manual_seed(0)
    small = {"intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    numbers = {
        "vocab_size": 3 + len(vocabulary().tokens),
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    }
    text = CLIPTextModel(
        CLIPTextConfig(hidden_size=WIDTH, max_position_embeddings=LENGTH, **small, **numbers)
    )
    return Denoiser(make_unet((8, 8, 8), groups=4), text)


def denoiser(bank: Bank) -> Stage:
    latents = torch.randn(len(bank), 8, 16, 16, generator=torch.Generator().manual_seed(1)).half()
    return denoiser_stage(latents, bank.scenes, tiny_denoiser(), make_autoencoder(), CPU)


def without_sheets(stage: Stage) -> Stage:
    return replace(stage, sample=None)


def line(seed: int = 0) -> Stage:
    """The smallest thing that learns: fit y = 3x."""
    torch.manual_seed(seed)

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        x = torch.randn(batch, 1, generator=generator)
        mean: torch.Tensor = (model(x) - 3 * x).square().mean()
        return mean

    return Stage("line", nn.Linear(1, 1), loss)


@pytest.mark.parametrize("made", [lambda bank: line(), denoiser], ids=["line", "denoiser"])
def test_a_stopped_stage_goes_on_exactly_as_if_it_had_not_been_stopped(made, bank: Bank, tmp_path: Path):
    whole = train(without_sheets(made(bank)), PLAN, tmp_path / "whole", CPU)
    train(without_sheets(made(bank)), PLAN, tmp_path / "parts", CPU, stop_at=2)
    torch.manual_seed(99)
    parts = train(without_sheets(made(bank)), PLAN, tmp_path / "parts", CPU)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name


def test_a_stage_that_is_asked_to_stop_keeps_its_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = train(line(), PLAN, tmp_path / "whole", CPU)
    monkeypatch.setattr(interrupt, "wished", True)
    with pytest.raises(SystemExit, match="stopped at step 1"):
        train(line(), PLAN, tmp_path / "parts", CPU)
    monkeypatch.setattr(interrupt, "wished", False)
    assert torch.equal(train(line(), PLAN, tmp_path / "parts", CPU).weight, whole.weight)  # type: ignore[arg-type]


def test_a_finished_stage_is_not_trained_again(tmp_path: Path):
    train(line(), PLAN, tmp_path, CPU)
    stamp = (tmp_path / "line.pt").stat().st_mtime_ns
    train(line(), PLAN, tmp_path, CPU)
    assert (tmp_path / "line.pt").stat().st_mtime_ns == stamp


def test_a_stage_can_be_continued_with_a_longer_plan(tmp_path: Path):
    short = train(line(), PLAN, tmp_path, CPU)
    longer = train(line(), replace(PLAN, steps=400, lr=3e-2), tmp_path, CPU)
    assert abs(longer.weight.item() - 3) < 0.1 < abs(short.weight.item() - 3)  # type: ignore[operator]


def test_a_checkpoint_gives_the_averaged_weights_back(tmp_path: Path):
    mean = train(line(), PLAN, tmp_path, CPU)
    loaded = averaged(tmp_path / "line.pt", nn.Linear(1, 1))
    assert torch.equal(loaded.weight, mean.weight)  # type: ignore[arg-type]


def test_the_rate_rises_stays_and_falls_to_almost_nothing():
    plan = Plan(steps=100, batch=1, lr=1.0, warmup=10, cooldown=0.5)
    rates = [plan.rate(step) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[10:50] == [1.0] * 40
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert 0 < rates[-1] < 0.05


def test_the_autoencoder_learns_and_writes_a_sheet(bank: Bank, tmp_path: Path):
    stage = autoencoder_stage(bank, CPU)
    first = stage.loss(stage.model, torch.Generator().manual_seed(5), 8).item()
    mean = train(stage, Plan(steps=25, batch=4, lr=2e-3, warmup=5, ema=0.5), tmp_path, CPU)
    assert stage.loss(mean, torch.Generator().manual_seed(5), 8).item() < 0.8 * first
    assert list((tmp_path / "samples").glob("autoencoder-*.png"))


def test_sharpening_the_decoder_leaves_the_encoder_as_it_was(bank: Bank, tmp_path: Path):
    vae = make_autoencoder()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    train(decoder_stage(bank, vae, CPU), replace(PLAN, steps=2), tmp_path, CPU)
    changed = {
        name.split(".")[0] for name, value in vae.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"decoder"}


def test_bytes_survive_the_way_to_tensors_and_back(bank: Bank):
    assert (to_pixels(to_tensor(bank.pictures[:3])) == bank.pictures[:3]).all()


def test_crops_belong_to_their_generator(bank: Bank):
    one, other, next_ = (crops(bank, torch.Generator().manual_seed(seed), 4) for seed in (1, 1, 2))
    assert one.shape == (4, 3, 64, 64)
    assert torch.equal(one, other)
    assert not torch.equal(one, next_)


def test_two_towers_learn_to_match(bank: Bank, tmp_path: Path):
    """Each scene's latents are its own constant, so a caption can be told from the others."""
    latents = torch.stack([torch.full((8, 16, 16), float(hash_of(scene))) for scene in bank.scenes])
    torch.manual_seed(0)
    stage = text_stage(latents, bank.scenes, CPU)
    first = stage.loss(stage.model, torch.Generator().manual_seed(3), 16).item()
    mean = train(stage, Plan(steps=30, batch=16, lr=1e-3, warmup=5, ema=0.5), tmp_path, CPU)
    assert isinstance(mean, TwoTowers)
    assert stage.loss(mean, torch.Generator().manual_seed(3), 16).item() < first


def hash_of(scene: Scene) -> int:
    return list(vocabulary().backgrounds).index(scene.background) - 5


def test_captions_made_of_tokens_are_encoded_as_the_tokenizer_would():
    captions = [["black", "headphones", "on", "gray", "background"], [], ["studio"] * 40]
    assert torch.equal(
        encode_tokens(captions), read(make_tokenizer(), [" ".join(words) for words in captions])
    )


def test_the_noise_schedule_ends_in_almost_pure_noise():
    assert make_scheduler().alphas_cumprod[-1] < 1e-3


def test_another_noise_schedule_is_learnt_by_the_time_embedding_alone():
    unet, old, new = make_unet((8, 8, 8), groups=4), DDPMScheduler(), make_scheduler()
    times = same_noise(old, new)
    assert (times.diff() >= 0).all()
    middle = round(float(times[600]))
    assert abs(float(old.alphas_cumprod[middle] - new.alphas_cumprod[600])) < 0.01
    others = {
        name: value.clone() for name, value in unet.state_dict().items() if "time_embedding" not in name
    }
    assert reschedule(unet, old, new, steps=300) < 0.7 * reschedule(
        make_unet((8, 8, 8), groups=4), old, new, 1
    )
    assert all(torch.equal(unet.state_dict()[name], value) for name, value in others.items())


def test_a_judge_learns_is_saved_and_loads_the_same(bank: Bank, tmp_path: Path):
    torch.manual_seed(0)
    stage = judge_stage(bank, CPU)
    judge = train(stage, Plan(steps=30, batch=16, lr=3e-3, warmup=3, ema=0.5), tmp_path, CPU)
    assert isinstance(judge, Judge)
    figures = accuracy(judge, bank)
    assert figures["object in five"] > 0.5  # three objects of 160 ever occur
    save_judge(judge, tmp_path / "judge.safetensors")
    again = accuracy(load_judge(tmp_path / "judge.safetensors"), bank)
    assert again["object in five"] == figures["object in five"]


def test_the_judge_is_not_asked_for_the_colour_of_own_colours():
    labels = Labels.of_vocabulary()
    assert labels.numbers(Scene("watch", None, "red", False))[1] == -100
    assert labels.numbers(Scene("watch", "blue", "red", False))[1] == labels.colors.index("blue")


def test_two_processes_train_as_one(tmp_path: Path):
    """Started by torchrun, each has half the batch, and both end with the same weights."""
    script = tmp_path / "two.py"
    script.write_text(TWO)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    root = str(Path(__file__).parents[3])
    subprocess.run(
        [*torchrun, str(script), str(tmp_path)], check=True, cwd=root, env=os.environ | {"PYTHONPATH": root}
    )
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert torch.equal(first["weight"], second["weight"])
    assert torch.equal(first["average"], second["average"])


TWO = """
import sys
from pathlib import Path
import torch
from torch import nn
from lab.mini.loop import Plan, Stage, team, train

folder = Path(sys.argv[1])
team.meet(torch.device("cpu"))
torch.manual_seed(0)
def loss(model, generator, batch):
    x = torch.randn(batch, 1, generator=generator)
    return (model(x) - 3 * x).square().mean()
model = nn.Linear(1, 1)
plan = Plan(steps=9, batch=4, lr=1e-2, warmup=2)
mean = train(Stage("line", model, loss), plan, folder, torch.device("cpu"))
torch.save({"weight": model.weight.data, "average": mean.weight.data}, folder / f"{team.rank}.pt")
"""

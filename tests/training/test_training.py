"""Training stages learn, stop and go on; tiny models, made-up data, no download."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from lab.judge.network import INPUT_SIZE, Judge, Labels, classify, load_judge, to_tensor
from lab.models.mini.vocabulary import vocabulary
from tests.training.shapes import shaded_box
from training.autoencoder import (
    CROP,
    autoencoder_stage,
    crops,
    make_autoencoder,
    to_pixels,
)
from training.bank import Bank, make_bank
from training.data import Scene
from training.denoiser import TRAINING_GUIDANCE, Denoiser, denoiser_stage, make_scheduler, make_unet
from training.judge import (
    accuracy,
    augment,
    calibrate,
    calibration_error,
    judge_stage,
    nothing,
    part_sure,
    save_judge,
    table,
)
from training.judge import (
    numbers as numbers_of,
)
from training.loop import Stage, TrainConfig, averaged, interrupt, train
from training.text import (
    LENGTH,
    WIDTH,
    WORDS,
    Planner,
    encode_tokens,
    make_tokenizer,
    read,
    text_stage,
)

CPU = torch.device("cpu")
PLAN = TrainConfig(steps=6, batch=4, lr=1e-3, warmup=2)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    drawings = {"watch": shaded_box(), "book": shaded_box().rotate(45), "key": shaded_box().resize((40, 128))}
    return make_bank(tmp_path_factory.mktemp("bank"), drawings, 48)


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Pictures of what is no object of the vocabulary."""
    return make_bank(tmp_path_factory.mktemp("strangers"), {"1f9ff": shaded_box().resize((128, 30))}, 16)


def tiny_text() -> CLIPTextModel:
    torch.manual_seed(0)
    small = {"intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    numbers = {
        "vocab_size": 3 + len(vocabulary().tokens),
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 1,
    }
    return CLIPTextModel(
        CLIPTextConfig(hidden_size=WIDTH, max_position_embeddings=LENGTH, **small, **numbers)
    )


def denoiser(bank: Bank) -> Stage:
    latents = torch.randn(len(bank), 8, 16, 16, generator=torch.Generator().manual_seed(1)).half()
    text = tiny_text()
    model = Denoiser(make_unet((8, 8, 8), side=16, groups=4))
    return denoiser_stage(latents, bank.scenes, model, text, make_autoencoder(), CPU)


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
    monkeypatch.setattr(interrupt, "stop_requested", True)
    with pytest.raises(SystemExit, match="stopped at step 1"):
        train(line(), PLAN, tmp_path / "parts", CPU)
    monkeypatch.setattr(interrupt, "stop_requested", False)
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
    plan = TrainConfig(steps=100, batch=1, lr=1.0, warmup=10, cooldown=0.5)
    rates = [plan.rate(step) for step in range(100)]
    assert rates[0] == 0.1
    assert rates[10:50] == [1.0] * 40
    assert rates[50:] == sorted(rates[50:], reverse=True)
    assert 0 < rates[-1] < 0.05


def test_the_autoencoder_learns_and_writes_a_sheet(bank: Bank, tmp_path: Path):
    stage = autoencoder_stage(bank, CPU)
    first = stage.loss(stage.model, torch.Generator().manual_seed(5), 8).item()
    mean = train(stage, TrainConfig(steps=25, batch=4, lr=2e-3, warmup=5, ema=0.5), tmp_path, CPU)
    assert stage.loss(mean, torch.Generator().manual_seed(5), 8).item() < 0.8 * first
    assert list((tmp_path / "samples").glob("autoencoder-*.png"))


def test_bytes_survive_the_way_to_tensors_and_back(bank: Bank):
    assert (to_pixels(to_tensor(bank.pictures[:3])) == bank.pictures[:3]).all()


def test_crops_belong_to_their_generator(bank: Bank):
    one, other, next_ = (crops(bank, torch.Generator().manual_seed(seed), 4) for seed in (1, 1, 2))
    assert one.shape == (4, 3, CROP, CROP)
    assert torch.equal(one, other)
    assert not torch.equal(one, next_)


def test_the_plan_expects_what_the_words_say(bank: Bank, tmp_path: Path):
    """Each scene's latents are its background's own constant: to be told from the words alone."""
    latents = torch.stack([torch.full((8, 16, 16), float(hash_of(scene))) for scene in bank.scenes])
    torch.manual_seed(0)
    stage = text_stage(latents, bank.scenes, CPU)
    first = stage.loss(stage.model, torch.Generator().manual_seed(3), 16).item()
    mean = train(stage, TrainConfig(steps=40, batch=16, lr=1e-3, warmup=5, ema=0.5), tmp_path, CPU)
    assert isinstance(mean, Planner)
    assert stage.loss(mean, torch.Generator().manual_seed(3), 16).item() < 0.5 * first


def test_each_place_of_the_plan_stands_for_its_own_part_of_the_picture():
    """The last place says the lower right corner: its words change nothing else."""
    planner = Planner(channels=2, side=16)
    ids = encode_tokens([["red", "watch"]])
    with torch.no_grad():
        whole = planner(ids)
        assert whole.shape == (1, 2, 16, 16)
        planner.text.embeddings.position_embedding.weight[-1] += 1
        changed = (planner(ids) != whole).any(1)[0]
    assert changed[14:, 14:].all()
    assert not changed[:14].any()
    assert not changed[:, :14].any()


def test_words_leave_the_places_of_the_plan_free():
    ids = encode_tokens([["red"] * 40])
    assert ids.shape == (1, LENGTH)
    assert (ids[:, WORDS:] == 1).all()


def test_the_text_encoder_stays_as_it_is_while_the_denoiser_learns(bank: Bank, tmp_path: Path):
    latents, text = torch.randn(len(bank), 8, 16, 16).half(), tiny_text()
    before = {name: value.clone() for name, value in text.state_dict().items()}
    model = Denoiser(make_unet((8, 8, 8), side=16, groups=4))
    stage = denoiser_stage(latents, bank.scenes, model, text, make_autoencoder(), CPU)
    train(without_sheets(stage), replace(PLAN, steps=2), tmp_path, CPU)
    assert all(torch.equal(text.state_dict()[name], value) for name, value in before.items())


def hash_of(scene: Scene) -> int:
    return list(vocabulary().backgrounds).index(scene.background) - 5


def test_captions_made_of_tokens_are_encoded_as_the_tokenizer_would():
    captions = [["black", "headphones", "on", "gray", "background"], [], ["studio"] * 14]
    assert torch.equal(
        encode_tokens(captions), read(make_tokenizer(), [" ".join(words) for words in captions])
    )


def test_the_noise_schedule_ends_in_almost_pure_noise():
    assert make_scheduler().alphas_cumprod[-1] < 1e-3


def test_a_judge_learns_is_saved_and_loads_the_same(bank: Bank, strangers: Bank, tmp_path: Path):
    torch.manual_seed(0)
    stage = judge_stage(bank, strangers, CPU)
    judge = train(stage, TrainConfig(steps=30, batch=16, lr=3e-3, warmup=3, ema=0.5), tmp_path, CPU)
    assert isinstance(judge, Judge)
    figures = accuracy(judge, bank)
    assert figures["object in five"] > 0.5  # three objects ever occur
    save_judge(judge, tmp_path / "judge.safetensors")
    again = accuracy(load_judge(tmp_path / "judge.safetensors"), bank)
    assert again["object in five"] == figures["object in five"]


class Scaled(nn.Module):
    """Guesses a part of what it is given: one part without words, another with them."""

    def __init__(self, without: float, told: float) -> None:
        super().__init__()
        self.without, self.told = without, told

    def forward(self, noisy: Tensor, times: Tensor, words: Tensor) -> Tensor:
        silent = bool((words == words[:1]).all())
        return noisy * (self.without if silent else self.told)


def test_what_the_denoiser_is_taught_is_its_guess_with_guidance(bank: Bank, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("training.text.EMPTY", 0.0)
    stage = denoiser(bank)

    def loss(model: nn.Module) -> float:
        return stage.loss(model, torch.Generator().manual_seed(3), 8).item()

    loss(stage.model)  # the guide of its attention needs something to listen to
    guided = 0.2 + TRAINING_GUIDANCE * (0.3 - 0.2)
    assert loss(Scaled(0.2, 0.3)) == pytest.approx(loss(Scaled(guided, guided)))
    assert loss(Scaled(0.2, 0.3)) != pytest.approx(loss(Scaled(0.3, 0.3)))


def test_being_sure_of_an_object_pays_on_its_own_pictures_and_costs_on_those_of_a_stranger(
    tmp_path: Path, strangers: Bank
):
    watches = make_bank(tmp_path, {"watch": shaded_box()}, 16)

    def price(met: Bank) -> float:
        """By how much the loss of a judge that always says watch is above that of one that never says."""
        stage = judge_stage(watches, met, CPU)
        judge = cast(Judge, stage.model)
        answer = cast(nn.Linear, judge.answers[0])
        nn.init.zeros_(answer.weight)
        losses = []
        for certainty in (30.0, 0.0):
            nn.init.zeros_(answer.bias)
            answer.bias.data[judge.labels.objects.index("watch")] = certainty
            with torch.no_grad():
                losses.append(stage.loss(judge, torch.Generator().manual_seed(1), 48).item())
        return losses[0] - losses[1]

    assert price(watches) < -1
    assert price(strangers) > 1


def test_the_part_it_is_sure_of_counts_answers_from_the_threshold_on(strangers: Bank):
    judge = Judge()
    answer = cast(nn.Linear, judge.answers[0])
    nn.init.zeros_(answer.weight)
    nn.init.zeros_(answer.bias)
    assert part_sure(judge, strangers, 0.6) == 0
    answer.bias.data[0] = 30
    assert part_sure(judge, strangers, 0.6) == 1


def test_banks_can_be_cut_and_put_together(bank: Bank, strangers: Bank):
    both = bank[:3] + strangers[:2]
    assert both.scenes == bank.scenes[:3] + strangers.scenes[:2]
    assert (both.pictures[3] == strangers.pictures[0]).all()


def test_the_judge_is_asked_for_the_colours_of_a_stranger_but_not_for_its_name():
    labels = Labels.of_vocabulary()
    numbers = numbers_of(labels, Scene("1f9ff", "blue", "red"))
    assert numbers == (len(labels.objects), labels.colors.index("blue"), labels.backgrounds.index("red"))


def test_the_judge_is_not_asked_for_the_colour_of_own_colours():
    labels = Labels.of_vocabulary()
    assert numbers_of(labels, Scene("watch", None, "red"))[1] == -100
    assert numbers_of(labels, Scene("watch", "blue", "red"))[1] == labels.colors.index("blue")


def test_the_judge_sees_a_picture_of_any_size_as_its_small_copy():
    torch.manual_seed(0)
    judge, small = Judge(), torch.rand(2, 3, INPUT_SIZE, INPUT_SIZE)
    large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
    for one, other in zip(judge(small), judge(large), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_augmented_pictures_belong_to_their_generator_and_still_resemble_the_picture(bank: Bank):
    pictures = to_tensor(bank.pictures[:6])
    one, other, next_ = (augment(pictures, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, other)
    assert not torch.equal(one, next_)
    small = torch.nn.functional.interpolate(pictures, (INPUT_SIZE, INPUT_SIZE), mode="area")
    assert 0.01 < (one - small).abs().mean() < 0.25


def test_calibration_makes_an_overconfident_judge_humble(bank: Bank):
    torch.manual_seed(0)
    judge = Judge()
    for answer in judge.answers:
        answer.weight.data.mul_(30)  # type: ignore[union-attr,operator]
    numbers = table(judge.labels, bank.scenes)
    before = classify(judge, bank.pictures)
    calibrate(judge, bank)
    after = classify(judge, bank.pictures)
    for k in (0, 2):
        assert judge.temperatures[k] > 1
        assert calibration_error(after[k], numbers[:, k]) < calibration_error(before[k], numbers[:, k])


def test_pictures_of_nothing_belong_to_their_generator_and_go_from_one_colour_to_fine_noise():
    one, other = (nothing(40, 32, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
    steps = (one[..., 1:] - one[..., :-1]).abs().mean((1, 2, 3))
    assert steps.min() < 0.01
    assert steps.max() > 0.2


def test_the_calibration_error_is_the_gap_between_certainty_and_success():
    sure = torch.tensor([[100.0, 0.0]] * 4)
    assert calibration_error(sure, torch.tensor([0, 0, 0, 0])) == pytest.approx(0)
    assert calibration_error(sure, torch.tensor([0, 0, 0, 1])) == pytest.approx(0.25)
    assert calibration_error(sure, torch.tensor([0, 0, -100, 1])) == pytest.approx(1 / 3)


def test_two_processes_train_as_one(tmp_path: Path):
    """Started by torchrun, each has half the batch, and both end with the same weights."""
    script = tmp_path / "two.py"
    script.write_text(TWO)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    root = str(Path(__file__).parents[2])
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
from training.loop import TrainConfig, Stage, team, train

folder = Path(sys.argv[1])
team.init_process_group(torch.device("cpu"))
torch.manual_seed(0)
def loss(model, generator, batch):
    x = torch.randn(batch, 1, generator=generator)
    return (model(x) - 3 * x).square().mean()
model = nn.Linear(1, 1)
plan = TrainConfig(steps=9, batch=4, lr=1e-2, warmup=2)
mean = train(Stage("line", model, loss), plan, folder, torch.device("cpu"))
torch.save({"weight": model.weight.data, "average": mean.weight.data}, folder / f"{team.rank}.pt")
"""

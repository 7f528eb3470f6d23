"""Training goes on where it stopped, and what it makes loads in stock diffusers and draws."""

import pytest
import torch
from diffusers import StableDiffusionPipeline
from torch import nn

from training import text
from training.autoencoder import make_autoencoder
from training.denoiser import make_unet
from training.wide.autoencoder import autoencoder_stage
from training.wide.denoiser import Denoiser, denoiser_stage, make_scheduler
from training.wide.draw import SCHEDULERS, draw, open_pipeline, redraw
from training.wide.export import export
from training.wide.judge import Judge, judge_stage, load_judge, opinions
from training.wide.loop import Plan, Stage, rate, train
from training.wide.muon import Muon, orthogonal
from training.wide.pool import Pool
from training.wide.scenes import random_scenes
from training.wide.text import make_text_encoder, make_tokenizer, widened
from training.wide.words import world

CPU = torch.device("cpu")
WIDTHS = (16, 16, 32, 32)


def plan(steps: int, batch: int = 4) -> Plan:
    return Plan(minutes=5, batch=batch, lr=1e-3, steps=steps)


def tiny_denoiser() -> Denoiser:
    torch.manual_seed(0)
    return Denoiser(make_unet(WIDTHS, 8, 16), make_text_encoder())


def line_stage() -> tuple[Stage, list[torch.Tensor]]:
    """Learns to multiply by two, and notes which numbers chance gave it."""
    noted: list[torch.Tensor] = []

    def loss(model, generator, batch):
        x = torch.randn(batch, 1, generator=generator)
        noted.append(x)
        return (model(x).float() - 2 * x).square().mean()

    torch.manual_seed(1)
    return Stage("line", nn.Linear(1, 1), loss), noted


def test_a_stage_goes_on_from_its_checkpoint_as_if_it_had_not_stopped(tmp_path):
    whole, noted = line_stage()
    train(whole, plan(6), tmp_path / "whole", CPU)
    first, early = line_stage()
    train(first, plan(3), tmp_path / "parts", CPU)
    second, late = line_stage()
    train(second, plan(6), tmp_path / "parts", CPU)
    assert all(torch.equal(a, b) for a, b in zip(noted, early + late, strict=True))
    state = torch.load(tmp_path / "parts" / "line.pt", weights_only=True)
    assert (state["step"], state["pictures"]) == (6, 24)
    assert not list(tmp_path.rglob("*.part*"))


def test_a_light_checkpoint_can_be_begun_from(tmp_path):
    stage, _ = line_stage()
    mean = train(stage, plan(3), tmp_path, CPU)
    again, _ = line_stage()
    light = tmp_path / "light"
    train(again, plan(4), light, CPU)
    state = torch.load(light / "line.pt", weights_only=True)
    assert state["step"] == 4
    assert torch.allclose(state["ema"]["weight"], mean.state_dict()["weight"], atol=1e-2)


def test_the_rate_rises_stays_and_falls_with_the_box():
    box = Plan(minutes=1, batch=1, lr=1.0, warmup=10, cooldown=0.5)
    assert rate(box, 0, 0.0) == 0.1
    assert rate(box, 100, 0.4) == 1.0
    assert rate(box, 100, 0.75) == 0.5
    assert rate(box, 100, 1.2) == 0.0


def test_the_judge_takes_a_step(tmp_path, sprites):
    stage = judge_stage(sprites, CPU)
    before = [p.clone() for p in stage.model.parameters()]
    train(stage, plan(2, batch=8), tmp_path, CPU)
    assert any(not torch.equal(a, b) for a, b in zip(before, stage.model.parameters(), strict=True))


def test_the_decoder_learns_and_latents_keep_their_meaning(tmp_path, sprites):
    stage = autoencoder_stage(sprites, CPU, make_autoencoder(8, 8))
    stage.sample = None
    before = {name: value.clone() for name, value in stage.model.state_dict().items()}
    train(stage, plan(2, batch=8), tmp_path, CPU)
    changed = {
        name for name, value in stage.model.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed
    assert all(name.startswith("decoder") for name in changed)


def test_what_mini_knows_it_still_knows_when_words_are_added(chance):
    known = text.make_text_encoder()
    wide, table = widened(known), world().number
    ids = torch.randint(len(table) - len(world().new), (2, 80), generator=chance)
    with torch.no_grad():
        assert torch.equal(known(ids).last_hidden_state, wide(ids).last_hidden_state)
        wide(torch.tensor([[table[token] for token in world().new]]))
    old, new = text.make_tokenizer().get_vocab(), make_tokenizer().get_vocab()
    assert old.items() < new.items()
    assert new == table


def test_noise_ends_in_nothing_of_the_picture_and_a_third_of_the_way_leaves_most_of_it():
    left = make_scheduler().alphas_cumprod
    assert left[-1] < 1e-3  # or a colour leaks into the start
    assert left[349] > 0.8  # where strength 0.35 begins
    assert (left.diff() < 0).all()


def test_the_denoiser_and_its_text_encoder_learn(tmp_path, sprites):
    model = tiny_denoiser()
    words = model.text.get_input_embeddings().weight.clone()
    drawn = []
    stage = denoiser_stage(
        sprites, model, make_autoencoder(8, 8), 64, CPU, sample=lambda _, file: drawn.append(file)
    )
    train(stage, plan(2), tmp_path, CPU)
    assert drawn
    assert not torch.equal(words, model.text.get_input_embeddings().weight)
    assert torch.load(tmp_path / "denoiser.pt", weights_only=True)["pictures"] == 8


@pytest.mark.parametrize("shape", [(2, 16, 40), (2, 40, 16)])
def test_a_step_of_muon_turns_all_directions_equally_far(shape, chance):
    u, _, v = torch.linalg.svd(torch.randn(shape, generator=chance), full_matrices=False)
    skewed = u @ torch.diag(torch.logspace(0, -1, 16)) @ v
    lengths = torch.linalg.svdvals(orthogonal(skewed).float())
    assert lengths.amin() > 0.5
    assert lengths.amax() < 1.4


def test_muon_descends(chance):
    weight = nn.Parameter(torch.zeros(8, 3, 2, 2))
    goal = torch.randn(weight.shape, generator=chance)
    optimizer = Muon([weight], lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        torch.autograd.backward((weight - goal).square().sum())
        optimizer.step()
    assert (weight - goal).square().mean() < 0.2 * goal.square().mean()


def test_a_pool_uses_examples_again_and_writes_over_the_oldest(sprites, chance):
    made = []

    def make(count, generator):
        made.append(count)
        numbers = torch.full((count, 1, 1, 1), float(len(made)))
        return [numbers], random_scenes(count, sprites, generator)

    pool = Pool(make, reuse=4, room=12)
    for _ in range(7):
        (latents,), scenes = pool.batch(8, chance)
        assert len(latents) == len(scenes) == 8
    assert made == [8, 2, 2, 2, 2, 2, 2]
    assert pool.kept[0].min() > 1  # the first eight are gone


def test_the_exported_folder_loads_in_stock_diffusers_and_draws_with_every_scheduler(tmp_path):
    size = export(tiny_denoiser().eval(), make_autoencoder(8, 8), Judge(), tmp_path)
    assert size < 20 * 2**20
    stock = StableDiffusionPipeline.from_pretrained(tmp_path, dtype=torch.float32)
    assert stock.vae_scale_factor == 8
    pipeline = open_pipeline(tmp_path, CPU)
    pictures = {name: draw(pipeline, ["a red mug"] * 2, steps=3, scheduler=name) for name in SCHEDULERS}
    for drawn in pictures.values():
        assert drawn.shape == (2, 3, 64, 64)
        assert drawn.isfinite().all()
    assert torch.equal(pictures["DDIM"], draw(pipeline, ["a red mug"] * 2, steps=3, scheduler="DDIM"))
    again = redraw(pipeline, pictures["DDIM"], ["a blue mug"] * 2, strength=0.5)
    assert again.shape == (2, 3, 64, 64)
    assert len(opinions(load_judge(tmp_path / "judge.safetensors"), again)) == 4

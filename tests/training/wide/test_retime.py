"""What was learnt with one noise schedule is still known under another."""

import copy

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel

from training.denoiser import make_unet
from training.export import WEIGHTS
from training.wide.denoiser import make_scheduler
from training.wide.retime import matching_times, retime
from training.wide.train import begun_from


def shipped_schedule() -> torch.Tensor:
    schedule: torch.Tensor = DDPMScheduler.from_pretrained(WEIGHTS, subfolder="scheduler").alphas_cumprod
    return schedule


def test_a_time_is_matched_with_the_one_at_which_as_much_of_the_picture_is_left():
    old, new = shipped_schedule(), make_scheduler().alphas_cumprod
    times = matching_times(old, new)
    near = old[times.round().long()]
    assert (times.diff() >= 0).all()
    assert torch.allclose(near, new, atol=3e-3)
    assert float((new - old).abs().max()) > 0.2  # so that it was not the same schedule


def test_training_begins_from_a_unet_that_answers_as_before_at_times_with_as_much_noise(chance):
    before = UNet2DConditionModel.from_pretrained(WEIGHTS, subfolder="unet", dtype=torch.float32).eval()
    after = begun_from(WEIGHTS)[0].unet.eval()
    old, new = shipped_schedule(), make_scheduler().alphas_cumprod
    noisy = torch.randn(8, 8, 32, 32, generator=chance)
    words = torch.randn(8, 80, before.config.cross_attention_dim, generator=chance)
    times = torch.linspace(20, 980, 8).long()
    with torch.no_grad():
        known = before(noisy, matching_times(old, new)[times], words).sample
        says = after(noisy, times, words).sample
        unmoved = before(noisy, times, words).sample
    assert (says - known).square().mean() < 0.05 * (unmoved - known).square().mean()


def test_the_same_schedule_changes_nothing():
    unet = make_unet((32, 32, 32, 32), 8, 16)
    kept = copy.deepcopy(unet.time_embedding.state_dict())
    assert retime(unet, shipped_schedule(), shipped_schedule()) == 0
    assert all(torch.equal(kept[name], value) for name, value in unet.time_embedding.state_dict().items())

"""The denoiser: given noisy latents, the time and the words, say what is noise and what is picture.

Rule: latent diffusion as in Stable Diffusion (arXiv:2112.10752), of stock parts. One caption in ten is left
out, and nothing else is done to the loss that would narrow what a seed decides.

It begins from weights that know one drawing of each object (`training/train.py`), so it need not learn what
a word looks like from nothing. Times at which there is little left to learn count less (min-SNR,
arXiv:2303.09556), and the text encoder goes on learning.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDPMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import Tensor, nn
from transformers import CLIPTextModel

from training.wide.autoencoder import encode
from training.wide.captions import random_captions, some_empty
from training.wide.compose import compose
from training.wide.loop import Stage, on
from training.wide.pool import Examples, Pool
from training.wide.scenes import random_scenes
from training.wide.sprites import Sprites

EMPTY = 0.1  # part of the captions that is left out
GAMMA = 5.0  # from this signal-to-noise ratio on, a time counts less
EARLY = 0.57  # below 1: more of the noisy times, at which shapes are decided


def noise_schedule() -> list[float]:
    """How much noise each of 1000 times adds: at u of the way exp(-8 u^4 - 0.01 u) of the picture is left.

    The small second term is there for the first times, which would add nothing that can be told from none.
    It ends in almost pure noise, so that no colour leaks into the start. Until then it is gentler than Stable
    Diffusion's, as a small picture is drowned by less noise than a large one (arXiv:2301.11093): strength
    0.35 keeps the source, and few steps are few where shapes are decided.
    """
    times = torch.linspace(0, 1, 1001, dtype=torch.float64)
    left = (-0.01 * times - 8 * times**4).exp()
    betas: list[float] = (1 - left[1:] / left[:-1]).tolist()
    return betas


def make_scheduler() -> DDPMScheduler:
    """The noise schedule, as the stock schedulers are told it."""
    return DDPMScheduler(
        num_train_timesteps=1000,
        trained_betas=noise_schedule(),
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


class Denoiser(nn.Module):
    """UNet and text encoder, which learn together."""

    def __init__(self, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
        super().__init__()
        self.unet, self.text = unet, text


class HalfNorm(nn.GroupNorm):
    """A group norm that stays in half precision where all else does; its sums are exact in any case.

    Left to `autocast` it works in single precision, and copies there and back take longer than its work.
    """

    def forward(self, values: Tensor) -> Tensor:
        if not torch.is_autocast_enabled(values.device.type):
            return super().forward(values)
        with torch.autocast(values.device.type, enabled=False):
            half = (each.bfloat16() for each in (values, self.weight, self.bias))
            inside, weight, bias = half
            return F.group_norm(inside, self.num_groups, weight, bias, self.eps)


class Body(nn.Module):
    """The UNet as a function of tensors alone, which can be recorded: also returns what its middle says."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet
        for module in unet.modules():
            if isinstance(module, nn.GroupNorm):
                module.__class__ = HalfNorm

    def forward(self, noisy: Tensor, times: Tensor, words: Tensor) -> Tensor:
        """(n, c, s, s), (n,), (n, words, width) -> the guess, like `noisy`."""
        guess: Tensor = self.unet(noisy, times, words, return_dict=False)[0]
        return guess


def record(body: Body, noisy: Tensor, times: Tensor, words: Tensor) -> None:
    """From now on the body is one CUDA graph there and one back, for inputs of these shapes.

    Thousands of small kernels are started by hand otherwise, which takes longer than their work.
    """
    like = (noisy.clone(), times.clone(), words.detach().clone().requires_grad_(True))
    with torch.autocast("cuda", torch.bfloat16, cache_enabled=False):
        torch.cuda.make_graphed_callables(body, like, allow_unused_input=True)


def example_maker(
    sprites: Sprites, vae: AutoencoderTiny, size: int
) -> Callable[[int, torch.Generator], Examples]:
    """Draws new scenes, and says what the autoencoder makes of them."""

    @torch.no_grad()
    def make(count: int, generator: torch.Generator) -> Examples:
        scenes = random_scenes(count, sprites, generator)
        pictures = compose(scenes, sprites, size).contiguous(memory_format=torch.channels_last)
        return [encode(vae, pictures).to(torch.bfloat16)], scenes

    return make


def denoiser_stage(
    sprites: Sprites,
    model: Denoiser,
    vae: AutoencoderTiny,
    size: int,
    device: torch.device,
    reuse: int = 1,
    chunk: int = 1,
    sample: Callable[[Denoiser, Path], None] | None = None,
    graphs: bool = False,
    compiled: bool = False,
) -> Stage:
    """Learn the velocity at random times, from new pictures.

    `graphs`: the UNet is recorded first; `compiled`: it is compiled first, by torch's own compiler.
    """
    scheduler = make_scheduler()
    kept = scheduler.alphas_cumprod.to(device)
    vae.to(device).eval().requires_grad_(False)
    pool = Pool(example_maker(sprites, vae, size), reuse, chunk)
    body = Body(model.unet)
    if device.type == "cpu":  # the way back through torch's own attention takes four times as long there
        model.unet.set_attn_processor(AttnProcessor())
    if compiled:
        body.compile(dynamic=False)
    to_record = [graphs]

    def loss(_: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        here = on(device, generator)
        (latents,), scenes = pool.batch(batch, here)
        captions = some_empty(random_captions(scenes, sprites, here), EMPTY, here)
        noise = torch.randn(latents.shape, generator=here, device=device)
        spread = torch.arange(batch, device=device) + torch.rand(batch, generator=here, device=device)
        part = (spread / batch) ** EARLY  # every part of the way, in every batch
        times = (part * 1000).long().clamp(max=999)
        clean = latents.float()
        signal, power = (each[:, None, None, None] for each in (kept[times].sqrt(), (1 - kept[times]).sqrt()))
        noisy = (signal * clean + power * noise).contiguous(memory_format=torch.channels_last)
        words = model.text(captions).last_hidden_state
        if to_record[0]:
            record(body, noisy, times, words)
            to_record[0] = False
        guess = body(noisy, times, words)
        error = (guess.float() - (signal * noise - power * clean)).square().mean((1, 2, 3))
        ratio = kept[times] / (1 - kept[times])
        error = error * ((GAMMA + 1) / (ratio + 1)).clamp(max=1)
        mean: Tensor = error.mean()
        return mean

    def look(mean: nn.Module, file: Path) -> None:
        if sample:
            sample(cast(Denoiser, mean), file)

    inner = [
        weight
        for name, weight in model.unet.named_parameters()
        if weight.ndim > 1 and not name.startswith(("conv_in", "conv_out"))
    ]
    return Stage("denoiser", model, loss, look, inner=inner)

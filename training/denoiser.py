"""Stage 3, the denoiser: given noisy latents, the time and the words, say what is noise and what is picture.

Rule: only stock parts. Words reach the UNet twice: by cross-attention where it is narrow (words, and the plan
that the text encoder wrote behind them: see `text.py`), and pooled into the time embedding (what the whole
picture is). The text encoder is ready before this stage and stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    DDPMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from torch import Tensor, nn
from transformers import CLIPTextModel

from training.autoencoder import CHANNELS, save_sheet, to_pixels
from training.data import Pixels, Scene
from training.guide import Guide
from training.loop import Stage
from training.text import WIDTH, encode_tokens, make_tokenizer, some_empty, step_captions

TRAINING_GUIDANCE = 4.0  # the guidance at which the guess is to be right; more exaggerates, less hesitates

SHEET = (
    "a red backpack on a white background",
    "black headphones on a gray background, studio lighting",
    "a blue teapot on a yellow background",
    "a running shoe on a pink background",
    "a yellow cat on a blue background",
    "a green watch on a white background, studio lighting",
    "a camera on a blue background",
    "pizza on a white background",
    "a purple handbag on a gray background, studio lighting",
    "an orange rose on a black background",
    "a guitar on a white background",
    "a yellow car on a gray background",
    "a pink couch on a green background",
    "a white top hat on a red background",
    "a strawberry on a green background",
    "a penguin on an orange background",
    "a white mug on a purple background, studio lighting",
    "black sunglasses on a yellow background",
    "a green bottle on a white background",
    "a red umbrella on a gray background",
    "a blue bicycle on a white background",
    "a purple butterfly on a yellow background",
    "an orange suitcase on a blue background, studio lighting",
    "a pink trophy on a black background",
)


def make_unet(
    widths: Sequence[int] = (64, 128, 192, 256), side: int = 32, groups: int = 32
) -> UNet2DConditionModel:
    """Levels of 32x32 (thin), 16x16, 8x8 (with attention) and 4x4; attention again in the middle.

    One block a level on the way down and two on the way up, where 16x16 looks at the plan once more: what an
    8x8 place has read there is blurred by the time it has been stretched.
    """
    last = len(widths) - 1
    return UNet2DConditionModel(
        sample_size=side,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=tuple(widths),
        layers_per_block=1,
        norm_num_groups=groups,
        down_block_types=tuple(
            "CrossAttnDownBlock2D" if level == last - 1 else "DownBlock2D" for level in range(last + 1)
        ),
        up_block_types=tuple(
            "CrossAttnUpBlock2D" if level in (1, 2) else "UpBlock2D" for level in range(last + 1)
        ),
        # 256 places need not look at each other as well
        only_cross_attention=tuple(level == last - 2 for level in range(last + 1)),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
    )


def make_scheduler() -> DDPMScheduler:
    """Ends in almost pure noise (no colour leaks into the start), slowly enough to give strength a range."""
    return DDPMScheduler(
        num_train_timesteps=1000,
        beta_start=1e-5,
        beta_end=0.024,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


class Denoiser(nn.Module):
    """The UNet, as the training loop calls it."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, noisy: Tensor, times: Tensor, words: Tensor) -> Tensor:
        """noisy (n, c, s, s), times (n,), words (n, LENGTH, WIDTH) -> velocity (n, c, s, s)."""
        velocity: Tensor = self.unet(noisy, times, words, return_dict=False)[0]
        return velocity


def denoiser_stage(
    latents: Tensor,
    scenes: list[Scene],
    model: Denoiser,
    text: CLIPTextModel,
    vae: AutoencoderTiny,
    device: torch.device,
) -> Stage:
    """Learn the velocity at random times, and be told where to look. latents (m, c, s, s)

    What is compared with the truth is the guess with guidance, as the sampler will use it. A small model that
    is taught without knows all from its prompt: it needs no guidance, and suffers from that of 7.5, which
    large models need since they hesitate. Taught through guidance it hesitates as they do. (The other way
    round, a model taught to do without guidance, is arXiv:2501.15420.)
    """
    scheduler = make_scheduler()
    text.to(device).eval().requires_grad_(False)
    guide = Guide(model.unet)

    def loss(denoiser: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        which = torch.randint(len(scenes), (batch,), generator=generator)
        captions = step_captions([scenes[i] for i in which.tolist()], generator)
        captions = some_empty(captions, generator)
        with torch.no_grad():
            words = text(encode_tokens(captions).to(device)).last_hidden_state  # (n, LENGTH, WIDTH)
            empty_prompt = text(encode_tokens([[]]).to(device)).last_hidden_state.expand(batch, -1, -1)
        clean = latents[which].float()
        noise = torch.randn(clean.shape, generator=generator)
        times = torch.randint(1000, (batch,), generator=generator)
        noisy = scheduler.add_noise(clean, noise, times).to(device, memory_format=torch.channels_last)
        target = scheduler.get_velocity(clean, noise, times).to(device)
        with torch.no_grad():
            unconditional = denoiser(noisy, times.to(device), empty_prompt).float()
        guess = denoiser(noisy, times.to(device), words).float()
        guided = unconditional + TRAINING_GUIDANCE * (guess - unconditional)
        error = (guided - target).square().mean((1, 2, 3)).cpu()  # (n,)
        # almost clean pictures have the largest errors and the least to teach: the last grain of noise
        weight = (1 - scheduler.alphas_cumprod[times]).sqrt()
        mean: Tensor = (weight * error).mean()
        return mean + 0.1 * guide.loss()

    def sample(denoiser: nn.Module, file: Path) -> None:
        pipeline = pipeline_of(cast(Denoiser, denoiser).unet, text, vae).to(device)
        save_sheet(draw_sheet(pipeline), file)

    return Stage("denoiser", model, loss, sample)


def pipeline_of(
    unet: UNet2DConditionModel, text: CLIPTextModel, vae: AutoencoderTiny
) -> StableDiffusionPipeline:
    """The stock pipeline around our parts."""
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=make_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler.from_config(make_scheduler().config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw_sheet(pipeline: StableDiffusionPipeline, guidance: float = 7.5, columns: int = 8) -> list[Pixels]:
    """The fixed prompts, drawn in rows."""
    generators = [torch.Generator().manual_seed(i) for i in range(len(SHEET))]
    with torch.no_grad():
        pictures = pipeline(
            list(SHEET),
            num_inference_steps=25,
            guidance_scale=guidance,
            generator=generators,
            output_type="pt",
        ).images
    pixels = to_pixels(pictures * 2 - 1)
    return [pixels[i : i + columns] for i in range(0, len(SHEET), columns)]

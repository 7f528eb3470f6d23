"""Pipelines of every family the engine knows, tiny and with random weights, saved as diffusers folders."""

from pathlib import Path

import torch


def build_mini(folder: Path) -> Path:
    """The shape of `mini` (its own tokenizer, text encoder and autoencoder) around a small UNet."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    from lab.mini.autoencoder import make_autoencoder
    from lab.mini.text import WIDTH, make_text_encoder, make_tokenizer

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=8,
        out_channels=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    StableDiffusionPipeline(
        vae=make_autoencoder(width=8, encoder_width=8),
        text_encoder=make_text_encoder(),
        tokenizer=make_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(prediction_type="v_prediction", clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder, safe_serialization=True)
    return folder

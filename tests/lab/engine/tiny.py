"""Pipelines of every family the engine knows, tiny and with random weights, saved as diffusers folders."""

from pathlib import Path
from typing import Any

import torch


def build_mini(folder: Path) -> Path:
    """The shape of `mini` (its own tokenizer, text encoder and autoencoder) around a small UNet."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    from training.autoencoder import make_autoencoder
    from training.text import WIDTH, make_text_encoder, make_tokenizer

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
    # Random weights hardly react to time and words; stronger ones do, as trained ones would.
    with torch.no_grad():
        unet.conv_out.weight.mul_(10)
        for name, weight in unet.named_parameters():
            if "attn2.to_out" in name:
                weight.mul_(100)
    vae = make_autoencoder(width=8, encoder_width=8)
    last = vae.decoder.layers[-1]
    with torch.no_grad():  # and hardly draw anything but black
        last.weight.mul_(30)
        last.bias.add_(0.5)
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=make_text_encoder(),
        tokenizer=make_tokenizer(),
        unet=unet,
        scheduler=DDIMScheduler(
            prediction_type="v_prediction",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
            timestep_spacing="trailing",
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder, safe_serialization=True)
    return folder


def build_controlnet(model: Path) -> Path:
    """A ControlNet for the UNet in that folder, beside it; a new one would change nothing."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    torch.manual_seed(1)
    network = ControlNetModel.from_unet(
        UNet2DConditionModel.from_pretrained(model, subfolder="unet"),
        conditioning_embedding_out_channels=(4, 4, 8, 8),
    )
    with torch.no_grad():
        for each in (*network.controlnet_down_blocks, network.controlnet_mid_block):
            each.weight.normal_(0, 0.1)
        network.controlnet_cond_embedding.conv_out.weight.normal_(0, 1)
    folder = model.with_name("controlnet")
    network.save_pretrained(folder, safe_serialization=True)
    return folder


def _clip_tokenizer() -> Any:
    """A word-level tokenizer in CLIP's place: the pipelines need its calling manner, not its words."""
    from training.text import make_tokenizer

    return make_tokenizer()


def _clip(with_projection: bool = False, width: int = 32) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    from training.text import LENGTH

    config = CLIPTextConfig(
        vocab_size=len(_clip_tokenizer()),
        hidden_size=width,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        projection_dim=width,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    return (CLIPTextModelWithProjection if with_projection else CLIPTextModel)(config)


def _t5(width: int = 32) -> Any:
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(
        T5Config(
            vocab_size=len(_clip_tokenizer()),
            d_model=width,
            d_kv=8,
            d_ff=37,
            num_layers=2,
            num_heads=4,
        )
    )


def _vae(channels: int, shift: float | None = None) -> Any:
    """AutoencoderKL with four levels: eight pixels to a latent, as the real ones."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        use_quant_conv=shift is None,
        use_post_quant_conv=shift is None,
        **({} if shift is None else {"shift_factor": shift, "scaling_factor": 1.5}),
    )


def build_sd(folder: Path) -> Path:
    """Stable Diffusion 1.5's parts: PNDM configuration, epsilon prediction, AutoencoderKL."""
    from diffusers import PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    StableDiffusionPipeline(
        vae=_vae(4),
        text_encoder=_clip(),
        tokenizer=_clip_tokenizer(),
        unet=unet,
        scheduler=PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            skip_prk_steps=True,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder, variant="fp16")
    return folder


def build_sdxl(folder: Path) -> Path:
    """SDXL Turbo's parts: two text encoders, size conditioning."""
    from diffusers import EulerAncestralDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=32,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=64,
        attention_head_dim=4,
        norm_num_groups=4,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=1,
        projection_class_embeddings_input_dim=32 + 6 * 8,
    )
    StableDiffusionXLPipeline(
        vae=_vae(4),
        text_encoder=_clip(),
        text_encoder_2=_clip(with_projection=True),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        unet=unet,
        scheduler=EulerAncestralDiscreteScheduler(timestep_spacing="trailing"),
        add_watermarker=False,
    ).save_pretrained(folder, variant="fp16")
    return folder


def build_sd3(folder: Path) -> Path:
    """Stable Diffusion 3's parts: three text encoders, a transformer, flow matching."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=32,
        patch_size=1,
        in_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=4,
    )
    StableDiffusion3Pipeline(
        vae=_vae(4, shift=0.06),
        text_encoder=_clip(with_projection=True),
        text_encoder_2=_clip(with_projection=True),
        text_encoder_3=_t5(width=64),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        tokenizer_3=_clip_tokenizer(),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    ).save_pretrained(folder)
    return folder


def build_flux(folder: Path) -> Path:
    """FLUX.1 schnell's parts: CLIP and T5, packed latents, no guidance."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=False,
    )
    FluxPipeline(
        vae=_vae(1, shift=0.06),
        text_encoder=_clip(),
        text_encoder_2=_t5(),
        tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    ).save_pretrained(folder)
    return folder


class QwenProcessor:
    """What `Qwen2VLProcessor` does for one prompt and picture; that class needs torchvision to exist."""

    def __init__(self, tokenizer: Any) -> None:
        from transformers import Qwen2VLImageProcessorPil

        self._tokenizer = tokenizer
        self._images = Qwen2VLImageProcessorPil(max_pixels=56 * 56)

    def __call__(self, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        seen = self._images(images=images, return_tensors=return_tensors)
        places = int(seen["image_grid_thw"][0].prod()) // 4  # two by two patches make one token
        pads = "<|image_pad|>" * places
        words = self._tokenizer(
            [t.replace("<|image_pad|>", pads) for t in text], padding=padding, return_tensors=return_tensors
        )
        seen.update(words)
        return seen


def qwen_edit_pipeline() -> Any:
    """Qwen-Image-Edit's parts: a vision-language model reads prompt and source, a video VAE."""
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPipeline,
        QwenImageTransformer2DModel,
    )
    from tokenizers import pre_tokenizers
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

    torch.manual_seed(0)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Qwen2Tokenizer(vocab={c: i for i, c in enumerate(alphabet)}, merges=[])
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    special += ["<|image_pad|>", "<|video_pad|>"]
    tokenizer.add_tokens(special, special_tokens=True)
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in special}
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
            "rope_theta": 1_000_000.0,
            "vocab_size": len(tokenizer),
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
        },
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
    )
    transformer = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
    )
    vae = AutoencoderKLQwenImage(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    return QwenImageEditPipeline(
        vae=vae,
        text_encoder=Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        processor=QwenProcessor(tokenizer),
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )

"""The nodes of the bundled server, as ComfyUI's `/object_info` describes nodes.

Rule: names and inputs are ComfyUI's; ranges and lists hold only what `mini` can do. What is sent is checked
against these same descriptions (`validation.py`), so nothing more is claimed than is done.
"""

from collections.abc import Sequence
from typing import Any

from lab.engine.requests import MOST_STEPS
from lab.models.comfyui.samplers import SAMPLERS, SCHEDULE
from lab.models.registry import MODELS

MINI = MODELS["mini"]
CHECKPOINT = "mini.safetensors"  # by this name clients ask for `mini`
HIGHEST_SEED = 2**64 - 1  # as ComfyUI takes it; a picture is drawn with its remainder by 2**32
HIGHEST_CFG = 30.0

Info = dict[str, Any]


def object_info(pictures: Sequence[str]) -> dict[str, Info]:
    """All nodes by name; `pictures` are the files that LoadImage can load."""
    side = {
        "default": MINI.native_size,
        "min": MINI.minimum_size,
        "max": MINI.maximum_size,
        "step": MINI.multiple,
    }
    return {
        "CheckpointLoaderSimple": _node(
            "CheckpointLoaderSimple",
            "Load Checkpoint",
            "loaders",
            {"ckpt_name": [[CHECKPOINT], {}]},
            ["MODEL", "CLIP", "VAE"],
        ),
        "CLIPTextEncode": _node(
            "CLIPTextEncode",
            "CLIP Text Encode (Prompt)",
            "conditioning",
            {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}], "clip": ["CLIP", {}]},
            ["CONDITIONING"],
        ),
        "KSampler": _node(
            "KSampler",
            "KSampler",
            "sampling",
            {
                "model": ["MODEL", {}],
                "seed": [
                    "INT",
                    {"default": 0, "min": 0, "max": HIGHEST_SEED, "control_after_generate": True},
                ],
                "steps": ["INT", {"default": 20, "min": 1, "max": MOST_STEPS}],
                "cfg": [
                    "FLOAT",
                    {"default": 7.5, "min": 0.0, "max": HIGHEST_CFG, "step": 0.1, "round": 0.01},
                ],
                "sampler_name": [list(SAMPLERS.values()), {}],
                "scheduler": [[SCHEDULE], {}],
                "positive": ["CONDITIONING", {}],
                "negative": ["CONDITIONING", {}],
                "latent_image": ["LATENT", {}],
                "denoise": ["FLOAT", {"default": 1.0, "min": 0.01, "max": 1.0, "step": 0.01}],
            },
            ["LATENT"],
        ),
        "EmptyLatentImage": _node(
            "EmptyLatentImage",
            "Empty Latent Image",
            "latent",
            {
                "width": ["INT", dict(side)],
                "height": ["INT", dict(side)],
                "batch_size": ["INT", {"default": 1, "min": 1, "max": 1}],
            },
            ["LATENT"],
        ),
        "VAEEncode": _node(
            "VAEEncode", "VAE Encode", "latent", {"pixels": ["IMAGE"], "vae": ["VAE"]}, ["LATENT"]
        ),
        "VAEDecode": _node(
            "VAEDecode", "VAE Decode", "latent", {"samples": ["LATENT", {}], "vae": ["VAE", {}]}, ["IMAGE"]
        ),
        "LoadImage": _node(
            "LoadImage",
            "Load Image",
            "image",
            {"image": [list(pictures), {"image_upload": True}]},
            ["IMAGE", "MASK"],
        ),
        "SaveImage": _node(
            "SaveImage",
            "Save Image",
            "image",
            {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
            [],
            output=True,
        ),
        "PreviewImage": _node(
            "PreviewImage", "Preview Image", "image", {"images": ["IMAGE"]}, [], output=True
        ),
    }


def _node(
    name: str, display: str, category: str, required: Info, gives: list[str], *, output: bool = False
) -> Info:
    """One node's description, in the order of ComfyUI's fields."""
    inputs: Info = {"required": required}
    if output:
        inputs["hidden"] = {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO"}
    return {
        "input": inputs,
        "input_order": {kind: list(each) for kind, each in inputs.items()},
        "output": gives,
        "output_is_list": [False] * len(gives),
        "output_name": gives,
        "name": name,
        "display_name": display,
        "description": "",
        "python_module": "nodes",
        "category": category,
        "output_node": output,
    }

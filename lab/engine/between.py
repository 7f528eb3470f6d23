"""A frame on the way from one picture to another: what stock pipelines take in place of a prompt and a seed.

Rule: the initial noise goes along the great circle between that of the two seeds, since what lies on the
straight line between two noises is weaker than noise; the prompts' embeddings go along the straight line. At
the places 0 and 1 both are exactly those of the two ends, so the pictures there are the ends' own.
"""

from collections.abc import Mapping
from typing import Any

from manifests.manifest import Request

EMBEDDINGS = ("prompt_embeds", "negative_prompt_embeds")


def on_the_way(
    pipe: Any, request: Request, arguments: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, Any]:
    """Embeddings, latents and generator of a frame. `other`: the embeddings of the other end's prompt.

    The generator has given its own end's noise, as in a plain run, before any scheduler asks it for more.
    """
    import torch

    between = request.between
    if between is None:
        return {}
    shape = (
        1,
        pipe.unet.config.in_channels,
        request.height // pipe.vae_scale_factor,
        request.width // pipe.vae_scale_factor,
    )
    dtype = arguments["prompt_embeds"].dtype
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in (request.seed, between.seed)]
    one, two = (torch.randn(shape, generator=each, dtype=dtype) for each in generators)
    embeddings = {
        name: torch.lerp(arguments[name], other[name], between.place)
        for name in EMBEDDINGS
        if name in arguments
    }
    return embeddings | {"latents": slerp(one, two, between.place), "generator": generators[0]}


def slerp(one: Any, two: Any, place: float) -> Any:
    """The tensor at a place from 0 to 1 of the great circle between two."""
    import torch

    if place in (0, 1) or torch.equal(one, two):
        return two if place == 1 else one
    a, b = one.flatten().double(), two.flatten().double()
    angle = torch.arccos((a @ b / (a.norm() * b.norm())).clamp(-1, 1))
    mixed = (torch.sin((1 - place) * angle) * a + torch.sin(place * angle) * b) / torch.sin(angle)
    return mixed.reshape(one.shape).to(one.dtype)

"""A quick look at latents: a linear map from latent channels to RGB, fitted to the model's own VAE.

The fit: the VAE encodes one picture of coloured patches, and least squares finds the colours from
the latents. It takes milliseconds at load, works for every VAE whose latents are maps
(1, channels, height, width), and is meant for the eye alone. The film decodes with the VAE itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

PATCHES = 8  # per side of the fitted picture
PREVIEW_SIZE = 256


class Previewer:
    """Turns the pipeline's latents into small pictures; `None` where a model's are not maps."""

    def __init__(self, vae: Any) -> None:
        self._vae = vae
        self._map = _fit(vae)

    def preview(self, latents: Any) -> Image.Image | None:
        """A rough picture, its longer side PREVIEW_SIZE pixels, from latents (1, C, h, w)."""
        import torch

        if self._map is None or latents.ndim != 4:
            return None
        maps = latents[0].float().cpu()
        ones = torch.ones_like(maps[:1])
        rgb = torch.einsum("chw,cd->hwd", torch.cat([maps, ones]), self._map)
        small = _to_image(rgb)
        scale = PREVIEW_SIZE / max(small.size)
        size = (round(small.width * scale), round(small.height * scale))
        return small.resize(size, Image.Resampling.BICUBIC)

    def frame(self, latents: Any) -> Image.Image | None:
        """The latents (1, C, h, w), on the device of the run, decoded by the VAE: a picture of full size."""
        import torch

        if latents.ndim != 4:
            return None
        config = self._vae.config
        z = latents / config.scaling_factor + (config.get("shift_factor") or 0)
        upcast = (
            torch.float32 if config.get("force_upcast") else self._vae.dtype
        )  # SDXL's overflows in float16
        with torch.no_grad(), _in_dtype(self._vae, upcast) as vae:
            decoded = vae.decode(z.to(upcast), return_dict=False)[0][0]
        return _to_image(decoded.float().cpu().permute(1, 2, 0))


@contextmanager
def _in_dtype(vae: Any, dtype: Any) -> Iterator[Any]:
    """The VAE in another dtype for a while."""
    usual = vae.dtype
    if usual != dtype:
        vae.to(dtype)
    try:
        yield vae
    finally:
        if usual != dtype:
            vae.to(usual)


def _to_image(rgb: Any) -> Image.Image:
    """(h, w, 3) in -1..1 -> picture."""
    return Image.fromarray(rgb.add(1).mul(127.5).clamp(0, 255).byte().numpy())


def _fit(vae: Any) -> Any:
    """The map (channels + 1, 3), or None if this VAE's latents are not maps."""
    import torch
    import torch.nn.functional as F

    generator = torch.Generator("cpu").manual_seed(0)
    colours = torch.rand(1, 3, PATCHES, PATCHES, generator=generator) * 2 - 1
    picture = F.interpolate(colours, size=(128, 128))
    if "z_dim" in vae.config:  # a video VAE: its latents have time, and are packed by the pipeline
        return None
    with torch.no_grad(), _in_dtype(vae, torch.float32):
        encoded = vae.encode(picture)
    latents = encoded.latents if "latents" in encoded else encoded.latent_dist.mode()
    shift = vae.config.get("shift_factor") or 0
    maps = ((latents - shift) * vae.config.scaling_factor)[0]
    small = F.interpolate(picture, size=maps.shape[1:], mode="area")[0].flatten(1).T
    rows = torch.cat([maps, torch.ones_like(maps[:1])]).flatten(1).T
    return torch.linalg.lstsq(rows, small).solution

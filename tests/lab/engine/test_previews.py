"""Previews: the linear map finds the colours of a VAE whose latents are linear in them."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from lab.engine.previews import Previewer


class _Config(dict[str, Any]):
    def __getattr__(self, name: str) -> Any:
        return self[name]


class LinearVae:
    """Latents are colours mixed by a fixed matrix, eight pixels to one place."""

    dtype = torch.float32

    def __init__(self, scale: float = 0.5, shift: float = 0.25) -> None:
        self.config = _Config(scaling_factor=scale, shift_factor=shift)
        self.mix = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))

    def encode(self, picture: torch.Tensor) -> Any:
        small = F.avg_pool2d(picture, 8)
        return Encoded(torch.einsum("oc,bchw->bohw", self.mix, small))

    def decode(self, latents: torch.Tensor, return_dict: bool) -> tuple[torch.Tensor]:
        colours = torch.einsum("co,bohw->bchw", torch.linalg.pinv(self.mix), latents)
        return (F.interpolate(colours, scale_factor=8),)


class Encoded(dict[str, Any]):
    def __init__(self, latents: torch.Tensor) -> None:
        super().__init__(latents=latents)
        self.latents = latents


def scaled(
    vae: LinearVae, colour: tuple[float, float, float], size: tuple[int, int] = (8, 16)
) -> torch.Tensor:
    """The pipeline's latents of a plain picture."""
    picture = torch.tensor(colour).view(1, 3, 1, 1).expand(1, 3, size[0] * 8, size[1] * 8)
    latents = vae.encode(picture).latents
    scaled: torch.Tensor = (latents - vae.config.shift_factor) * vae.config.scaling_factor
    return scaled


@pytest.mark.parametrize("colour", [(1.0, -1.0, -1.0), (-1.0, 1.0, 0.5), (0.0, 0.0, 0.0)])
def test_the_preview_has_the_colours_of_the_latents(colour: tuple[float, float, float]) -> None:
    vae = LinearVae()
    preview = Previewer(vae).preview(scaled(vae, colour))
    assert preview is not None
    assert preview.size == (256, 128)
    wanted = [round((value + 1) * 127.5) for value in colour]
    assert preview.getpixel((100, 60)) == pytest.approx(wanted, abs=4)


@pytest.mark.parametrize("colour", [(1.0, -1.0, -1.0), (-1.0, 1.0, 0.5)])
def test_a_film_frame_is_what_the_vae_makes_of_the_latents(colour: tuple[float, float, float]) -> None:
    vae = LinearVae()
    frame = Previewer(vae).frame(scaled(vae, colour))
    assert frame is not None
    assert frame.size == (128, 64)
    assert frame.getpixel((60, 30)) == pytest.approx([round((v + 1) * 127.5) for v in colour], abs=2)


def test_packed_latents_and_video_vaes_have_no_previews() -> None:
    previewer = Previewer(LinearVae())
    assert previewer.preview(torch.zeros(1, 16, 4)) is None
    assert previewer.frame(torch.zeros(1, 16, 4)) is None
    video = SimpleNamespace(config=_Config(z_dim=16), dtype=torch.float32)
    assert Previewer(video).preview(torch.zeros(1, 4, 8, 8)) is None

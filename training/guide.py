"""Guided attention: the UNet is taught once which place of the plan belongs to which place of the picture.

Rule: where a picture's place looks is given, what it makes of it is learnt. A UNet knows places only from
the rims of its convolutions, and finds out by itself very late that the 23rd place of the plan is about the
23rd of the picture. A cross-entropy on some heads' attention says so in minutes (the idea is that of guided
attention in speech synthesis, arXiv:1710.08969).
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor

from training.text import GRID, WORDS


class Guide:
    """Listens to every cross-attention of a UNet; `loss()` says how far from the right places it looked."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        self._heard: list[dict[str, Tensor]] = []
        self._heads: list[int] = []
        for module in unet.modules():
            if getattr(module, "is_cross_attention", False):
                self._listen(module)

    def _listen(self, attention: Any) -> None:
        heard: dict[str, Tensor] = {}
        self._heard.append(heard)
        self._heads.append(attention.heads)
        attention.to_q.register_forward_hook(lambda module, given, out: heard.__setitem__("q", out))
        attention.to_k.register_forward_hook(lambda module, given, out: heard.__setitem__("k", out))

    def loss(self) -> Tensor:
        """The mean over attentions of the last forward pass, in nats."""
        losses = [
            guidance(heard["q"].float(), heard["k"].float(), heads)
            for heard, heads in zip(self._heard, self._heads, strict=True)
        ]
        return torch.stack(losses).mean()


def guidance(queries: Tensor, keys: Tensor, heads: int) -> Tensor:
    """Cross-entropy between where heads look and where they should.

    queries (n, places, d), keys (n, LENGTH, d). At the plan's own grid half of the heads look at their place,
    on a finer grid at the place that theirs is a part of. On a grid half as fine each of four heads looks at
    one of the four places below its own.
    """
    n, places, width = queries.shape
    q = queries.reshape(n, places, heads, -1).transpose(1, 2)
    k = keys.reshape(n, keys.shape[1], heads, -1).transpose(1, 2)
    looks = q @ k.transpose(2, 3) / math.sqrt(width // heads)  # (n, heads, places, LENGTH)
    targets = right_places(math.isqrt(places), heads)  # (guided heads, places)
    guided = looks[:, : len(targets)].permute(0, 3, 1, 2)  # (n, LENGTH, guided heads, places)
    return F.cross_entropy(guided, targets.to(looks.device).expand(n, *targets.shape))


def right_places(side: int, heads: int) -> Tensor:
    """The token each place of a `side` by `side` grid should look at. (guided heads, side * side)"""
    y, x = (part.flatten() for part in torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"))
    if side >= GRID:
        coarser = side // GRID
        own = WORDS + y // coarser * GRID + x // coarser
        return own.expand(heads // 2, -1)
    finer = GRID // side
    below = [(a, b) for a in range(finer) for b in range(finer)]
    return torch.stack([WORDS + (y * finer + a) * GRID + x * finer + b for a, b in below])

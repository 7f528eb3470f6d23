"""What can be measured of pictures without knowing what they show.

Rule: every measure takes pictures (n, 3, h, w) from -1 to 1 and gives one number for each, (n,).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from training.wide.judge import Judge


def distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """Root mean square of the difference at 64x64, of 255."""
    small = [F.interpolate(each, (64, 64), mode="area") for each in (ours, theirs)]
    return (small[0] - small[1]).square().mean((1, 2, 3)).sqrt() * 127.5


@torch.no_grad()
def gist_distance(judge: Judge, ours: Tensor, theirs: Tensor) -> Tensor:
    """How far apart the judge's gists of two pictures lie."""
    gists = [torch.cat([judge.look(part)[1] for part in torch.split(each, 100)]) for each in (ours, theirs)]
    return (gists[0] - gists[1]).square().mean(1).sqrt()


def chroma(pictures: Tensor) -> Tensor:
    """How colourful: the mean distance from gray, of 255."""
    return (pictures - pictures.mean(1, keepdim=True)).square().sum(1).sqrt().mean((1, 2)) * 127.5


def clipped(pictures: Tensor) -> Tensor:
    """The part of all numbers that are as dark or as bright as can be."""
    return (pictures.abs() > 0.985).float().mean((1, 2, 3))


def edges(pictures: Tensor) -> Tensor:
    """How strong the fine structure is: mean difference between neighbours, of 255."""
    across, down = pictures.diff(dim=3).abs().mean((1, 2, 3)), pictures.diff(dim=2).abs().mean((1, 2, 3))
    return (across + down) / 2 * 127.5


def contrast(pictures: Tensor) -> Tensor:
    """Deviation of the luminance, of 255."""
    return pictures.mean(1).flatten(1).std(1) * 127.5


def ssim(ours: Tensor, theirs: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004) of the luminance, with even windows of 8 by 8."""
    x, y = ((each.mean(1, keepdim=True) + 1) / 2 for each in (ours, theirs))

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, 8, 4)

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    score = (2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    return score.mean((1, 2, 3))

"""Move a trained denoiser to another noise schedule without training it again.

Rule: a UNet knows the noise level only through its time embedding. So give each new time the embedding that
the old time of the same noise level had: a regression of a thousand points, done in seconds.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor


def same_noise(old: DDPMScheduler, new: DDPMScheduler) -> Tensor:
    """For each time of the new schedule, the (fractional) time of the old one with the same noise. (1000,)"""
    levels_old, levels_new = (np.log(s.alphas_cumprod.numpy()) for s in (old, new))
    times = np.interp(-levels_new, -levels_old, np.arange(len(levels_old)))
    return torch.from_numpy(times).float()


def reschedule(
    unet: UNet2DConditionModel, old: DDPMScheduler, new: DDPMScheduler, steps: int = 4000
) -> float:
    """Fit the time embedding's two layers, in place. Returns the relative error that is left."""
    times = torch.arange(len(new.alphas_cumprod)).float()
    with torch.no_grad():
        wanted = unet.time_embedding(unet.time_proj(same_noise(old, new)))  # (1000, width)
    waves = unet.time_proj(times)  # (1000, channels)
    optimizer = torch.optim.Adam(unet.time_embedding.parameters(), lr=2e-3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps)
        loss = (unet.time_embedding(waves) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return float((loss.detach() / wanted.var()).sqrt())

"""A UNet that learnt with one noise schedule goes on with another, without losing what it knows.

Rule: what matters about a time is how much of the picture is left at it. So the time embedding is fitted
anew: at each time of the new schedule it says what it said at that time of the old one at which as much was
left. Nothing else is touched, and the velocity that is asked for is the same.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor

STEPS = 3000  # of the fit, some seconds


def matching_times(old: Tensor, new: Tensor) -> Tensor:
    """For each time of the new schedule, the (fractional) time of the old one with as much left.

    old, new (t,): `alphas_cumprod`, falling.
    """
    log_ratio = [np.log(each.double().numpy() / (1 - each.double().numpy())) for each in (old, new)]
    times = np.interp(-log_ratio[1], -log_ratio[0], np.arange(len(old)))
    return torch.from_numpy(times).float()


def retime(unet: UNet2DConditionModel, old: Tensor, new: Tensor) -> float:
    """Fit the time embedding of `unet` to the schedule `new`; returns what of it could not be fitted.

    That is the mean squared error as a part of the embedding's variance over all times.
    """
    if torch.allclose(old, new):
        return 0.0
    embedding = unet.time_embedding
    with torch.no_grad():
        wanted = embedding(unet.time_proj(matching_times(old, new)))
        known = unet.time_proj(torch.arange(len(new)).float())
    scale = float(wanted.var(0).mean())
    optimizer = torch.optim.Adam(embedding.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = F.mse_loss(embedding(known), wanted) / scale
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        return float(F.mse_loss(embedding(known), wanted)) / scale

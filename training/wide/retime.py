"""A UNet that learnt with one noise schedule goes on with another, without losing what it knows.

Rule: what matters about a time is how much of the picture is left at it. So the time embedding is fitted
anew: at each time of the new schedule it says what it said at that time of the old one at which as much was
left. Nothing else is touched, and the velocity that is asked for is the same. Where both schedules are one
(weights that were exported from here), nothing changes.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor

RIDGE = 0.1  # how strongly weights are held where they are


def matching_times(old: Tensor, new: Tensor) -> Tensor:
    """For each time of the new schedule, the (fractional) time of the old one with as much left.

    old, new (t,): `alphas_cumprod`, falling.
    """
    log_ratio = [np.log(each.double().numpy() / (1 - each.double().numpy())) for each in (old, new)]
    times = np.interp(-log_ratio[1], -log_ratio[0], np.arange(len(old)))
    return torch.from_numpy(times).float()


def retime(unet: UNet2DConditionModel, old: Tensor, new: Tensor) -> float:
    """Fit the time embedding of `unet` to the schedule `new`; returns what of it could not be fitted.

    Only its last layer changes, by ridge regression towards the weights that it has. What is returned is the
    mean squared error as a part of the embedding's variance over all times.
    """
    if torch.allclose(old, new):
        return 0.0
    embedding, last = unet.time_embedding, unet.time_embedding.linear_2
    with torch.no_grad():
        wanted = embedding(unet.time_proj(matching_times(old, new))).double()
        hidden = F.silu(embedding.linear_1(unet.time_proj(torch.arange(len(new)).float()))).double()
        known = F.pad(hidden, (0, 1), value=1.0)  # the last column is for the bias
        before = torch.cat([last.weight, last.bias[:, None]], 1).double()
        pull = RIDGE * torch.eye(known.shape[1], dtype=torch.float64)
        fitted = torch.linalg.solve(known.T @ known + pull, known.T @ wanted + pull @ before.T)
        last.weight.copy_(fitted[:-1].T)
        last.bias.copy_(fitted[-1])
        return float((known @ fitted - wanted).square().mean() / wanted.var(0).mean())

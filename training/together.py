"""Data-parallel training: several processes, each with its own part of the batch, take the same step.

Rule: after every step all processes hold the same weights. `torchrun --nproc-per-node N -m training.train`
starts one process a GPU, or one a CPU core; on a busy machine much faster than N threads of one process:
threads wait for each other at every small operation, processes once a step.
"""

from __future__ import annotations

import os

import torch
import torch.distributed as dist
from torch import nn


class Team:
    """The processes of this run; without torchrun, one."""

    def __init__(self) -> None:
        self.rank, self.size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))

    @property
    def leads(self) -> bool:
        """Whether this process prints and saves for all."""
        return self.rank == 0

    def init_process_group(self, device: torch.device) -> torch.device:
        """Wait for the others; each process gets its own GPU, if there are any."""
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return torch.device("cuda", self.rank) if device.type == "cuda" and self.size > 1 else device

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.size > 1:
            dist.barrier()

    def average(self, model: nn.Module, said: list[float]) -> list[float]:
        """Replace every gradient by the mean over the team, and add up a few numbers on the way."""
        if self.size == 1:
            return said
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        words = torch.tensor(said, device=gradients[0].device)
        flat = torch.cat([*(g.flatten() for g in gradients), words])  # one message for all
        dist.all_reduce(flat)
        parts = torch.split(flat, [*(g.numel() for g in gradients), len(said)])
        for gradient, part in zip(gradients, parts, strict=False):
            gradient.copy_(part.view_as(gradient) / self.size)
        return [float(word) for word in parts[-1]]

"""The judge's network: looks at a picture and says which object, in which colour, on which background.

This is the half that runs in a lab. How the network learns what it knows stands in `training/judge.py`.
Importing this module loads torch, so whoever needs a picture looked at imports it inside a function.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from lab.models.mini.vocabulary import vocabulary

Pixels = NDArray[np.uint8]

PICTURE_SIZE = 256  # pixels, down and across, of the pictures the judge has learnt from
INPUT_SIZE = 128  # pixels, down and across, that the network itself looks at
QUESTIONS = ("object", "color", "background")


@dataclass(frozen=True)
class Labels:
    """The names behind the network's outputs, in their order."""

    objects: tuple[str, ...]
    colors: tuple[str, ...]
    backgrounds: tuple[str, ...]

    @classmethod
    def of_vocabulary(cls) -> Labels:
        words = vocabulary()
        return cls(tuple(words.objects), tuple(words.colors), tuple(words.backgrounds))


class Judge(nn.Module):
    """Six convolutions and three linear classifiers."""

    temperatures: Tensor

    def __init__(self, labels: Labels | None = None) -> None:
        super().__init__()
        self.labels = labels or Labels.of_vocabulary()
        layers: list[nn.Module] = []
        for channels_in, channels_out, stride in (
            (3, 32, 2),
            (32, 64, 2),
            (64, 128, 2),
            (128, 192, 2),
            (192, 256, 1),
            (256, 256, 2),
        ):
            convolution = nn.Conv2d(channels_in, channels_out, 3, stride, 1)
            layers += [convolution, nn.GroupNorm(8, channels_out), nn.SiLU()]
        self.eyes = nn.Sequential(*layers)  # (n, 3, 128, 128) -> (n, 256, 4, 4)
        counts = [len(names) for names in (self.labels.objects, self.labels.colors, self.labels.backgrounds)]
        self.answers = nn.ModuleList(nn.Linear(512, count) for count in counts)
        self.register_buffer("temperatures", torch.ones(3))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(n, 3, h, w) in -1..1 -> logits of objects, colours, backgrounds; their softmax is calibrated."""
        if pictures.shape[-1] != INPUT_SIZE:
            pictures = F.interpolate(pictures, (INPUT_SIZE, INPUT_SIZE), mode="area")
        features = self.eyes(pictures).flatten(2)  # (n, 256, 16)
        pooled = torch.cat([features.mean(2), features.amax(2)], 1)
        return [answer(pooled) / t for answer, t in zip(self.answers, self.temperatures, strict=True)]


def to_tensor(pictures: Pixels) -> Tensor:
    """(n, h, w, 3) bytes -> (n, 3, h, w) floats in -1..1."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def classify(judge: Judge, pictures: Pixels, batch: int = 100) -> list[Tensor]:
    """Logits for (n, h, w, 3) bytes: of objects, colours and backgrounds."""
    device = next(judge.parameters()).device
    parts = [judge(to_tensor(pictures[i : i + batch]).to(device)) for i in range(0, len(pictures), batch)]
    return [torch.cat([part[k].float().cpu() for part in parts]) for k in range(3)]


def load_judge(file: Path) -> Judge:
    """The judge that was saved, in single precision."""
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return judge.eval().requires_grad_(False)

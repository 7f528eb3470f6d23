"""The judge: looks at a picture and says which object, in which colour, on which background.

Rule: it learns from composed pictures only and never sees what the model draws, so it cannot be flattered.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lab.mini.autoencoder import to_tensor
from lab.mini.bank import Bank
from lab.mini.data import Pixels, Scene
from lab.mini.loop import Stage
from lab.mini.words import vocabulary


@dataclass(frozen=True)
class Labels:
    """Names behind the numbers."""

    objects: tuple[str, ...]
    colors: tuple[str, ...]
    backgrounds: tuple[str, ...]

    @classmethod
    def of_vocabulary(cls) -> Labels:
        words = vocabulary()
        return cls(tuple(words.objects), tuple(words.colors), tuple(words.backgrounds))

    def numbers(self, scene: Scene) -> tuple[int, int, int]:
        """Object, colour (-100, which losses ignore, for an object in its own colours), background."""
        color = self.colors.index(scene.color) if scene.color else -100
        return self.objects.index(scene.object), color, self.backgrounds.index(scene.background)


class Judge(nn.Module):
    """Five strided convolutions and three answers."""

    def __init__(self, labels: Labels | None = None) -> None:
        super().__init__()
        self.labels = labels or Labels.of_vocabulary()
        widths = (3, 24, 48, 96, 128, 128)
        layers: list[nn.Module] = []
        for a, b in pairwise(widths):
            layers += [nn.Conv2d(a, b, 3, 2, 1), nn.GroupNorm(8, b), nn.SiLU()]
        self.eyes = nn.Sequential(*layers)  # (n, 3, 128, 128) -> (n, 128, 4, 4)
        self.answers = nn.ModuleList(
            nn.Linear(128 * 16, len(names))
            if i == 0
            else nn.Sequential(nn.Linear(128 * 16, 48), nn.SiLU(), nn.Linear(48, len(names)))
            for i, names in enumerate((self.labels.objects, self.labels.colors, self.labels.backgrounds))
        )

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(n, 3, 128, 128) in -1..1 -> logits of objects, colours, backgrounds."""
        seen = self.eyes(pictures).flatten(1)
        return [answer(seen) for answer in self.answers]


def worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Blur, noise and shift a little, so that the judge looks at shape and not at crisp edges."""
    size = pictures.shape[-1]
    small = int(torch.randint(size // 4, size + 1, (1,), generator=generator))
    pictures = F.interpolate(pictures, (small, small), mode="area")
    pictures = F.interpolate(pictures, (size, size), mode="bilinear")
    dy, dx = torch.randint(-4, 5, (2,), generator=generator).tolist()
    padded = F.pad(pictures, (4, 4, 4, 4), mode="replicate")
    pictures = padded[..., 4 + dy : 4 + dy + size, 4 + dx : 4 + dx + size]
    noise = torch.randn(pictures.shape, generator=generator)
    return pictures + noise * 0.12 * torch.rand(1, generator=generator)


def judge_stage(bank: Bank, device: torch.device, model: Judge | None = None) -> Stage:
    """Three questions at once."""
    judge = model or Judge()
    numbers = torch.tensor([judge.labels.numbers(scene) for scene in bank.scenes])

    def loss(net: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        which = torch.randint(len(bank), (batch,), generator=generator).sort().values
        pictures = worn(to_tensor(bank.pictures[which.numpy()]), generator).to(
            device, memory_format=torch.channels_last
        )
        answers = net(pictures)
        wanted = numbers[which].to(device).T
        losses = [
            F.cross_entropy(a.float(), w, label_smoothing=0.05) for a, w in zip(answers, wanted, strict=True)
        ]
        return losses[0] + 0.5 * losses[1] + 0.5 * losses[2]

    return Stage("judge", judge, loss)


@torch.no_grad()
def opinions(judge: Judge, pictures: Pixels, batch: int = 100) -> list[Tensor]:
    """Logits for (n, h, w, 3) bytes, object, colour and background."""
    device = next(judge.parameters()).device
    parts = [judge(to_tensor(pictures[i : i + batch]).to(device)) for i in range(0, len(pictures), batch)]
    return [torch.cat([part[k].float().cpu() for part in parts]) for k in range(3)]


def hits(answers: list[Tensor], wanted: Tensor) -> dict[str, float]:
    """How often the judge's first answer (object: also first five) is the wanted one. wanted (n, 3)."""
    figures = {}
    for name, answer, want in zip(("object", "color", "background"), answers, wanted.T, strict=True):
        counts = want >= 0
        figures[name] = float((answer.argmax(1) == want)[counts].float().mean())
        if name == "object":
            figures["object in five"] = float(
                (answer.topk(5).indices == want[:, None]).any(1)[counts].float().mean()
            )
    return figures


def accuracy(judge: Judge, unseen: Bank) -> dict[str, float]:
    """The judge's own figures, on a bank it has not learnt from."""
    wanted = torch.tensor([judge.labels.numbers(scene) for scene in unseen.scenes])
    return hits(opinions(judge, unseen.pictures), wanted)


def save_judge(judge: Judge, file: Path) -> None:
    """Half precision is enough."""
    save_file({name: value.half().contiguous() for name, value in judge.state_dict().items()}, file)


def load_judge(file: Path) -> Judge:
    """The judge that was saved, in single precision."""
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return judge.eval().requires_grad_(False)

"""The judge: looks at a picture and says which object, in which colour, on which background.

Rule: it learns from composed pictures only and never sees what the model draws, so it cannot be flattered.
It also learns from pictures of strangers (drawings that are none of its objects) and of nothing, where it is
to find every object as likely as any other: without them it would be sure of something whatever it is shown
(outlier exposure, arXiv:1812.04606).
Its certainty is calibrated: of the answers it gives with 80 %, four in five are right (on composed pictures,
bent and blurred like those it learnt from, one in five of them a stranger; temperatures, arXiv:1706.04599).
"""

from __future__ import annotations

from dataclasses import dataclass
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

SIGHT = 128  # pixels, down and across, that the judge looks at
STRANGE = 0.25  # part of the pictures that show strangers
EMPTY = 0.08  # part of the pictures that show nothing
QUESTIONS = ("object", "color", "background")


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
        """Object (a stranger's number is none of the answers'), colour, background.

        -100, which losses ignore, is the colour of an object in its own colours.
        """
        thing = self.objects.index(scene.object) if scene.object in self.objects else len(self.objects)
        color = self.colors.index(scene.color) if scene.color else -100
        return thing, color, self.backgrounds.index(scene.background)

    def table(self, scenes: list[Scene]) -> Tensor:
        """The numbers of many scenes, (n, 3)."""
        return torch.tensor([self.numbers(scene) for scene in scenes])


class Judge(nn.Module):
    """Six convolutions and three answers."""

    temperatures: Tensor

    def __init__(self, labels: Labels | None = None) -> None:
        super().__init__()
        self.labels = labels or Labels.of_vocabulary()
        layers: list[nn.Module] = []
        for a, b, stride in (
            (3, 32, 2),
            (32, 64, 2),
            (64, 128, 2),
            (128, 192, 2),
            (192, 256, 1),
            (256, 256, 2),
        ):
            layers += [nn.Conv2d(a, b, 3, stride, 1), nn.GroupNorm(8, b), nn.SiLU()]
        self.eyes = nn.Sequential(*layers)  # (n, 3, 128, 128) -> (n, 256, 4, 4)
        counts = [len(names) for names in (self.labels.objects, self.labels.colors, self.labels.backgrounds)]
        self.answers = nn.ModuleList(nn.Linear(512, count) for count in counts)
        self.register_buffer("temperatures", torch.ones(3))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(n, 3, h, w) in -1..1 -> logits of objects, colours, backgrounds; their softmax is calibrated."""
        if pictures.shape[-1] != SIGHT:
            pictures = F.interpolate(pictures, (SIGHT, SIGHT), mode="area")
        seen = self.eyes(pictures).flatten(2)  # (n, 256, 16)
        gist = torch.cat([seen.mean(2), seen.amax(2)], 1)
        return [answer(gist) / t for answer, t in zip(self.answers, self.temperatures, strict=True)]


def worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Bend, blur, cover and spoil a little, so that the judge looks at shapes and not at crisp edges.

    (n, 3, h, w) -> (n, 3, SIGHT, SIGHT)
    """
    n = len(pictures)
    turn, wide, high, lean, dx, dy = (torch.rand(6, n, generator=generator) * 2 - 1).unbind()
    angle = turn * 0.2
    stretch, rise = 1 + wide * 0.12, 1 + high * 0.12
    bend = torch.stack(
        [
            torch.stack([stretch * angle.cos(), -angle.sin() + lean * 0.1, dx * 0.06], 1),
            torch.stack([angle.sin(), rise * angle.cos(), dy * 0.06], 1),
        ],
        1,
    )  # (n, 2, 3): about a tenth of turning, stretching and leaning
    field = F.affine_grid(bend, [n, 3, SIGHT, SIGHT], align_corners=False)
    small = int(torch.randint(SIGHT // 5, SIGHT + 1, (1,), generator=generator))  # one blur for all of a step
    pictures = F.interpolate(pictures, (SIGHT, SIGHT), mode="area")
    pictures = F.interpolate(pictures, (small, small), mode="area")
    pictures = F.interpolate(pictures, (SIGHT, SIGHT), mode="bilinear")
    pictures = F.grid_sample(pictures, field, padding_mode="border", align_corners=False)
    for i in (
        torch.nonzero(torch.rand(n, generator=generator) < 0.3).flatten().tolist()
    ):  # a blot on the object
        y, x = torch.randint(SIGHT // 5, SIGHT * 7 // 10, (2,), generator=generator).tolist()
        pictures[i, :, y : y + SIGHT // 7, x : x + SIGHT // 7] = pictures[i, :, :1, :1]
    noise = torch.randn(pictures.shape, generator=generator)
    return pictures + noise * 0.12 * torch.rand(1, generator=generator)


def nothing(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Pictures without an object: noise of any grain, from one colour to pixels. (count, 3, side, side)"""
    pictures = []
    for _ in range(count):
        cells = int(2 ** (torch.rand(1, generator=generator) * 7))  # 1 to 127
        noise = torch.rand(1, 3, cells, cells, generator=generator) * 2 - 1
        contrast = torch.rand(1, generator=generator)
        tone = torch.rand(1, 3, 1, 1, generator=generator) * 2 - 1
        pictures.append(F.interpolate(tone + (noise - tone) * contrast, (side, side), mode="bicubic"))
    return torch.cat(pictures).clamp(-1, 1) if pictures else torch.empty(0, 3, side, side)


def judge_stage(bank: Bank, strangers: Bank, device: torch.device) -> Stage:
    """Three questions at once. Where none of its objects is shown, each is to be as likely as any other."""
    judge = Judge()
    sides = [(each, judge.labels.table(each.scenes)) for each in (bank, strangers)]

    def loss(net: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        strange = round(batch * STRANGE)
        pictures, wanted = (
            torch.cat(parts)
            for parts in zip(
                *(
                    some_of(each, table, count, generator)
                    for (each, table), count in zip(sides, (batch - strange, strange), strict=True)
                ),
                strict=True,
            )
        )
        empty = torch.rand(batch, generator=generator) < EMPTY
        pictures[empty] = nothing(int(empty.sum()), pictures.shape[-1], generator)
        unknown = empty | (wanted[:, 0] == len(judge.labels.objects))
        wanted[unknown, 0] = -100
        wanted[empty] = -100
        pictures = worn(pictures, generator).to(device, memory_format=torch.channels_last)
        answers = net(pictures)
        unsure = -answers[0].float().log_softmax(1).mean(1)[unknown.to(device)].sum() / batch
        losses = [
            F.cross_entropy(answer.float(), want, label_smoothing=0.02)
            for answer, want in zip(answers, wanted.to(device).T, strict=True)
        ]
        total: Tensor = losses[0] + unsure + 0.5 * losses[1] + 0.5 * losses[2]
        return total

    return Stage("judge", judge, loss)


def some_of(bank: Bank, table: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Some pictures of a bank, (count, 3, size, size), and what they show, (count, 3)."""
    which = torch.randint(len(bank), (count,), generator=generator).sort().values
    return to_tensor(bank.pictures[which.numpy()]), table[which]


@torch.no_grad()
def opinions(judge: Judge, pictures: Pixels, batch: int = 100) -> list[Tensor]:
    """Logits for (n, h, w, 3) bytes, object, colour and background."""
    device = next(judge.parameters()).device
    parts = [judge(to_tensor(pictures[i : i + batch]).to(device)) for i in range(0, len(pictures), batch)]
    return [torch.cat([part[k].float().cpu() for part in parts]) for k in range(3)]


def hits(answers: list[Tensor], wanted: Tensor) -> dict[str, float]:
    """How often the judge's first answer (object: also first five) is the wanted one. wanted (n, 3)."""
    figures = {}
    for name, answer, want in zip(QUESTIONS, answers, wanted.T, strict=True):
        counts = want >= 0
        figures[name] = float((answer.argmax(1) == want)[counts].float().mean())
        if name == "object":
            figures["object in five"] = float(
                (answer.topk(5).indices == want[:, None]).any(1)[counts].float().mean()
            )
    return figures


def accuracy(judge: Judge, unseen: Bank) -> dict[str, float]:
    """The judge's own figures, on a bank it has not learnt from."""
    return hits(opinions(judge, unseen.pictures), judge.labels.table(unseen.scenes))


def worn_opinions(judge: Judge, bank: Bank, seed: int, batch: int = 50) -> list[Tensor]:
    """Logits for a bank whose pictures are bent and blurred as in training."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    with torch.no_grad():
        for i in range(0, len(bank), batch):
            parts.append(judge(worn(to_tensor(bank.pictures[i : i + batch]), generator)))
    return [torch.cat([part[k] for part in parts]) for k in range(3)]


def calibrate(judge: Judge, bank: Bank) -> None:
    """Set the temperatures so that certainty means what it says of these pictures, worn; by grid search."""
    judge.temperatures.fill_(1)
    answers, wanted = worn_opinions(judge, bank, seed=1), judge.labels.table(bank.scenes).T
    scale = torch.logspace(-1.5, 0.5, 201)
    for k, (answer, want) in enumerate(zip(answers, wanted, strict=True)):
        losses = torch.stack([confidence_loss(answer / t, want) for t in scale])
        judge.temperatures[k] = scale[losses.argmin()]


def confidence_loss(answer: Tensor, want: Tensor) -> Tensor:
    """Cross entropy between the certainty of first answers and whether they are right. answer (n, names)"""
    sure, said = answer[want >= 0].softmax(1).max(1)
    return F.binary_cross_entropy(sure, (said == want[want >= 0]).float())


def calibration_error(answer: Tensor, want: Tensor, bins: int = 10) -> float:
    """Expected calibration error: how far certainty and success lie apart, on average (0 is perfect)."""
    answer, want = answer[want >= 0], want[want >= 0]
    sure, said = answer.softmax(1).max(1)
    right = (said == want).float()
    bin_of = (sure * bins).long().clamp(max=bins - 1)
    error = 0.0
    for part in set(bin_of.tolist()):
        inside = bin_of == part
        error += float(inside.float().mean() * (sure[inside].mean() - right[inside].mean()).abs())
    return error


def part_sure(judge: Judge, bank: Bank, threshold: float) -> float:
    """Part of the pictures of whose object the judge is sure; of strangers, the part where it is wrong so."""
    certainty = opinions(judge, bank.pictures)[0].softmax(1).amax(1)
    return float((certainty >= threshold).float().mean())


def save_judge(judge: Judge, file: Path) -> None:
    """Half precision is enough."""
    save_file({name: value.half().contiguous() for name, value in judge.state_dict().items()}, file)


def load_judge(file: Path) -> Judge:
    """The judge that was saved, in single precision."""
    judge = Judge()
    judge.load_state_dict({name: value.float() for name, value in load_file(file).items()})
    return judge.eval().requires_grad_(False)

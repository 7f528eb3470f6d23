"""Trains the judge, which looks at a picture and says which object, in which colour, on which background.

Rule: it learns from composed pictures only and never sees what the model draws, so it cannot be flattered.
It also learns from pictures of strangers (drawings that are none of its objects) and of nothing, where it is
to find every object as likely as any other: without them it would be sure of something whatever it is shown
(outlier exposure, arXiv:1812.04606).
Its certainty is calibrated: of the answers it gives with 80 %, four in five are right (on composed pictures,
bent and blurred like those it learnt from, one in five of them a stranger; temperatures, arXiv:1706.04599).
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from lab.judge.network import INPUT_SIZE, QUESTIONS, Judge, Labels, classify, to_tensor
from training.bank import Bank
from training.data import Scene
from training.loop import Stage

OUT_OF_DISTRIBUTION_FRACTION = 0.25  # part of the pictures that show strangers
EMPTY_FRACTION = 0.08  # part of the pictures that show nothing


def numbers(labels: Labels, scene: Scene) -> tuple[int, int, int]:
    """The scene's object, colour and background as numbers of the judge's outputs.

    An out-of-distribution object has a number past the last output's. The colour of an object in its own
    colours is -100, which losses ignore.
    """
    known = scene.object in labels.objects
    thing = labels.objects.index(scene.object) if known else len(labels.objects)
    color = labels.colors.index(scene.color) if scene.color else -100
    return thing, color, labels.backgrounds.index(scene.background)


def table(labels: Labels, scenes: list[Scene]) -> Tensor:
    """The numbers of many scenes, (n, 3)."""
    return torch.tensor([numbers(labels, scene) for scene in scenes])


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Bend, blur, cover and spoil a little, so that the judge looks at shapes and not at crisp edges.

    (n, 3, h, w) -> (n, 3, INPUT_SIZE, INPUT_SIZE)
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
    field = F.affine_grid(bend, [n, 3, INPUT_SIZE, INPUT_SIZE], align_corners=False)
    small = int(
        torch.randint(INPUT_SIZE // 5, INPUT_SIZE + 1, (1,), generator=generator)
    )  # one blur for all of a step
    pictures = F.interpolate(pictures, (INPUT_SIZE, INPUT_SIZE), mode="area")
    pictures = F.interpolate(pictures, (small, small), mode="area")
    pictures = F.interpolate(pictures, (INPUT_SIZE, INPUT_SIZE), mode="bilinear")
    pictures = F.grid_sample(pictures, field, padding_mode="border", align_corners=False)
    for i in (
        torch.nonzero(torch.rand(n, generator=generator) < 0.3).flatten().tolist()
    ):  # a blot on the object
        y, x = torch.randint(INPUT_SIZE // 5, INPUT_SIZE * 7 // 10, (2,), generator=generator).tolist()
        pictures[i, :, y : y + INPUT_SIZE // 7, x : x + INPUT_SIZE // 7] = pictures[i, :, :1, :1]
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
    sides = [(each, table(judge.labels, each.scenes)) for each in (bank, strangers)]

    def loss(net: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        strange = round(batch * OUT_OF_DISTRIBUTION_FRACTION)
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
        empty = torch.rand(batch, generator=generator) < EMPTY_FRACTION
        pictures[empty] = nothing(int(empty.sum()), pictures.shape[-1], generator)
        unknown = empty | (wanted[:, 0] == len(judge.labels.objects))
        wanted[unknown, 0] = -100
        wanted[empty] = -100
        pictures = augment(pictures, generator).to(device, memory_format=torch.channels_last)
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
    return hits(classify(judge, unseen.pictures), table(judge.labels, unseen.scenes))


def classify_augmented(judge: Judge, bank: Bank, seed: int, batch: int = 50) -> list[Tensor]:
    """Logits for a bank whose pictures are bent and blurred as in training."""
    generator = torch.Generator().manual_seed(seed)
    parts = []
    with torch.no_grad():
        for i in range(0, len(bank), batch):
            parts.append(judge(augment(to_tensor(bank.pictures[i : i + batch]), generator)))
    return [torch.cat([part[k] for part in parts]) for k in range(3)]


def calibrate(judge: Judge, bank: Bank) -> None:
    """Set the temperatures so that certainty means what it says of these pictures, worn; by grid search."""
    judge.temperatures.fill_(1)
    answers, wanted = classify_augmented(judge, bank, seed=1), table(judge.labels, bank.scenes).T
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
    certainty = classify(judge, bank.pictures)[0].softmax(1).amax(1)
    return float((certainty >= threshold).float().mean())


def save_judge(judge: Judge, file: Path) -> None:
    """Half precision is enough."""
    save_file({name: value.half().contiguous() for name, value in judge.state_dict().items()}, file)

"""The judge: looks at a picture and says which object, in which colour, on which background, in which style.

Rule: it learns from compositions only and never sees what the model draws, so it cannot be flattered. It is
for measuring, as it also says in which style a picture is drawn; the lab's own is `lab/judge/network.py`.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.wide.compose import compose
from training.wide.loop import Stage, on
from training.wide.pool import Examples, Pool
from training.wide.scenes import Scenes, random_scenes
from training.wide.sprites import Sprites
from training.wide.words import world

SIGHT = 96  # pixels, down and across, that the judge looks at
QUESTIONS = ("object", "color", "background", "style")


class Block(nn.Module):
    """Two convolutions around which the picture can also go straight on, half as large."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.straight = nn.Conv2d(before, after, 1, 2, bias=False)
        self.around = nn.Sequential(
            nn.Conv2d(before, after, 3, 2, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.SiLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, before, s, s) -> (n, after, s / 2, s / 2)"""
        return F.silu(self.straight(pictures) + self.around(pictures))


class Judge(nn.Module):
    """Nine convolutions and four answers."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.SiLU())
        self.seen = 6 * width  # channels of what it sees at each place
        self.near = nn.Sequential(
            stem, Block(width, 2 * width), Block(2 * width, 4 * width), Block(4 * width, self.seen)
        )
        self.far = Block(self.seen, 8 * width)
        counts = (len(world().objects), len(world().colors), len(world().colors), len(world().styles))
        self.answers = nn.ModuleList(nn.Linear(16 * width, count) for count in counts)

    def look(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 3, h, w) from -1 to 1 -> what it sees at each place (n, 6 * width, 6, 6), and the gist."""
        if pictures.shape[-1] != SIGHT:
            mode = "area" if pictures.shape[-1] > SIGHT else "bilinear"
            pictures = F.interpolate(pictures, (SIGHT, SIGHT), mode=mode)
        places = self.near(pictures)
        last = self.far(places).flatten(2)
        return places, torch.cat([last.mean(2), last.amax(2)], 1)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Logits for each question, (n, answers)."""
        _, gist = self.look(pictures)
        return [answer(gist) for answer in self.answers]


def truths(scenes: Scenes, sprites: Sprites) -> Tensor:
    """(n, 4): the numbers of the first thing's object and colour, of the background, and of the style.

    -100, which losses ignore, stands for the colour of a thing in its own colours that no word fits.
    """
    sprite, color = scenes.sprite[:, 0], scenes.color[:, 0]
    natural = sprites.natural[sprite]
    color = torch.where(color >= 0, color, torch.where(natural >= 0, natural, -100))
    return torch.stack([sprites.object[sprite], color, scenes.background, sprites.style[sprite]], 1)


def worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Blur and spoil a little, so that the judge looks at shapes and not at crisp edges."""
    side = pictures.shape[-1]
    small = int(torch.randint(side // 3, side + 1, (1,), generator=generator))
    blurred = F.interpolate(pictures, (small, small), mode="area")
    blurred = F.interpolate(blurred, (side, side), mode="bilinear")
    here = on(pictures.device, generator)
    clear = torch.rand(len(pictures), 1, 1, 1, generator=here, device=here.device) < 0.3
    noise = torch.randn(pictures.shape, generator=here, device=here.device)
    return torch.where(clear, pictures, blurred) + noise * 0.1 * float(torch.rand(1, generator=generator))


def verdict_loss(answers: list[Tensor], wanted: Tensor) -> Tensor:
    """Cross entropy over all questions; the object counts double."""
    losses = [
        F.cross_entropy(answer.float(), want, label_smoothing=0.02)
        for answer, want in zip(answers, wanted.T, strict=True)
    ]
    return losses[0] + 0.5 * (losses[1] + losses[2] + losses[3])


def judge_stage(sprites: Sprites, device: torch.device, reuse: int = 1, chunk: int = 1) -> Stage:
    """Scenes, worn as the judge will meet them."""

    def make(count: int, generator: torch.Generator) -> Examples:
        scenes = random_scenes(count, sprites, generator)
        return [compose(scenes, sprites, SIGHT).to(torch.bfloat16)], scenes

    pool = Pool(make, reuse, chunk)

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        (pictures,), scenes = pool.batch(batch, on(device, generator))
        pictures = worn(pictures.float(), generator).contiguous(memory_format=torch.channels_last)
        return verdict_loss(model(pictures), truths(scenes, sprites))

    return Stage("judge", Judge(), loss)


def hits(answers: list[Tensor], wanted: Tensor) -> dict[str, float]:
    """How often the first answer (object: also the first five) is the wanted one, where there is one."""
    figures = {}
    for name, answer, want in zip(QUESTIONS, answers, wanted.T, strict=True):
        counts = want >= 0
        if not counts.any():  # nobody asked
            continue
        figures[name] = float((answer.argmax(1) == want)[counts].float().mean())
        if name == "object":
            among = (answer.topk(5).indices == want[:, None]).any(1)
            figures["object in five"] = float(among[counts].float().mean())
    return figures


@torch.no_grad()
def opinions(judge: Judge, pictures: Tensor, batch: int = 100) -> list[Tensor]:
    """Logits of every question for pictures, (n, 3, h, w) from -1 to 1."""
    parts = [judge(part) for part in torch.split(pictures, batch)]
    return [torch.cat([part[k].float() for part in parts]) for k in range(len(QUESTIONS))]


def save_judge(judge: Judge, file: Path) -> None:
    """Half precision is enough."""
    weights = judge.state_dict().items()
    save_file({n: (w.half() if w.is_floating_point() else w).contiguous() for n, w in weights}, file)


def load_judge(file: Path) -> Judge:
    """The judge that was saved, in single precision."""
    judge = Judge()
    judge.load_state_dict(load_file(file))
    return judge.eval().requires_grad_(False)

"""Captions against pictures: the text encoder and the judge learn from each other, as in CLIP.

Rule: a caption's meaning is to be nearer to its own picture than to any other of the batch, and the other
way round (arXiv:2103.00020). The judge answers its questions on the way, so that one look at a picture serves
both.
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTextModel

from training.wide.captions import random_captions
from training.wide.compose import compose
from training.wide.judge import SIGHT, Judge, truths, verdict_loss, worn
from training.wide.loop import Stage, on
from training.wide.pool import Examples, Pool
from training.wide.scenes import random_scenes
from training.wide.sprites import Sprites
from training.wide.text import WIDTH, make_text_encoder, pooled

TOGETHER = 128  # numbers in which caption and picture meet


class Contrast(nn.Module):
    """Judge and text encoder, and the space in which they meet."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = Judge()
        self.text: CLIPTextModel = make_text_encoder()
        self.of_picture = nn.Linear(512, TOGETHER, bias=False)
        self.of_caption = nn.Linear(WIDTH, TOGETHER, bias=False)
        self.sharpness = nn.Parameter(torch.tensor(2.5))

    def forward(self, pictures: Tensor, captions: Tensor) -> tuple[list[Tensor], Tensor]:
        """Verdicts, and how well each picture (row) and each caption (column) agree, (n, n)."""
        _, gist = self.judge.look(pictures)
        verdicts = [answer(gist) for answer in self.judge.answers]
        seen = F.normalize(self.of_picture(gist).float(), dim=1)
        said = F.normalize(self.of_caption(pooled(self.text, captions)).float(), dim=1)
        return verdicts, self.sharpness.clamp(max=4.6).exp() * seen @ said.T


def contrast_stage(sprites: Sprites, device: torch.device, reuse: int = 1, chunk: int = 1) -> Stage:
    """Scenes, worn as the judge will meet them."""

    def make(count: int, generator: torch.Generator) -> Examples:
        scenes = random_scenes(count, sprites, generator)
        return [compose(scenes, sprites, SIGHT).to(torch.bfloat16)], scenes

    pool = Pool(make, reuse, chunk)

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        here = on(device, generator)
        (pictures,), scenes = pool.batch(batch, here)
        captions = random_captions(scenes, sprites, here)
        pictures = worn(pictures.float(), generator)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        verdicts, agreement = cast(Contrast, model)(pictures, captions)
        own = torch.arange(batch, device=device)
        match = F.cross_entropy(agreement, own) + F.cross_entropy(agreement.T, own)
        return verdict_loss(verdicts, truths(scenes, sprites)) + 0.25 * match

    return Stage("contrast", Contrast(), loss)

"""What is asked for when the model is measured: fixed prompts, and compositions that answer them.

Rule: the same prompts, in the same order, for every model; no object twice before each was there once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from training.wide.compose import compose
from training.wide.scenes import Wish, held_out, random_scenes
from training.wide.sprites import Sprites
from training.wide.words import world


@dataclass(frozen=True)
class Asks:
    """Numbers of what n prompts ask for, as the judge answers."""

    object: Tensor
    color: Tensor
    background: Tensor

    def __len__(self) -> int:
        return len(self.object)

    def first(self, count: int) -> Asks:
        """The first few."""
        return Asks(self.object[:count], self.color[:count], self.background[:count])

    def turned(self, by: int) -> Asks:
        """The same in another order: prompts for pictures that show something else."""
        return Asks(*(each.roll(-by) for each in (self.object, self.color, self.background)))

    def truths(self, style: Tensor | None = None) -> Tensor:
        """(n, 4) as `judge.truths`; -100 where nothing was asked."""
        nothing = torch.full_like(self.object, -100)
        return torch.stack([self.object, self.color, self.background, nothing if style is None else style], 1)

    def prompts(self, style: Tensor | None = None) -> list[str]:
        """As a person would type them."""
        colors, styles = list(world().colors), list(world().styles)
        found = []
        for i in range(len(self)):
            thing = world().names[world().objects[int(self.object[i])]][0]
            color = colors[int(self.color[i])]
            drawn = f"{world().names[styles[int(style[i])]][0]} of a " if style is not None else ""
            found.append(f"a {drawn}{color} {thing} on a {colors[int(self.background[i])]} background")
        return found

    def compositions(self, sprites: Sprites, size: int, seed: int, device: torch.device) -> Tensor:
        """One picture for each prompt as the training world would show it. (n, 3, size, size) on the CPU"""
        generator = torch.Generator(device).manual_seed(seed)
        asked = [each.to(device) for each in (self.object, self.color, self.background)]
        scenes = random_scenes(
            len(self), sprites, generator, Wish(asked[0], asked[1], asked[2], None, True, True)
        )
        parts = [scenes[i : i + 50] for i in range(0, len(scenes), 50)]
        return torch.cat([compose(part, sprites, size).cpu() for part in parts])


def fixed_asks(count: int = 200) -> Asks:
    """Objects in a fixed shuffled order, colours in turn, a background of another colour."""
    generator = torch.Generator().manual_seed(2026)
    things, colors = world().objects, len(world().colors)
    order = torch.cat(
        [torch.randperm(len(things), generator=generator) for _ in range(-(-count // len(things)))]
    )
    object = order[:count]
    color = torch.arange(count) % colors
    step = 1 + torch.randint(colors - 1, (count,), generator=generator)
    return Asks(object, color, (torch.arange(count) + step) % colors)


def held_out_asks(count: int = 40) -> Asks:
    """Pairs of object and colour that training never showed, on white and on gray."""
    pairs = torch.nonzero(held_out())
    chosen = pairs[torch.randperm(len(pairs), generator=torch.Generator().manual_seed(7))[:count]]
    names = list(world().colors)
    white, gray = names.index("white"), names.index("gray")
    background = torch.where(chosen[:, 1] == white, gray, white)
    return Asks(chosen[:, 0], chosen[:, 1], background)

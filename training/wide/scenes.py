"""What pictures are to show: a batch of scenes, drawn by chance, as tensors of one row a picture.

Rule: a scene says everything about a picture but its size, and knows nothing of captions; the same generator
gives the same scenes on every machine. How much a scene leaves to chance is how much a caption leaves open,
and so how much two seeds will differ.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import torch
from torch import Tensor

from training.wide.colors import members
from training.wide.sprites import Sprites
from training.wide.words import world

LAYERS = 3
HELD_OUT = 10  # one pair of object and colour in so many is never shown in training
GRADIENT, STUDIO, TABLE = range(3)
PLACES = ("left", "right", "top", "bottom")
ALONE, PAIR, TWO, THREE = range(4)  # one thing; two different things; two or three of one


@dataclass(frozen=True)
class Scenes:
    """n pictures of at most three layers. Lengths are in sides of the picture, angles in radians."""

    sprite: Tensor  # (n, 3) number of the drawing, -1 for no layer
    color: Tensor  # (n, 3) number of the paint's colour, -1 for own colours
    paint: Tensor  # (n, 3, 3) its red, green, blue
    scale: Tensor  # (n, 3)
    x: Tensor  # (n, 3) the middle
    y: Tensor  # (n, 3)
    angle: Tensor  # (n, 3)
    mirror: Tensor  # (n, 3) 1 or -1
    tilt: Tensor  # (n, 3, 2) perspective, how fast it shrinks to a side
    kind: Tensor  # (n,) ALONE, PAIR, TWO or THREE
    size: Tensor  # (n,) -1 small, 0, 1 large
    place: Tensor  # (n,) number in PLACES, -1 for the middle
    tilted: Tensor  # (n,) whether the first thing leans so far that one would say so
    ground: Tensor  # (n,) GRADIENT, STUDIO or TABLE
    background: Tensor  # (n,) number of the colour
    wall: Tensor  # (n, 2, 3) two members of its family, from one side to the other
    wood: Tensor  # (n, 3)
    slope: Tensor  # (n,) direction of the gradient
    lamp: Tensor  # (n,) where the light stands, 0 (left) to 1 (right)
    glow: Tensor  # (n,) how much the light shades the things
    shadow: Tensor  # (n,) its darkness
    cast: Tensor  # (n,) True: on a floor, False: on a wall behind
    phase: Tensor  # (n,) of the wood's grain

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, which: Tensor | slice) -> Scenes:
        return Scenes(*(getattr(self, each.name)[which] for each in fields(self)))

    def to(self, device: torch.device) -> Scenes:
        """The same on another device."""
        return Scenes(*(getattr(self, each.name).to(device) for each in fields(self)))


@dataclass(frozen=True)
class Wish:
    """What is asked for instead of left to chance; numbers as in the world's tables, (n,) each."""

    object: Tensor | None = None
    color: Tensor | None = None
    background: Tensor | None = None
    style: Tensor | None = None
    simple: bool = False  # one thing, no size, no place
    held_out: bool = False  # allow the pairs that training never shows


@cache
def held_out() -> Tensor:
    """(objects, colours): the pairs that are kept from training."""
    names = [[f"{color} {thing}" for color in world().colors] for thing in world().objects]
    return torch.tensor([[zlib.crc32(name.encode()) % HELD_OUT == 0 for name in row] for row in names])


def random_scenes(
    count: int, sprites: Sprites, generator: torch.Generator, wish: Wish | None = None
) -> Scenes:
    """A batch of scenes, made where generator and sprites are."""
    wish, device = wish or Wish(), generator.device

    def between(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator, device=device)

    def chance(part: float, *shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator, device=device) < part

    def pick(weights: list[float]) -> Tensor:
        return torch.multinomial(table(weights), count, replacement=True, generator=generator)

    def table(values: Any) -> Tensor:
        return torch.tensor(values, device=device)

    # 1. which things, in which drawings, and how they are arranged
    kind = (
        torch.zeros(count, dtype=torch.long, device=device) if wish.simple else pick([0.85, 0.08, 0.05, 0.02])
    )
    sprite = torch.stack(
        [
            random_sprites(count, sprites, generator, wish if layer == 0 else Wish(style=wish.style))
            for layer in range(2)
        ]
        + [torch.zeros(count, dtype=torch.long, device=device)],
        1,
    )
    copies = (kind >= TWO)[:, None]
    sprite = torch.where(copies, sprite[:, :1], sprite)
    layers = table([1, 2, 2, 3])[kind]
    sprite = torch.where(
        torch.arange(LAYERS, device=device) < layers[:, None], sprite, torch.full_like(sprite, -1)
    )

    # 2. colours: half of what can be painted is; a background never has the first thing's colour
    known = sprite.clamp(min=0)
    may = chance(0.6)[:, None].expand(-1, LAYERS).clone()
    color = torch.stack(
        [random_colors(sprites.object[known[:, i]], generator, wish) for i in range(LAYERS)], 1
    )
    if wish.color is not None:
        color[:, 0], may[:, 0] = wish.color, wish.color >= 0
    color = torch.where(copies, color[:, :1], color)
    color = torch.where(may & (sprite >= 0), color, torch.full_like(color, -1))
    natural = sprites.natural[known[:, 0]]  # -1: no word for it
    seen = torch.where(color[:, 0] >= 0, color[:, 0], natural)
    liking = torch.ones(count, len(world().colors), device=device)
    for name in ("white", "gray"):  # as in a shop
        liking[:, list(world().colors).index(name)] = 2.5
    liking.scatter_(1, seen.clamp(min=0)[:, None], torch.where(seen >= 0, 0.0, 1.0)[:, None])
    background = torch.multinomial(liking, 1, generator=generator).squeeze(1)
    if wish.background is not None:
        background = wish.background
    paint = torch.stack([members(color[:, i].clamp(min=0), generator) for i in range(LAYERS)], 1)
    paint = torch.where(copies[..., None], paint[:, :1], paint)
    wall = torch.stack([members(background, generator) for _ in range(2)], 1) * 0.84 + 0.14  # softer
    wall = torch.where(chance(0.25)[:, None, None], wall[:, :1], wall)  # one in four is of one colour
    vivid = 0.55 + 0.32 * (between(0, 1) + between(0, 1))  # mostly somewhat dull: guidance has a way to go
    wall = torch.lerp(wall.mean(2, keepdim=True), wall, vivid[:, None, None]).clamp(0, 1)
    brown = torch.full((count,), list(world().colors).index("brown"), device=device)

    # 3. where things stand, how large they are, how they lean
    size = torch.where(kind == ALONE, pick([0.84, 0.08, 0.08]), 0)
    size = table([0, -1, 1])[size]
    place = torch.where((kind == ALONE) & (size < 1) & chance(0.16), pick([1.0] * 4), -1)
    if wish.simple:
        size, place = torch.zeros_like(size), torch.full_like(place, -1)
    usual = torch.where(place >= 0, between(0.40, 0.54), between(0.56, 0.84))
    scale = torch.where(size < 0, between(0.28, 0.38), torch.where(size > 0, between(0.86, 1.02), usual))
    apart = table([[0.0, 0.0, 0.0], [-0.23, 0.23, 0.0], [-0.23, 0.23, 0.0], [-0.31, 0.31, 0.0]])[kind]
    scale = torch.where(
        kind == ALONE, scale, torch.where(kind == THREE, between(0.27, 0.32), between(0.38, 0.47))
    )
    scales = scale[:, None] * between(0.94, 1.06, LAYERS)
    room = ((1 - scale) / 2).clamp(min=0.02)
    stray = torch.where(kind == ALONE, 0.80, 0.10) * room  # how far from the middle chance may put it
    shift = table([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0], [0.0, 0.0]])[place]
    far = between(0.20, 0.25)
    stray = torch.where(place >= 0, torch.full_like(stray, 0.05), stray)
    x = 0.5 + (shift[:, 0] * far + between(-1, 1) * stray)[:, None] + apart
    y = 0.5 + (shift[:, 1] * far + between(-1, 1) * stray)[:, None] + between(-0.02, 0.02, LAYERS)
    swap = torch.where((kind == PAIR) & chance(0.5), -1.0, 1.0)[:, None]  # the first thing on either side
    x = 0.5 + (x - 0.5) * swap
    tilted = (kind == ALONE) & chance(0.12)
    lean = torch.where(tilted[:, None], between(0.30, 0.65, LAYERS), between(0.0, 0.18, LAYERS))
    sides = torch.where(chance(0.5, LAYERS), 1.0, -1.0)
    mirror = torch.where(chance(0.5), 1.0, -1.0)[:, None] * torch.ones(count, LAYERS, device=device)

    return Scenes(
        sprite=sprite,
        color=color,
        paint=paint,
        scale=scales,
        x=x,
        y=y,
        angle=lean * sides,
        mirror=mirror,
        tilt=between(-0.22, 0.22, LAYERS, 2) * chance(0.35)[:, None, None],
        kind=kind,
        size=size,
        place=place,
        tilted=tilted,
        ground=pick([0.64, 0.26, 0.10]),
        background=background,
        wall=wall,
        wood=members(brown, generator),
        slope=between(0, 2 * torch.pi),
        lamp=between(0.15, 0.85),
        glow=between(0.0, 0.22),
        shadow=between(0.15, 0.45) * chance(0.8),
        cast=chance(0.6),
        phase=between(0, 100),
    )


def random_sprites(count: int, sprites: Sprites, generator: torch.Generator, wish: Wish) -> Tensor:
    """A drawing for each picture: first the object, each as likely, then one of its drawings."""
    of_object, style = sprites.object, sprites.style
    present = sprites.present
    thing = present[torch.randint(len(present), (count,), generator=generator, device=generator.device)]
    if wish.object is not None:
        thing = wish.object
    fits = (of_object == thing[:, None]) * sprites.share  # (n, m)
    if wish.style is not None:
        fits *= torch.where((style == wish.style[:, None]) | (wish.style < 0)[:, None], 1.0, 1e-6)
    return torch.multinomial(fits, 1, generator=generator).squeeze(1)


def random_colors(thing: Tensor, generator: torch.Generator, wish: Wish) -> Tensor:
    """A colour for each thing, none of the pairs that are held out. thing (n,)"""
    allowed = (~held_out() | wish.held_out).float().to(thing.device)[thing]
    return torch.multinomial(allowed, 1, generator=generator).squeeze(1)

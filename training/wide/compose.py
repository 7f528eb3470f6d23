"""Draws scenes: drawings, colours, light and shadow become pictures, as tensors, whole batches at once.

Rule: the same code draws on a CPU and on a GPU, at any size, and chance has no part in it: all of that is in
the scenes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from training.wide.scenes import LAYERS, STUDIO, TABLE, Scenes
from training.wide.sprites import Sprites

HORIZON = 0.62  # where a table begins, from the top
SOFT = 64  # shadows are drawn so small, and blurred by being stretched


def compose(scenes: Scenes, sprites: Sprites, size: int) -> Tensor:
    """Pictures of scenes, (n, 3, size, size) from -1 to 1. Both must be on one device."""
    canvas = ground(scenes, size)
    for layer in reversed(range(LAYERS)):  # the first thing is in front
        present = torch.nonzero(scenes.sprite[:, layer] >= 0).squeeze(1)
        if len(present):
            some = scenes if len(present) == len(scenes) else scenes[present]
            over = place(some, sprites, layer, canvas[present], size)
            canvas = over if len(present) == len(scenes) else canvas.index_copy(0, present, over)
    return canvas.clamp(0, 1) * 2 - 1


def raster(size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """x and y of every pixel's middle, (size, size) each, from 0 to 1."""
    steps = (torch.arange(size, device=device) + 0.5) / size
    return steps[None, :].expand(size, size), steps[:, None].expand(size, size)


def ground(scenes: Scenes, size: int) -> Tensor:
    """The empty stage: a wall whose colour changes slowly, a studio's light, or a wooden table before it."""
    x, y = raster(size, scenes.wall.device)
    lamp, slope = scenes.lamp[:, None, None], scenes.slope[:, None, None]
    along = ((x - 0.5) * slope.cos() + (y - 0.5) * slope.sin()) / math.sqrt(2) + 0.5  # (n, size, size)
    first, second = scenes.wall[..., None, None].unbind(1)  # (n, 3, 1, 1)
    wall = first + (second - first) * along[:, None]

    glow = (-(((x - lamp) / 0.45) ** 2 + ((y - 0.40) / 0.5) ** 2)).exp()
    floor = ((y - 0.70) * 22).sigmoid()
    studio = wall * (1.03 - 0.20 * (1 - glow) - 0.10 * floor)[:, None] + 0.05 * glow[:, None]

    phase = scenes.phase[:, None, None]
    depth = (y - HORIZON).clamp(min=0) / (1 - HORIZON)
    wave = 4 * (3.1 * x + phase).sin() + 2 * (7.7 * x + 2 * phase).sin()
    grain = (depth.sqrt() * 60 + wave + phase).sin() * 0.05 + (depth * 170 + 2.5 * wave).sin() * 0.025
    wood = scenes.wood[..., None, None] * (1.25 + grain - 0.35 * (1 - depth))[:, None]
    table = torch.where(((y > HORIZON)[None]).unsqueeze(1), wood, wall * (0.90 + 0.1 * glow)[:, None])

    kind = scenes.ground[:, None, None, None]
    return torch.where(kind == STUDIO, studio, torch.where(kind == TABLE, table, wall)).clamp(0, 1)


def place(scenes: Scenes, sprites: Sprites, layer: int, canvas: Tensor, size: int) -> Tensor:
    """One thing over each canvas, with its shadow. canvas (n, 3, size, size) from 0 to 1"""
    where = into_drawing(scenes, layer, size)
    scale = scenes.scale[:, layer]
    planes = sprites.planes if size * float(scale.mean()) > sprites.small.shape[-1] else sprites.small
    texture = planes[scenes.sprite[:, layer]].float() / 255  # (n, 6, s, s)
    coarse = torch.nonzero(scale * size < 0.55 * texture.shape[-1]).squeeze(1)
    if len(coarse):  # shrunk a lot: blur first, or it will flicker
        smooth = F.interpolate(F.avg_pool2d(texture[coarse], 2), scale_factor=2.0, mode="bilinear")
        texture = texture.index_copy(0, coarse, smooth)
    covered = texture[:, 3:4]
    weighted = torch.cat([texture[:, :3] * covered, covered, texture[:, 4:] * covered], 1)
    seen = F.grid_sample(weighted, where, align_corners=False)  # (n, 6, size, size)
    alpha = seen[:, 3:4]
    rgb, rest = seen[:, :3] / alpha.clamp(min=1e-3), seen[:, 4:] / alpha.clamp(min=1e-3)
    colored = painted(rest[:, 1:], scenes.paint[:, layer])
    rgb = torch.lerp(rgb, colored, rest[:, :1] * has_paint(scenes, layer))

    side = torch.sign(scenes.lamp - scenes.x[:, layer])[:, None, None] * scenes.mirror[:, layer, None, None]
    across, down = where.clamp(-1, 1).unbind(-1)
    light = side * across - down  # from above and from the lamp's side
    rgb = rgb * (1 + 0.5 * scenes.glow[:, None, None] * light)[:, None]

    canvas = canvas * (1 - shadow(alpha, scenes, layer))
    return torch.lerp(canvas, rgb.clamp(0, 1), alpha)


def has_paint(scenes: Scenes, layer: int) -> Tensor:
    """1 where a layer is painted, else 0. (n, 1, 1, 1)"""
    return (scenes.color[:, layer] >= 0).float()[:, None, None, None]


def into_drawing(scenes: Scenes, layer: int, size: int) -> Tensor:
    """For every pixel, which point of the drawing is seen there: (n, size, size, 2) from -1 to 1.

    Backwards through shift, scale, turn, mirror, and a perspective that makes one side smaller.
    """
    x, y = raster(size, scenes.x.device)
    scale, angle = scenes.scale[:, layer, None, None], scenes.angle[:, layer, None, None]
    right = (x - scenes.x[:, layer, None, None]) * 2 / scale
    down = (y - scenes.y[:, layer, None, None]) * 2 / scale
    turned = right * angle.cos() + down * angle.sin()
    down = down * angle.cos() - right * angle.sin()
    right = turned * scenes.mirror[:, layer, None, None]
    tilt = scenes.tilt[:, layer]
    depth = 1 + tilt[:, 0, None, None] * right + tilt[:, 1, None, None] * down
    points = torch.stack([right, down], -1) / depth.clamp(min=0.2)[..., None]
    return torch.where((depth > 0.2)[..., None], points, torch.full_like(points, 2))


def painted(shade: Tensor, paint: Tensor) -> Tensor:
    """A colour with the drawing's own light and dark. shade (n, 1, s, s), paint (n, 3) -> (n, 3, s, s)"""
    base = paint[..., None, None]
    value = base.amax(1, keepdim=True)
    dark = base * (0.33 + 0.44 * value)  # white stays white in the shade, black falls off
    bright = base + (1 - base) * (0.12 + 0.28 * value)  # and black stays black in the light
    low = torch.lerp(dark, base, (shade / 0.55).clamp(0, 1))
    return torch.where(shade < 0.55, low, torch.lerp(base, bright, ((shade - 0.55) / 0.45).clamp(0, 1)))


def shadow(alpha: Tensor, scenes: Scenes, layer: int) -> Tensor:
    """How much light a thing takes away behind or below it. alpha (n, 1, size, size) -> the same shape"""
    size = alpha.shape[-1]
    small = F.interpolate(alpha, (SOFT, SOFT), mode="area") if size > SOFT else alpha
    small = F.avg_pool2d(F.avg_pool2d(small, 3, 1, 1), 3, 1, 1)
    x, y = raster(small.shape[-1], alpha.device)
    away = (0.5 - scenes.lamp)[:, None, None]  # a lamp on the left throws it to the right
    foot = (scenes.y + scenes.scale * 0.47)[:, layer, None, None]
    lies = scenes.cast[:, None, None]
    squash = torch.where(lies, 0.30, 1.0)
    up = (y - torch.where(lies, foot, 0.03)) / squash  # from the foot, in the upright thing's own height
    from_x = x - torch.where(lies, -1.2 * away * up * squash, 0.10 * away)
    from_y = torch.where(lies, foot + up, up)
    points = torch.stack([from_x, from_y], -1) * 2 - 1
    fallen = F.grid_sample(small, points, align_corners=False)
    fallen = F.avg_pool2d(F.avg_pool2d(fallen, 5, 1, 2), 3, 1, 1)
    fallen = F.interpolate(fallen, (size, size), mode="bilinear", align_corners=False)
    return fallen * scenes.shadow[:, None, None, None]

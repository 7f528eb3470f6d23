"""The drawings as tensors, ready to be sampled, and what each of them is.

Rule: what can be worked out once for a drawing is worked out here, when it is loaded: which of its pixels
take a new colour (those of its main hue, so that soles, lenses and leaves keep theirs), how light each of
them is, and which colour word it would be called by nature.
"""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from training.wide.colors import center, to_hsv
from training.wide.words import WORLD_FILE, world

PLANES = 6  # red, green, blue, alpha, paint (takes a new colour), shade (from its darkest to its lightest)


@dataclass(frozen=True)
class Sprites:
    """Drawings and their labels. All tensors are on one device."""

    planes: Tensor  # (m, 6, s, s) bytes
    small: Tensor  # (m, 6, s / 2, s / 2) bytes: for small pictures
    object: Tensor  # (m,) number of the object
    style: Tensor  # (m,) number of the style
    natural: Tensor  # (m,) number of the colour it has by nature, -1 where no word fits
    share: Tensor  # (m,) how often it is drawn, among the drawings of its object
    present: Tensor  # the numbers of all objects that have a drawing

    def __len__(self) -> int:
        return len(self.object)

    def to(self, device: torch.device) -> Sprites:
        """The same on another device."""
        return Sprites(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def load(file: Path) -> Sprites:
    """Read a packed file. What is worked out is kept beside it, as it takes a minute on a small machine."""
    kept = file.with_suffix(".safetensors")
    newest = max(each.stat().st_mtime for each in (file, WORLD_FILE))  # the words may have changed
    if kept.exists() and kept.stat().st_mtime >= newest:
        return Sprites(**load_file(kept))
    sprites = prepare(*read(file))
    part = kept.with_suffix(f".part{os.getpid()}")
    save_file({name: getattr(sprites, name).contiguous() for name in sprites.__dataclass_fields__}, part)
    part.replace(kept)
    return sprites


def read(file: Path) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The drawings of a packed file, (m, 4, s, s) bytes, and their objects, styles and shares, (m,)."""
    numbers = {token: i for i, token in enumerate(world().objects)}
    styles = {name: i for i, sets in enumerate(world().styles.values()) for name in sets}
    shares = {name: share for sets in world().styles.values() for name, share in sets.items()}
    found, labels = [], []
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            token, chosen, _ = name.split(".")
            if token in numbers and chosen in styles:  # a set may have left the world
                drawing = Image.open(io.BytesIO(archive.read(name))).convert("RGBA")
                found.append(torch.from_numpy(np.array(drawing)).permute(2, 0, 1))
                labels.append((numbers[token], styles[chosen], shares[chosen]))
    object, style, share = torch.tensor(labels).unbind(1)
    return torch.stack(found), object.long(), style.long(), share


def prepare(rgba: Tensor, object: Tensor, style: Tensor, share: Tensor) -> Sprites:
    """Work out paint, shade and natural colour of drawings. rgba (m, 4, s, s) bytes."""
    planes, natural = [], []
    for part in torch.split(rgba, 64):
        with_paint, word = _painted(part.float() / 255)
        planes.append((with_paint * 255).round().byte())
        natural.append(word)
    whole = torch.cat(planes)
    halves = []
    for part in torch.split(whole, 64):
        alpha = part[:, 3:4].float()
        pooled = F.avg_pool2d(part.float() * alpha / 255, 2)  # weighted by alpha, or rims turn dark
        cover = F.avg_pool2d(alpha / 255, 2)
        half = pooled / cover.clamp(min=1e-3)
        half[:, 3:4] = cover * 255
        halves.append(half.clamp(0, 255).round().byte())
    return Sprites(whole, torch.cat(halves), object, style, torch.cat(natural), share, torch.unique(object))


def _painted(rgba: Tensor) -> tuple[Tensor, Tensor]:
    """(m, 4, s, s) from 0 to 1 -> the six planes, and the number of the natural colour's word."""
    rgb, alpha = rgba[:, :3], rgba[:, 3]
    hue, saturation, value = to_hsv(rgb).unbind(1)  # (m, s, s) each
    area = alpha.flatten(1).sum(1)

    # 1. the main hue: the fullest of 24 bins, each seen together with its neighbours
    colorful = alpha * ((saturation - 0.15) / 0.15).clamp(0, 1) * (value > 0.15)
    bins = (hue / 15).long().clamp(max=23).flatten(1)
    counts = torch.zeros(len(rgba), 24).scatter_add_(1, bins, (colorful * saturation).flatten(1))
    main = (counts + 0.7 * (counts.roll(1, 1) + counts.roll(-1, 1))).argmax(1) * 15 + 7.5

    # 2. what takes paint: the main hue; else all that is colourful; else everything
    apart = ((hue - main[:, None, None] + 180) % 360 - 180).abs()
    near = colorful * ((75 - apart) / 25).clamp(0, 1)
    share = (near.flatten(1).sum(1) / area)[:, None, None]
    colored = (colorful.flatten(1).sum(1) / area)[:, None, None]
    paint = torch.where(share > 0.3, near, torch.where(colored > 0.4, colorful, alpha))
    paint = paint / alpha.clamp(min=1e-3)

    # 3. shade: luminance between the darkest and the lightest of what takes paint
    light = (rgb * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1)
    shades = []
    for one, where in zip(light, paint * alpha > 0.5, strict=True):
        inside = one[where]
        low, high = torch.quantile(inside, torch.tensor([0.04, 0.96])) if len(inside) else one[:2, 0]
        ramp = (one - low) / (high - low).clamp(min=0.02)
        middle = 0.55 * (1 - ((high - low) / 0.25).clamp(max=1))  # hardly any shading stays hardly any
        shades.append((ramp * ((high - low) / 0.25).clamp(max=1) + middle).clamp(0, 1))

    # 4. what one would call it: the mean of what takes paint, if that is most of it
    weight = (paint * alpha)[:, None]
    mean = (rgb * weight).flatten(2).sum(2) / weight.flatten(2).sum(2).clamp(min=1)  # (m, 3)
    gap, word = torch.cdist(mean, torch.stack([center(family) for family in world().colors.values()])).min(1)
    sure = (gap < 0.28) & (weight.flatten(1).sum(1) / area > 0.5)
    planes = torch.cat([rgba, paint[:, None], torch.stack(shades)[:, None]], 1).clamp(0, 1)
    return planes, torch.where(sure, word, torch.full_like(word, -1))

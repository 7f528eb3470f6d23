"""Colours: from hue, saturation and value to light and back, and a random member of a family.

Rule: everything works on whole batches; hue is in degrees, all else goes from 0 to 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from training.wide.words import Family, world


def to_rgb(hsv: Tensor) -> Tensor:
    """(..., 3) hue, saturation, value -> (..., 3) red, green, blue."""
    hue, saturation, value = hsv.unbind(-1)
    offsets = torch.tensor([5.0, 3.0, 1.0], device=hsv.device)
    turn = (offsets + hue[..., None] / 60) % 6
    fall = torch.minimum(turn, 4 - turn).clamp(0, 1)
    return value[..., None] * (1 - saturation[..., None] * fall)


def to_hsv(rgb: Tensor) -> Tensor:
    """(n, 3, ...) red, green, blue -> (n, 3, ...) hue, saturation, value."""
    value, which = rgb.max(1)
    span = value - rgb.amin(1)
    red, green, blue = rgb.unbind(1)
    safe = span.clamp(min=1e-6)
    sixths = torch.stack([(green - blue) / safe % 6, (blue - red) / safe + 2, (red - green) / safe + 4], 1)
    hue = sixths.gather(1, which[:, None]).squeeze(1) * 60
    return torch.stack([hue, span / value.clamp(min=1e-6), value], 1)


def center(family: Family) -> Tensor:
    """The middle of a family, (3,) red, green, blue."""
    return to_rgb(torch.tensor([sum(ends) / 2 for ends in (family.hue, family.saturation, family.value)]))


def ranges() -> tuple[Tensor, Tensor]:
    """The least and the most of every family, (families, 3) each: hue, saturation, value."""
    families = world().colors.values()
    low = [[family.hue[0], family.saturation[0], family.value[0]] for family in families]
    high = [[family.hue[1], family.saturation[1], family.value[1]] for family in families]
    return torch.tensor(low), torch.tensor(high)


def members(numbers: Tensor, generator: torch.Generator) -> Tensor:
    """One random colour of each family asked for. numbers (n,) -> (n, 3) red, green, blue."""
    low, high = (ends.to(numbers.device)[numbers] for ends in ranges())
    hsv = low + (high - low) * torch.rand(len(numbers), 3, generator=generator, device=numbers.device)
    hsv[:, 0] %= 360
    return to_rgb(hsv)

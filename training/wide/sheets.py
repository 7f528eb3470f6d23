"""Many pictures as one.

Rule: pictures are tensors from -1 to 1 until they are written; here they become bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def to_bytes(pictures: Tensor) -> Tensor:
    """(n, 3, h, w) from -1 to 1 -> (n, h, w, 3) bytes, on the CPU."""
    return pictures.detach().float().clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu()


def save_sheet(rows: Sequence[Tensor], file: Path) -> None:
    """Rows of pictures, each (n, 3, h, w), as one picture."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [to_bytes(row).permute(1, 0, 2, 3).flatten(1, 2) for row in rows]
    Image.fromarray(torch.cat(lines).numpy()).save(file)


def in_rows(pictures: Tensor, columns: int) -> list[Tensor]:
    """The pictures of a batch in rows; an incomplete last row is left out."""
    whole = len(pictures) - len(pictures) % columns
    return list(torch.split(pictures[:whole], columns))

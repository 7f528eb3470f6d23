"""A picture becomes a cross-stitch pattern: few threads, a symbol for each, a chart over pages.

The picture is made as small as the pattern, a pixel a stitch. Its colours are gathered by k-means in CIELAB,
in whole numbers and without chance: it begins with the most frequent colour, then each time with the one that
is frequent and far from those chosen. Each group gets the nearest thread, each stitch the nearest of those.
"""

import io
import math
from hashlib import sha256
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, StrictBool, StrictInt

from crafts.application import Application, Figures, Pictures, Settings
from crafts.chart import written
from crafts.colour import UNIT, Labs, lab_of, rgb, squared_distances
from crafts.errors import CraftError
from crafts.threads import Thread, thread_labs, threads
from exercises.i18n import Language

Grid = NDArray[np.int64]

MAX_WIDTH, MAX_HEIGHT, MAX_COLOURS = 150, 200, 40
ROUNDS = 40  # of k-means, at most
OUTLINED = 40 * UNIT  # stitches so far apart in CIELAB have a back stitch between them
SKEIN_METRES, STRANDS, WASTE = 8.0, 6, 1.25
# Two diagonals in front and two sides behind, in widths of a stitch.
WAY = 2 * math.sqrt(2) + 2
SYMBOLS = "●■▲◆★✚○□△◇☆✖◐◧♥♠♣▼▽✿AEFHKNRTVMZ23456789&?"
SIDE = 12  # pixels of a stitch in the preview


class CrossStitchSettings(Settings):
    """`width` in stitches; at most so many `colours`; `count`: stitches to an inch of fabric; `strands` of
    six that are taken; `outline`: back stitches where two very different colours meet."""

    width: StrictInt = Field(default=60, ge=20, le=MAX_WIDTH)
    colours: StrictInt = Field(default=12, ge=2, le=MAX_COLOURS)
    count: Literal[11, 14, 16, 18] = 14
    strands: Literal[1, 2, 3] = 2
    outline: StrictBool = False


def pattern(settings: CrossStitchSettings, picture: Image.Image) -> tuple[Grid, list[Thread]]:
    """Which thread each stitch has, by rows, and the threads, the one most used first. Raises CraftError."""
    height = max(1, round(settings.width * picture.height / picture.width))
    if height > MAX_HEIGHT:
        raise CraftError("too_high", maximum=MAX_HEIGHT, found=height)
    small = np.asarray(picture.resize((settings.width, height), Image.Resampling.BOX))
    labs = lab_of(small).reshape(-1, 3)
    colours, inverse, counts = np.unique(labs, axis=0, return_inverse=True, return_counts=True)
    centres = clusters(colours, counts, settings.colours)
    chosen = np.unique(squared_distances(centres, thread_labs()).argmin(axis=1))
    nearest = squared_distances(colours, thread_labs()[chosen]).argmin(axis=1)
    used = np.bincount(nearest, weights=None, minlength=len(chosen)) * 0
    np.add.at(used, nearest, counts)
    order = sorted((place for place in range(len(chosen)) if used[place]), key=lambda p: (-used[p], p))
    rank = np.zeros(len(chosen), dtype=np.int64)
    rank[order] = np.arange(len(order))
    grid = rank[nearest][inverse.reshape(-1)].reshape(height, settings.width)
    return grid, [threads()[chosen[place]] for place in order]


def clusters(colours: Labs, counts: Grid, most: int) -> Labs:
    """The centres of at most so many groups of colours."""
    centres = colours[[counts.argmax()]]
    apart = squared_distances(colours, centres)[:, 0]
    while len(centres) < most and apart.any():
        centres = np.concatenate([centres, colours[[(apart * counts).argmax()]]])
        apart = np.minimum(apart, squared_distances(colours, centres[-1:])[:, 0])
    for _ in range(ROUNDS):
        group = squared_distances(colours, centres).argmin(axis=1)
        sums, sizes = np.zeros_like(centres), np.zeros(len(centres), dtype=np.int64)
        np.add.at(sums, group, colours * counts[:, None])
        np.add.at(sizes, group, counts)
        kept = sizes > 0
        means = (2 * sums[kept] + sizes[kept, None]) // (2 * sizes[kept, None])
        if np.array_equal(means, centres):
            break
        centres = means
    return centres


def back_stitches(grid: Grid, used: list[Thread]) -> list[tuple[int, int, int, int]]:
    """The lines between stitches that look very different: from column, row to column, row."""
    labs = lab_of(np.array([rgb(thread.colour) for thread in used]))
    apart = squared_distances(labs, labs) >= OUTLINED**2
    lines = [(c + 1, r, c + 1, r + 1) for r, c in np.argwhere(apart[grid[:, :-1], grid[:, 1:]]).tolist()]
    return lines + [(c, r + 1, c + 1, r + 1) for r, c in np.argwhere(apart[grid[:-1], grid[1:]]).tolist()]


def figures(settings: CrossStitchSettings, pictures: Pictures) -> Figures:
    """What the pattern is: its size, its threads with stitches and skeins, and a hash of every stitch."""
    grid, used = pattern(settings, pictures[0])
    height, width = grid.shape
    stitches = [int((grid == place).sum()) for place in range(len(used))]
    small = pictures[0].resize((width, height), Image.Resampling.BOX)
    palette = lab_of(np.array([rgb(thread.colour) for thread in used]))
    apart = np.sqrt(((lab_of(np.asarray(small)) - palette[grid]) ** 2).sum(axis=-1))
    return {
        "width": width,
        "height": height,
        "centimetres": [round(side / settings.count * 2.54, 1) for side in (width, height)],
        "distance": round(float(apart.mean()) / UNIT, 1),
        "back_stitches": len(back_stitches(grid, used)) if settings.outline else 0,
        "threads": [
            {
                "number": thread.number,
                "colour": thread.colour,
                "symbol": SYMBOLS[place],
                "stitches": count,
                "skeins": skeins(count, settings),
            }
            for place, (thread, count) in enumerate(zip(used, stitches, strict=True))
        ],
        "stitches_sha256": sha256(grid.astype(np.uint8).tobytes()).hexdigest(),
    }


def skeins(stitches: int, settings: CrossStitchSettings) -> int:
    """How many skeins so many crosses need, with a quarter more for beginnings and ends."""
    metres = stitches * WAY / settings.count * 0.0254 * WASTE
    return math.ceil(metres * settings.strands / STRANDS / SKEIN_METRES)


def preview(grid: Grid, used: list[Thread], lines: list[tuple[int, int, int, int]]) -> Image.Image:
    """The pattern as it looks when it is stitched: crosses of thread on cloth, then the back stitches."""
    across = np.arange(SIDE)
    one, other = (
        np.abs(across[:, None] - across[None, :]),
        np.abs(across[:, None] + across[None, :] - SIDE + 1),
    )
    cover = np.maximum(np.clip(2.6 - one * 0.75, 0, 1), np.clip(2.6 - other * 0.75, 0, 1))
    shade = np.where(
        other <= 2, 1.0 - 0.06 * other, 0.86 - 0.05 * one
    )  # the upper thread lies over the lower
    palette = np.array([rgb(thread.colour) for thread in used], dtype=float)
    cloth = np.array([244.0, 240.0, 230.0])
    stitch = palette[:, None, None, :] * np.clip(shade, 0.5, 1)[None, :, :, None]
    tiles = stitch * cover[None, :, :, None] + cloth * (1 - cover)[None, :, :, None]
    rows, columns = grid.shape
    drawn = tiles[grid].transpose(0, 2, 1, 3, 4).reshape(rows * SIDE, columns * SIDE, 3)
    for left, top, right, bottom in lines:
        drawn[max(0, top * SIDE - 1) : bottom * SIDE + 1, max(0, left * SIDE - 1) : right * SIDE + 1] = 40
    return Image.fromarray(drawn.round().astype(np.uint8))


def files(
    settings: CrossStitchSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    """The chart as PDF, and the preview as PNG."""
    grid, used = pattern(settings, pictures[0])
    lines = back_stitches(grid, used) if settings.outline else []
    seen = io.BytesIO()
    shown: Any = preview(grid, used, lines)
    shown.save(seen, "PNG")
    return {".pdf": written(settings, grid, lines, found, shown, language), ".png": seen.getvalue()}


APPLICATION = Application("crossstitch", CrossStitchSettings, figures, files, (".pdf", ".png"))

"""A bank of composed pictures on disk, made once, used by every stage.

Rule: picture i of a bank depends on (seed, i) alone, so a bank made again, or longer, stays the same.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image

from lab.mini.data import SIZE, Pixels, Scene, compose, random_scene


@dataclass(frozen=True)
class Bank:
    """`pictures` (n, size, size, 3) bytes, memory-mapped; `scenes` says what each shows."""

    pictures: Pixels
    scenes: list[Scene]

    def __len__(self) -> int:
        return len(self.scenes)


def make_bank(
    folder: Path, drawings: dict[str, Image.Image], count: int, seed: int = 0, size: int = SIZE
) -> Bank:
    """Open the bank in `folder`, composing it first if it is not there or too short."""
    pictures_file, scenes_file = folder / "pictures.npy", folder / "scenes.json"
    if not scenes_file.exists() or len(json.loads(scenes_file.read_text())) < count:
        folder.mkdir(parents=True, exist_ok=True)
        scenes_file.unlink(missing_ok=True)
        pictures = open_memmap(pictures_file, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
        scenes, objects, start = [], list(drawings), time.monotonic()
        for i in range(count):
            rng = np.random.default_rng((seed, i))
            scene = random_scene(rng, [objects[i % len(objects)]])  # every object equally often
            pictures[i] = compose(scene, drawings[scene.object], size)
            scenes.append(asdict(scene))
            if (i + 1) % 5000 == 0:
                print(
                    f"bank: {i + 1}/{count} pictures, {(i + 1) / (time.monotonic() - start):.0f}/s",
                    flush=True,
                )
        pictures.flush()
        scenes_file.write_text(json.dumps(scenes))  # last: without it the bank counts as absent
    pictures = np.load(pictures_file, mmap_mode="r")
    known = [Scene(**entry) for entry in json.loads(scenes_file.read_text())]
    return Bank(pictures[:count], known[:count])

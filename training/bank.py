"""A bank of composed pictures on disk, made once, used by every stage.

Rule: picture i of a bank depends on (seed, i) alone, so a bank made again, longer, or by more processes at
once stays the same.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from PIL import Image

from training.data import SIZE, Pixels, Scene, compose, random_scene

PART = 50  # pictures that a process composes at once


@dataclass(frozen=True)
class Bank:
    """`pictures` (n, size, size, 3) bytes, memory-mapped; `scenes` says what each shows."""

    pictures: Pixels
    scenes: list[Scene]

    def __len__(self) -> int:
        return len(self.scenes)

    def __getitem__(self, part: slice) -> Bank:
        return Bank(self.pictures[part], self.scenes[part])

    def __add__(self, other: Bank) -> Bank:
        """Both, in memory."""
        return Bank(np.concatenate([self.pictures, other.pictures]), self.scenes + other.scenes)


@dataclass(frozen=True)
class Composer:
    """Composes parts of a bank. `held_out` allows the pairs that training must not see."""

    drawings: dict[str, Image.Image]
    seed: int
    size: int
    held_out: bool

    def part(self, numbers: range) -> tuple[Pixels, list[Scene]]:
        """The pictures with these numbers."""
        objects, scenes = list(self.drawings), []
        for i in numbers:
            rng = np.random.default_rng((self.seed, i))
            thing = objects[i % len(objects)]  # every object equally often
            scenes.append(random_scene(rng, [thing], self.held_out))
        return np.stack([compose(scene, self.drawings[scene.object], self.size) for scene in scenes]), scenes


def make_bank(
    folder: Path,
    drawings: dict[str, Image.Image],
    count: int,
    seed: int = 0,
    size: int = SIZE,
    held_out: bool = False,
) -> Bank:
    """Open the bank in `folder`, composing it first if it is not there or too short."""
    pictures_file, scenes_file = folder / "pictures.npy", folder / "scenes.json"
    if not scenes_file.exists() or len(json.loads(scenes_file.read_text())) < count:
        folder.mkdir(parents=True, exist_ok=True)
        scenes_file.unlink(missing_ok=True)
        pictures = open_memmap(pictures_file, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
        scenes: list[Scene] = []
        start = said = time.monotonic()
        parts = [range(i, min(i + PART, count)) for i in range(0, count, PART)]
        # spawned, not forked: forking a process that has torch's threads can hang
        with multiprocessing.get_context("spawn").Pool(min(len(parts), os.cpu_count() or 1)) as pool:
            for part, known in pool.imap(Composer(drawings, seed, size, held_out).part, parts):
                pictures[len(scenes) : len(scenes) + len(known)] = part
                scenes += known
                if time.monotonic() - said > 20:
                    said = time.monotonic()
                    print(
                        f"bank: {len(scenes)}/{count} pictures, {len(scenes) / (said - start):.0f}/s",
                        flush=True,
                    )
        pictures.flush()
        # last: without it the bank counts as absent
        scenes_file.write_text(json.dumps([asdict(scene) for scene in scenes]))
    pictures = np.load(pictures_file, mmap_mode="r")
    known = [Scene(**entry) for entry in json.loads(scenes_file.read_text())]
    return Bank(pictures[:count], known[:count])

"""Examples to learn from: new compositions, or what became of them, some of them used more than once.

Rule: noise, caption and all else that chance adds are new whenever an example is used, so using it a few
times costs little of what it teaches, and drawing and encoding cost as much as learning.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor

from training.wide.scenes import Scenes

FIRST = 8  # this part of the ring is filled at once: a few examples would soon be known by heart

Examples = tuple[list[Tensor], Scenes]  # whatever is made of n scenes, and the scenes


class Pool:
    """A ring of the last `room` examples. Each is used about `reuse` times before it is written over.

    New ones are made at least `chunk` at a time, as a GPU is fastest with many.
    """

    def __init__(
        self, make: Callable[[int, torch.Generator], Examples], reuse: int, chunk: int = 1, room: int = 8192
    ) -> None:
        self.make, self.reuse, self.chunk, self.room = make, reuse, chunk, room
        self.kept: list[Tensor] = []
        self.filled = self.next = 0
        self.owed = 0.0  # examples that were used up and not yet replaced

    def batch(self, count: int, generator: torch.Generator) -> Examples:
        """`count` examples, new ones among them."""
        self.owed += count / self.reuse if self.filled else max(count, self.chunk, self.room // FIRST)
        if self.owed >= self.chunk:
            self.write(self.make(math.ceil(self.owed), generator))
            self.owed = 0.0
        which = torch.randint(self.filled, (count,), generator=generator, device=generator.device)
        columns = [each[which] for each in self.kept]
        split = len(columns) - len(fields(Scenes))
        return columns[:split], Scenes(*columns[split:])

    def write(self, examples: Examples) -> None:
        """Put new examples in the place of the oldest."""
        made, scenes = examples
        columns = [*made, *(getattr(scenes, each.name) for each in fields(scenes))]
        if not self.kept:
            self.kept = [column.new_empty((self.room, *column.shape[1:])) for column in columns]
        where = (self.next + torch.arange(len(scenes), device=columns[0].device)) % self.room
        for ring, column in zip(self.kept, columns, strict=True):
            ring[where] = column
        self.filled = min(self.room, self.filled + len(scenes))
        self.next = (self.next + len(scenes)) % self.room

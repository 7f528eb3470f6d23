"""Examples to learn from: new compositions, or what became of them, some of them used more than once.

Rule: noise, caption and all else that chance adds are new whenever an example is used, so using it a few
times costs little of what it teaches; on a CPU, where drawing and encoding cost as much as learning, that
pays. On a GPU nothing is used twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor

from training.wide.scenes import Scenes

Examples = tuple[list[Tensor], Scenes]  # whatever is made of n scenes, and the scenes


class Pool:
    """A ring of the last `room` examples. Each is used about `reuse` times before it is written over."""

    def __init__(
        self, make: Callable[[int, torch.Generator], Examples], reuse: int, room: int = 8192
    ) -> None:
        self.make, self.reuse, self.room = make, reuse, room
        self.kept: list[Tensor] = []
        self.filled = self.next = 0

    def batch(self, count: int, generator: torch.Generator) -> Examples:
        """`count` examples, a part of them new."""
        if self.reuse == 1:
            return self.make(count, generator)
        self.write(self.make(count if self.filled == 0 else -(-count // self.reuse), generator))
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

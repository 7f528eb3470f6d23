"""The files that a request names, as bytes: they go to the engine with it, and in no other way."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256


@dataclass(frozen=True)
class Inputs:
    """`source`: the picture to begin with, or the outlines that lead; `mask`: which part of it is drawn anew;
    `adapters`: what a student taught the model, found by their hashes.
    """

    source: bytes | None = field(default=None, repr=False)
    mask: bytes | None = field(default=None, repr=False)
    adapters: tuple[bytes, ...] = field(default=(), repr=False)

    @cached_property
    def by_hash(self) -> dict[str, bytes]:
        """The adapters by their SHA-256."""
        return {sha256(data).hexdigest(): data for data in self.adapters}


NOTHING = Inputs()

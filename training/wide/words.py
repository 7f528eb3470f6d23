"""What the world's words are: objects, styles and colours.

Rule: the tokens are those of the lab's vocabulary, and after them the few that its weights do not know yet;
`world.toml` has these, the sets behind each style, and the family of colours behind each colour word.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.models.mini.vocabulary import vocabulary

BEGIN, END, UNKNOWN = "<|startoftext|>", "<|endoftext|>", "<|unknown|>"
WORLD_FILE = Path(__file__).parent / "world.toml"
SPECIAL = (BEGIN, END, UNKNOWN)


@dataclass(frozen=True)
class Family:
    """A colour word stands for a family of colours: ranges of hue (in degrees), saturation, value."""

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]


@dataclass(frozen=True)
class World:
    """All words. The order of each table is the order of the judge's answers."""

    codes: dict[str, str]  # object -> code points of its drawings
    styles: dict[str, dict[str, float]]  # style -> drawing sets, and how often each is drawn from
    colors: dict[str, Family]
    names: dict[str, tuple[str, ...]]  # token -> English names, the first one is shown to people
    new: dict[str, tuple[str, ...]]  # the last of these, which the vocabulary lacks

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(self.codes)

    @property
    def number(self) -> dict[str, int]:
        """Token -> its number in the tokenizer's table; the special tokens come first."""
        return {token: i for i, token in enumerate((*SPECIAL, *self.names))}

    def numbers(self, tokens: tuple[str, ...]) -> list[int]:
        """The numbers of some tokens, in their order."""
        table = self.number
        return [table[token] for token in tokens]


@cache
def world() -> World:
    """The vocabulary's objects, and the styles and colours of `world.toml`."""
    data = tomllib.loads(WORLD_FILE.read_text())
    new = {token: tuple(names) for token, names in data["words"].items()}
    return World(
        codes=vocabulary().objects,
        styles=data["styles"],
        colors={
            token: Family(tuple(entry["hue"]), tuple(entry["saturation"]), tuple(entry["value"]))
            for token, entry in data["colors"].items()
        },
        names=vocabulary().names | new,
        new=new,
    )

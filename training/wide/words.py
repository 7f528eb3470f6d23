"""What the world's words are: objects, styles, colours and the little words, read from `world.toml`.

Rule: every name a person may type stands in that file, and every token has one fixed number.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BEGIN, END, UNKNOWN = "<|startoftext|>", "<|endoftext|>", "<|unknown|>"
WORLD_FILE = Path(__file__).parent / "world.toml"
SPECIAL = (BEGIN, END, UNKNOWN)


@dataclass(frozen=True)
class Thing:
    """An object: how its drawings are called, and whether it is ever painted in another colour."""

    token: str
    icon: str
    code: str
    names: tuple[str, ...]
    also: tuple[str, ...]
    painted: bool
    group: str


@dataclass(frozen=True)
class Family:
    """A colour word stands for a family of colours: ranges of hue (in degrees), saturation, value."""

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]


@dataclass(frozen=True)
class World:
    """All words. The order of each table is the order of the judge's answers."""

    things: tuple[Thing, ...]
    styles: dict[str, tuple[str, ...]]  # style -> drawing sets
    colors: dict[str, Family]
    names: dict[str, tuple[str, ...]]  # token -> what a person may type

    @property
    def objects(self) -> tuple[str, ...]:
        return tuple(thing.token for thing in self.things)

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
    """The world of `world.toml`."""
    data = tomllib.loads(WORLD_FILE.read_text())
    things = []
    for group, members in data["objects"].items():
        painted = members.pop("painted", True)
        for token, entry in members.items():
            names, also = tuple(entry["names"]), tuple(entry.get("also", ()))
            things.append(Thing(token, entry["icon"], entry["code"], names, also, painted, group))
    named = {thing.token: thing.names for thing in things}
    for table in ("styles", "colors"):
        named |= {token: tuple(entry["names"]) for token, entry in data[table].items()}
    named |= {token: tuple(names) for token, names in data["words"].items()}
    return World(
        things=tuple(things),
        styles={token: tuple(entry["sets"]) for token, entry in data["styles"].items()},
        colors={
            token: Family(tuple(entry["hue"]), tuple(entry["saturation"]), tuple(entry["value"]))
            for token, entry in data["colors"].items()
        },
        names=named,
    )

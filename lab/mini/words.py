"""The vocabulary, and what a prompt becomes. Rule: known words are kept in order, all others are dropped.

Pure Python (the interface asks here which words of a prompt the model will not hear, without loading torch).
The tokenizer in `text.py` is built from the same tables, so both read a prompt alike.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Rgb = tuple[int, int, int]

VOCABULARY_FILE = Path(__file__).with_name("vocabulary.toml")

# Words that carry nothing on their own: dropped, but no reason to tell the student about them.
_SILENT = """
a an the of with and or in at by for from to is are its it this that some very my your one
photo photograph picture image shot
"""
SILENT = frozenset(_SILENT.split())


@dataclass(frozen=True)
class Vocabulary:
    """All words of the model: objects by token, colours, backgrounds, and every name a person may type."""

    objects: dict[str, str]  # token -> code point, the name of the picture file
    colors: dict[str, Rgb]
    backgrounds: dict[str, Rgb]
    names: dict[str, tuple[str, ...]]  # token -> names, the first one is shown to people

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token, in the order of the file (which is the order of the embedding rows)."""
        return tuple(self.names)


@cache
def vocabulary(file: Path = VOCABULARY_FILE) -> Vocabulary:
    """Read the vocabulary file."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    names = {token: tuple(forms) for token, forms in data["grammar"].items()}
    names |= {token: tuple(entry["names"]) for token, entry in data["colors"].items()}
    names |= {token: tuple(entry["names"]) for token, entry in data["objects"].items()}
    return Vocabulary(
        objects={token: entry["code"] for token, entry in data["objects"].items()},
        colors={token: tuple(entry["rgb"]) for token, entry in data["colors"].items()},
        backgrounds={token: tuple(rgb) for token, rgb in data["backgrounds"].items()},
        names=names,
    )


def plural(name: str) -> str:
    """The regular English plural of a name's last word."""
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search(r"(s|x|z|ch|sh)$", name) else "s")


@cache
def replacements() -> tuple[tuple[str, str], ...]:
    """(name or its plural, token), longest name first, so that "wine glass" is read before "glass"."""
    pairs = {
        form: token
        for token, names in vocabulary().names.items()
        for name in names
        for form in (name, plural(name))
    }
    pairs |= {
        name: token for token, names in vocabulary().names.items() for name in names
    }  # a name beats a plural
    pairs |= {token: token for token in vocabulary().tokens}
    return tuple(sorted(pairs.items(), key=lambda pair: (-len(pair[0]), pair[0])))


@cache
def _reader() -> tuple[re.Pattern[str], dict[str, str]]:
    table = dict(replacements())
    return re.compile(r"\b(?:" + "|".join(re.escape(name) for name in table) + r")\b"), table


def _plain(prompt: str) -> str:
    return re.sub(r"\s+", " ", prompt.lower())


def known_tokens(prompt: str) -> list[str]:
    """What the model hears: "Two sleek black Sneakers, studio lighting" -> ["black", "sneaker", "studio"]."""
    reader, table = _reader()
    return [table[found] for found in reader.findall(_plain(prompt))]


def unknown_words(prompt: str) -> list[str]:
    """The words the model will skip, in order, each once; articles and the like are not worth telling."""
    reader, _ = _reader()
    left = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", reader.sub(" ", _plain(prompt)))
    return list(dict.fromkeys(word for word in left if word not in SILENT and len(word) > 1))

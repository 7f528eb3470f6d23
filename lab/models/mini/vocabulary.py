"""The vocabulary, and what a prompt becomes. Rule: known words are kept in order, all others are dropped.

A prompt is English, French, or both at once. It is read by one list of rewritings (a pattern, and what stands
in its place), done one after the other; the tokenizer in `text.py` does the same list, so both read a prompt
alike. The patterns see plain ASCII and hold only what Python's `re` and the tokenizer's Oniguruma do alike.

Pure Python: the interface asks here which words of a prompt the model will not hear, without loading torch.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Rgb = tuple[int, int, int]
Rewriting = tuple[str, str]  # a pattern, and what stands in the place of all it finds

MOST_TOKENS = 14  # of a prompt; the model has no place for more
VOCABULARY_FILE = Path(__file__).with_name("vocabulary.toml")

# What makes plain ASCII of a prompt whose letters and accents were taken apart (NFKD): done first, in order.
FOLDS: tuple[Rewriting, ...] = (
    (r"[\u0300-\u036f]", ""),  # the accents
    (r"[œŒ]", "oe"),
    (r"[æÆ]", "ae"),
    (r"(?<=[A-Za-z0-9])['’ʼ\u2010-](?=[A-Za-z0-9])", " "),  # l'avion, sac-à-dos
    (r"[\t-\r ]+", " "),
    (r"[^A-Za-z0-9 ]", ","),  # the end of a word and of a name
)

# Words that carry nothing on their own: dropped, but no reason to tell the student about them.
_SILENT = """
a an the of with and or in at by for from to is are its it this that some very my your one
photo photograph picture image shot
un une le la les du de des au aux et ou en dans avec pour par est sont il elle ce cet cette ces qui que qu
mon ma mes son sa ses votre vos notre nos tres photographie cliche couleur color colour
"""
SILENT = frozenset(_SILENT.split())

_PREPOSITIONS = frozenset(("a", "au", "aux", "d", "de", "des", "du", "en", "pour", "sans", "sur"))
_DETERMINER = "(?:un|une|le|la|l|les|des|du|ce|cet|cette|ces|mon|ma|mes|son|sa|ses|votre|vos|notre|nos)"

# Words that the words beside them decide. What is rewritten is in capitals, so that no later rule reads it.
_FIRST: tuple[Rewriting, ...] = (
    # French verbs that look like things: "un chat qui porte un chapeau", "une photo qui montre des fleurs"
    *((rf"\b{verb}(?= {_DETERMINER}\b)", f"{verb}_") for verb in ("porte", "montre", "livre")),
    (r"\brose(?= (?:background|backdrop|surface)s?\b)", "PINK"),
    (r"(?<=\bsur )rose\b", "PINK"),
    (r"\b2(?= [a-z])", "TWO"),  # "2 cats", not "f/2.8" or "2D"
    (r"\b3(?= [a-z])", "THREE"),
)
_LAST: tuple[Rewriting, ...] = (
    (r"(?<=\. )ROSE\.", "PINK"),  # French: "sac rose", "fond rose"; after no thing it is the flower
    (r"[^A-Z ]", " "),  # all that was not rewritten, and the points
)


@dataclass(frozen=True)
class Vocabulary:
    """All words of the model: objects by token, colours, backgrounds, and every name a person may type."""

    objects: dict[str, str]  # token -> code point, the name of the picture file
    colors: dict[str, Rgb]
    backgrounds: dict[str, Rgb]
    names: dict[str, tuple[str, ...]]  # token -> English names, the first one is shown to people
    french: dict[str, tuple[str, ...]]  # token -> French names; "un", "une": any article or the like
    others: dict[str, tuple[str, ...]]  # language -> names of other things in which a name above occurs
    groups: dict[str, tuple[str, ...]]  # kind of thing -> its objects

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token, in the order of the file (which is the order of the embedding rows)."""
        return tuple(self.names)


@cache
def vocabulary(file: Path = VOCABULARY_FILE) -> Vocabulary:
    """Read the vocabulary file."""
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    named = data["grammar"] | {
        token: entry["names"] for token, entry in (data["colors"] | data["objects"]).items()
    }
    return Vocabulary(
        objects={token: entry["code"] for token, entry in data["objects"].items()},
        colors={token: tuple(entry["rgb"]) for token, entry in data["colors"].items()},
        backgrounds={token: tuple(rgb) for token, rgb in data["backgrounds"].items()},
        names={token: tuple(names) for token, names in named.items()},
        french={token: tuple(names) for token, names in data["french"].items()},
        others={language: tuple(names) for language, names in data["others"].items()},
        groups={kind: tuple(members) for kind, members in data["groups"].items()},
    )


def plural(name: str) -> str:
    """The regular English plural of a name's last word."""
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search(r"(s|x|z|ch|sh)$", name) else "s")


def french_plural(name: str) -> str:
    """The regular French plural of a plain name: of every word before a preposition ("sacs a dos")."""
    words = name.split(" ")
    end = next((i for i, word in enumerate(words) if word in _PREPOSITIONS), len(words))
    return " ".join([*map(_several, words[:end]), *words[end:]])


def _several(word: str) -> str:
    if word in ("un", "une") or re.search(r"[sxz]$", word):
        return word
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + ("x" if re.search(r"(au|eu)$", word) else "s")


@cache
def forms() -> dict[str, str]:
    """Every plain form of a name, its plurals included -> its token. A name beats a plural."""
    words = vocabulary()
    several: dict[str, str] = {}
    named: dict[str, str] = {}
    for token in words.tokens:
        english = [_plain(name) for name in words.names[token]]
        french = [_plain(name) for name in words.french[token]]
        named |= dict.fromkeys([*english, *french, token], token)
        several |= dict.fromkeys([*map(plural, english), *map(french_plural, french)], token)
    return several | named


@cache
def rewritings() -> tuple[Rewriting, ...]:
    """What is done to a plain prompt, in this order, until only tokens are left, in capitals.

    A name of more words is read before one of fewer, so that "wine glass" is read before "glass". A thing's
    token (an object's or the background's) has a point behind it.
    """
    words = vocabulary()
    things = {*words.objects, "background"}
    groups: dict[tuple[int, str], list[str]] = {}
    for form, token in forms().items():
        article = re.match(r"une? ", form)
        size = 2 * len(form.split(" ")) - bool(article)  # "pile electrique", then "une pile", then "pile"
        groups.setdefault((-size, token), []).append(re.sub(r"^une? ", f"{_DETERMINER} ", form))
    order = {token: i for i, token in enumerate(words.tokens)}
    names = (
        (_any_of(group), token.upper() + "." * (token in things))
        for (_, token), group in sorted(groups.items(), key=lambda item: (item[0][0], order[item[0][1]]))
    )
    return (*_others(), *_FIRST, *names, *_LAST)


def _others() -> Iterable[Rewriting]:
    """Joins the words of what is none of the model's things: no rule reads them then, and they are told."""
    others = vocabulary().others
    plain = {language: [_plain(name) for name in names] for language, names in others.items()}
    several = [*map(plural, plain["en"]), *map(french_plural, plain["fr"])]
    for form in dict.fromkeys([*plain["en"], *plain["fr"], *several]):
        yield _any_of([form]), form.replace(" ", "_")


def _any_of(names: Iterable[str]) -> str:
    return r"\b(?:" + "|".join(sorted(names)) + r")\b"


def _plain(prompt: str) -> str:
    """Lower-case ASCII letters, digits, spaces, and commas for all the rest."""
    text = unicodedata.normalize("NFKD", prompt)
    for pattern, content in FOLDS:
        text = re.sub(pattern, content, text)
    return text.lower()


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), content) for pattern, content in rewritings())


def _read(prompt: str, rules: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    text = _plain(prompt)
    for pattern, content in rules:
        text = pattern.sub(content, text)
    return text


def known_tokens(prompt: str) -> list[str]:
    """What the model hears: "Two sleek red Sneakers on white" -> ["two", "red", "sneaker", "on", "white"]."""
    return _tokens(prompt)[:MOST_TOKENS]


def _tokens(prompt: str) -> list[str]:
    return _read(prompt, _compiled()).lower().split()


def unknown_words(prompt: str) -> list[str]:
    """The words the model will skip, in order, each once; articles and the like are not worth telling.

    Those it does not know, and all those for which it has no place left.
    """
    text = _read(prompt, _compiled()[: -len(_LAST)])
    left = frozenset(re.findall(r"[a-z0-9]+", text))
    typed = unicodedata.normalize("NFC", prompt).lower()
    typed = re.sub(r"\b(?:[cdjlmnst]|qu)['’ʼ]", " ", typed)  # l'été
    words = list(re.finditer(r"[^\W_]+(?:[-\u2010\u2011'’ʼ][^\W_]+)*", typed))
    # so many words have a place: the most whose tokens are not too many
    places = bisect_right(words, MOST_TOKENS, key=lambda word: len(_tokens(typed[: word.end()])))
    told: list[str] = []
    for i, word in enumerate(match[0] for match in words):
        parts = re.split(r"[^\w]", word)
        skipped = [part for part in parts if i >= places or _is_skipped(part, left)]
        if any(_is_worth_telling(part) for part in skipped):
            told += [word] if skipped == parts else filter(_is_worth_telling, skipped)
    return list(dict.fromkeys(told))


def _is_skipped(word: str, left: frozenset[str]) -> bool:
    """Whether something of a word was not read; what has no Latin letter never is."""
    parts = re.findall(r"[a-z0-9]+", _plain(word))
    return not parts or not left.isdisjoint(parts)


def _is_worth_telling(word: str) -> bool:
    """Whether a skipped word is more than a letter, an article, or a preposition that found no place."""
    plain = _plain(word)
    small = plain in SILENT or forms().get(plain) == "on" or re.fullmatch("[a-z]", plain)
    return any(letter.isalpha() for letter in word) and not small

"""One language for a person, chosen once: texts come from the two catalogues, English and French.

Each package keeps its texts in `texts/en.toml` and `texts/fr.toml`; a key is a dotted path
(`[run] missing = "..."` is `run.missing`), a value is filled in with `str.format`.
"""

import os
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Protocol, get_args, runtime_checkable

from pydantic import BaseModel, ConfigDict, StringConstraints

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
COLON: dict[Language, str] = {"en": ":", "fr": "\u00a0:"}

Translate = Callable[..., str]  # `t(key, **values)`: what most code needs of a Translator

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Bilingual(BaseModel):
    """A short text in both languages, as it stands in an assignment's TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    en: ShortText
    fr: ShortText

    def __call__(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


@cache
def catalogue(package: str, language: Language) -> dict[str, str]:
    """All texts of a package in a language, by dotted key."""
    text = files(package).joinpath("texts", f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flatten(tomllib.loads(text)))


@runtime_checkable
class Worded(Protocol):
    """What has its own words in each language, such as an error."""

    def in_language(self, language: Language) -> str: ...


@dataclass(frozen=True)
class Translator:
    """`t(key, **values)` for a package's texts; an unknown key is a bug and raises KeyError.

    A value that has its own words in each language is said in this one.
    """

    package: str
    language: Language

    def __call__(self, key: str, /, **values: object) -> str:
        said = {
            name: value.in_language(self.language) if isinstance(value, Worded) else value
            for name, value in values.items()
        }
        return catalogue(self.package, self.language)[key].format(**said)


def translator(package: str, language: Language) -> Translator:
    """The texts of a package in a language."""
    return Translator(package, language)


def decimal(text: str, language: Language) -> str:
    """A number that Python wrote, with the language's decimal sign."""
    return text.replace(".", "," if language == "fr" else ".")


def number(value: float, language: Language, digits: int = 10) -> str:
    """A number as it is written in the language: at most `digits` significant digits, none needless."""
    return decimal(f"{value:.{digits}g}", language)


def labelled(name: object, value: object, language: Language) -> str:
    """A name and what it is, with the language's colon between them."""
    return f"{name}{COLON[language]} {value}"


def listed(parts: Iterable[str], language: Language) -> str:
    """Several texts in a row, apart by the language's semicolon, as they may have commas of their own."""
    return ("\u00a0; " if language == "fr" else "; ").join(parts)


def points(value: float, language: Language) -> str:
    """Points of a grade: two decimals at most."""
    return decimal(f"{round(value, 2):g}", language)


def money(value: float, currency: str, language: Language) -> str:
    """An amount: at least two decimals and at most six, since a call may cost millionths."""
    whole, _, decimals = f"{value:.6f}".partition(".")
    amount = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    return f"{decimal(amount, language)}\u00a0{currency}"


def preferred_language() -> Language:
    """The language of the person at this process: `GENAI_LANGUAGE`, else the locale's, else English.

    The command line has put into the environment what `.env` says of it.
    """
    names = (os.environ.get(name) for name in ("GENAI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    return nearest_language(next((name for name in names if name), None))


def nearest_language(name: str | None) -> Language:
    """The catalogue for a locale name such as `fr_FR.UTF-8` or `fr-CA`; English for all others."""
    return "fr" if (name or "").lower().startswith("fr") else "en"


def _flatten(table: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, dict):
            pairs += _flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, str(value)))
    return pairs

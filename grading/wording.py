"""Texts about what students hand in: worded in the reader's language, with control characters made visible.

Rule: whatever comes from a submission passes `shown` before a person sees it, so that a file name
cannot fake a line, colour a terminal, turn text around or fill a page.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from exercises.errors import UserError
from exercises.i18n import Bilingual, Language, listed, translator
from manifests.chain import ChainBreak

MAX_SHOWN = 120
MAX_LISTED = 5
_TAME = {"\u200d", "\u00ad"}  # joiner and soft hyphen: invisible, but harmless in names and emoji


def shown(value: object, limit: int = MAX_SHOWN) -> str:
    """`value` in one line of at most `limit` characters, control and direction characters as `?`."""
    text = str(value)[: limit + 1]
    printable = text
    if not text.isprintable():
        printable = "".join(c if c in _TAME or unicodedata.category(c)[0] != "C" else "?" for c in text)
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


@dataclass(frozen=True)
class Message:
    """A key of this package's catalogue and its values; `text(language)` says it."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        words = {name: worded(value, language) for name, value in self.values.items()}
        return translator("grading", language)(self.key, **words)


def message(key: str, /, **values: object) -> Message:
    """Short for `Message(key, values)`."""
    return Message(key, values)


def worded(value: object, language: Language) -> str:
    """A value within a text: what has words in both languages in this one, several joined, all else tamed."""
    if isinstance(value, tuple):
        more = len(value) - MAX_LISTED
        first = listed((worded(each, language) for each in value[:MAX_LISTED]), language)
        return first + (f" (+{more})" if more > 0 else "")
    if isinstance(value, Message | ChainBreak):
        return value.text(language)
    if isinstance(value, Bilingual):
        return value(language)
    return shown(value.in_language(language) if isinstance(value, UserError) else value, limit=300)

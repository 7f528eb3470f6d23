"""What an alternative text must be, by its purpose: the same rules for the page's advice and for the grade.

After W3C's decision tree: nothing for a decorative picture; a short text for an informative one; a
short and a long one for a complex one. A short text does not begin by saying that it is one of a picture
(a screen reader has just said so) and is no file name. There is no limit to its length.
"""

import re
from collections.abc import Iterator

from grading.wording import Message, message

LONG_AT_LEAST = 15  # words that a complex picture's long text has
ADVISED = 125  # characters; longer is advice to look again, never a fault

_WHAT = {
    "en": r"(?:(?:this|the|an?)\s+)?"
    r"(?:image|picture|photo(?:graph)?|graphic|icon|illustration|drawing|screenshot)"
    r"\s+(?:is\s+|that\s+)?(?:of|with|show(?:s|ing)|depict(?:s|ing)|represent(?:s|ing))\b",
    "fr": r"(?:(?:cette|une?|la|le|l['’])\s*)?"
    r"(?:image|photo(?:graphie)?|illustration|icône|dessin|capture d['’]écran)"
    r"\s+(?:qui\s+)?(?:d['’]|(?:de|du|des|avec|montr(?:e|ant)|représent(?:e|ant))\b)",
}
_NAMES_THE_PICTURE = re.compile("|".join(f"(?:{pattern})" for pattern in _WHAT.values()), re.IGNORECASE)
_FILE_NAME = re.compile(r"\S+\.(?:png|jpe?g|webp|gif|svg|avif)", re.IGNORECASE)


def count_words(text: str) -> int:
    """Words: runs of letters and digits."""
    return len(re.findall(r"\w+", text))


def faults(purpose: str, alt: str, long: str) -> list[Message]:
    """What is wrong with the text for that purpose; empty where nothing is."""
    return list(_decorative(alt, long) if purpose == "decorative" else _telling(purpose, alt.strip(), long))


def _decorative(alt: str, long: str) -> Iterator[Message]:
    if alt or long.strip():
        yield message("alt_text.not_empty")


def _telling(purpose: str, alt: str, long: str) -> Iterator[Message]:
    if not any(c.isalpha() for c in alt):
        yield message("alt_text.empty")
        return
    if found := _NAMES_THE_PICTURE.match(alt):
        yield message("alt_text.names_the_picture", words=found.group())
    if _FILE_NAME.fullmatch(alt):
        yield message("alt_text.file_name")
    if purpose == "complex" and (count_words(long) < LONG_AT_LEAST or count_words(long) <= count_words(alt)):
        yield message("alt_text.long_missing", minimum=LONG_AT_LEAST)
    if purpose != "complex" and long.strip():
        yield message("alt_text.long_needless")

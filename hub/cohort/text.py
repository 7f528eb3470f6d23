"""Makes text safe and short enough for a terminal."""

from collections.abc import Sequence


def printable_line(text: object) -> str:
    """Return untrusted text as one line of printable characters, at most 300 of them."""
    line = " ".join(str(text)[:2000].split())
    return "".join(letter for letter in line if letter.isprintable())[:300]


def join_names(names: Sequence[str], limit: int = 10) -> str:
    """Join names for a sentence: at most `limit` of them, or a dash if there are none."""
    more = " …" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more if names else "–"

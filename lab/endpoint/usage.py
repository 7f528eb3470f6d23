"""Counts the tokens read and written, in a way that can be checked by hand.

A token is a word with the white space after it; a picture is one for each 16 x 16 pixels, at most 1024.
"""

import math
import re

MOST_PICTURE_TOKENS = 1024

_WORD = re.compile(r"\S+\s*")


def pieces(text: str) -> list[str]:
    """The text cut into its tokens; joined they are the text again, but for white space at its beginning."""
    return _WORD.findall(text)


def text_tokens(text: str) -> int:
    return len(text.split())


def picture_tokens(width: int, height: int) -> int:
    return min(math.ceil(width / 16) * math.ceil(height / 16), MOST_PICTURE_TOKENS)

"""How texts are compared: by keyed hashes of a few words in a row, which stand reordering and small edits.

A hash has 63 bits and is keyed, so that a cohort's fingerprints say nothing to whoever has no key.
"""

import hashlib
import keyword
import re
from collections.abc import Iterable

from grading.checks.text_rules import plain

TEXT_WORDS = 4  # in a row
PROMPT_WORDS = 2
CODE_TOKENS = 6
COMMENT_WORDS = 3
MAX_SHINGLES = 6000  # of one student and sort
KEYWORDS = frozenset(("none", "true", "false", "print", "range", "len", *map(str.casefold, keyword.kwlist)))

_TOKEN = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)?|[^\w\s]")
_STRING = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"[^\"\n]*\"|'[^'\n]*'", re.DOTALL)


def hashed(words: Iterable[str], key: bytes) -> int:
    """63 bits of some words."""
    digest = hashlib.blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=8, key=key[:64])
    return int.from_bytes(digest.digest()) >> 1


def sentences(text: str) -> list[str]:
    """A text in sentences, as they were typed."""
    return [s.strip() for s in re.split(r"(?<=[.!?;])\s+|\n+", text) if s.strip()]


def text_shingles(text: str, key: bytes) -> set[int]:
    """Of each sentence every four words in a row; shorter ones are anybody's."""
    found: set[int] = set()
    for sentence in sentences(text):
        found |= _rows(re.findall(r"\w+", plain(sentence)), TEXT_WORDS, key)
    return found


def prompt_shingles(text: str, key: bytes) -> set[int]:
    """Of each part between commas every two words in a row, so that parts may be reordered."""
    found: set[int] = set()
    for part in re.split(r"[,.;:!?()\n]+", plain(text)):
        found |= _rows(part.split(), PROMPT_WORDS, key)
    return found


def code_shingles(text: str, key: bytes) -> set[int]:
    """Of code six tokens in a row, whatever its names are; of comments and strings three words in a row."""
    found: set[int] = set()
    said = _STRING.findall(text)
    bare = _STRING.sub(" s ", text)
    said += re.findall(r"#.*", bare)
    for line in said:
        found |= _rows(re.findall(r"\w+", plain(line)), COMMENT_WORDS, key)
    tokens = [_renamed(token) for token in _TOKEN.findall(re.sub(r"#.*", "", bare))]
    return found | _rows(tokens, CODE_TOKENS, key)


def _renamed(token: str) -> str:
    """A name becomes `n`: renaming changes nothing."""
    return token if not token.isidentifier() or token.casefold() in KEYWORDS else "n"


def _rows(words: list[str], length: int, key: bytes) -> set[int]:
    return {hashed(words[i : i + length], key) for i in range(len(words) - length + 1)}

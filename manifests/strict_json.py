"""JSON from outside: bounded in bytes, time and depth, no duplicate keys, only finite numbers.

It is UTF-8; a byte order mark at its beginning is passed over, and one of UTF-16 is believed, for editors
of Windows write both.
"""

import codecs
import json
import re
from collections import Counter
from typing import Any, NoReturn

from manifests.errors import JsonError

MAX_DEPTH = 32

# Strings are matched whole (an unterminated one to the end), so brackets inside them do not count.
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def parse(data: bytes, *, max_bytes: int) -> Any:
    """The value of a JSON document, all of its numbers finite. Raises JsonError and nothing else."""
    if len(data) > max_bytes:
        raise JsonError("json.too_large", kib=max_bytes // 1024)
    try:
        text = decoded(data)
    except UnicodeDecodeError as error:
        raise JsonError("json.utf8", byte=error.start) from error
    if _depth(text) > MAX_DEPTH:
        raise JsonError("json.depth", maximum=MAX_DEPTH)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite_float
        )
    except json.JSONDecodeError as error:
        raise JsonError("json.syntax", line=error.lineno, column=error.colno) from error
    except ValueError as error:  # an integer of thousands of digits
        raise JsonError("json.number") from error
    if r"\u" in text:
        _refuse_lone_surrogates(value)
    return value


def decoded(data: bytes) -> str:
    """The text of a file, without its byte order mark. Raises UnicodeDecodeError."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")


def _depth(text: str) -> int:
    if text.count("[") + text.count("{") <= MAX_DEPTH:  # as good an answer as the depth itself
        return 0
    depth = deepest = 0
    for token in _TOKENS.finditer(text):
        first = token[0][:1]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise JsonError("json.twice", name=twice[:80])
    return table


def _not_finite(name: str) -> NoReturn:
    raise JsonError("json.finite", name=name)


def _finite_float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise JsonError("json.finite", name=digits[:40])
    return number


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise JsonError("json.surrogate") from error

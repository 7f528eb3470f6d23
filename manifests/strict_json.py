"""JSON from outside: bounded in bytes and depth, UTF-8, no duplicate keys, only finite numbers."""

import json
import re
from typing import Any, NoReturn

from manifests.errors import JsonError

MAX_DEPTH = 32

# Strings are matched whole (an unterminated one to the end), so brackets inside them do not count.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def parse(data: bytes, *, max_bytes: int) -> Any:
    """The value of a JSON document, all of its numbers finite. Raises JsonError and nothing else."""
    if len(data) > max_bytes:
        raise JsonError("json.too_large", kib=max_bytes // 1024)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError("json.utf8", byte=error.start) from error
    if _depth(data) > MAX_DEPTH:
        raise JsonError("json.depth", maximum=MAX_DEPTH)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite_float
        )
    except json.JSONDecodeError as error:
        raise JsonError("json.syntax", line=error.lineno, column=error.colno) from error
    except ValueError as error:  # an integer of thousands of digits
        raise JsonError("json.number") from error
    if rb"\u" in data:
        _refuse_lone_surrogates(value)
    return value


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(data):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
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

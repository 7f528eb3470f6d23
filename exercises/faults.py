"""What is wrong in a document from outside: pydantic's findings, worded by the catalogues.

A fault says where (the path of keys) and what was expected there. Assignments and manifests are
both validated this way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from exercises.i18n import Language, translator

Path = tuple[str | int, ...]

_KEYS = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "int_type": "integer",
    "int_from_float": "integer",
    "int_parsing": "integer",
    "int_parsing_size": "integer",
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "finite",
    "string_type": "text",
    "string_unicode": "text",
    "string_pattern_mismatch": "pattern",
    "string_too_short": "text_at_least",
    "string_too_long": "text_at_most",
    "greater_than": "greater_than",
    "greater_than_equal": "at_least",
    "less_than_equal": "at_most",
    "datetime_type": "moment",
    "timezone_aware": "moment",
    "bool_type": "true_or_false",
    "multiple_of": "multiple_of",
    "literal_error": "one_of",
    "dict_type": "table",
    "model_type": "table",
    "list_type": "list",
    "tuple_type": "list",
    "too_short": "items_at_least",
    "too_long": "items_at_most",
    "server_address": "server_address",
    "login": "login",
}


@dataclass(frozen=True)
class Expected:
    """What was expected at a place: a key of the catalogue's `[expected]` and its values."""

    key: str
    values: Mapping[str, object]

    def text(self, language: Language) -> str:
        return translator("exercises", language)(f"expected.{self.key}", **self.values)


@dataclass(frozen=True)
class Fault:
    """One place of a document and what was expected there (several alternatives: any one of them)."""

    path: Path
    expected: tuple[Expected, ...]

    @property
    def field(self) -> str:
        """The path as people write it: `exercises[2].runs.t2i_run02`."""
        text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".")

    def text(self, language: Language) -> str:
        words = translator("exercises", language)("expected.or")
        return f" {words} ".join(dict.fromkeys(e.text(language) for e in self.expected))


def faults(error: ValidationError, document: object) -> list[Fault]:
    """Pydantic's errors as faults, one per place, in the order found.

    Names of union members and model classes in pydantic's locations are left out: a path holds
    only keys and positions of the document itself.
    """
    found: dict[Path, list[Expected]] = {}
    for each in error.errors(include_url=False, include_input=False):
        path = _path_in(document, each["loc"], missing=each["type"] == "missing")
        key = _KEYS.get(each["type"])
        values = dict(each.get("ctx", {}))
        found.setdefault(path, []).append(
            Expected(key, values) if key else Expected("other", {"message": each["msg"]})
        )
    return [Fault(path, tuple(expected)) for path, expected in found.items()]


def _path_in(document: object, location: tuple[str | int, ...], *, missing: bool) -> Path:
    path: list[str | int] = []
    for index, part in enumerate(location):
        is_key = isinstance(document, Mapping) and part in document
        is_item = isinstance(document, list | tuple) and isinstance(part, int) and part < len(document)
        if is_key or is_item:
            document = document[part]  # type: ignore[index]
            path.append(part)
        elif missing and index == len(location) - 1:
            path.append(part)
    return tuple(path)

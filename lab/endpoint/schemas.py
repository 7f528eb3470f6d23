"""JSON Schemas from outside, as far as they are read: OpenAI's own subset for strict answers, and bounded.

A schema is data of a stranger. So only keywords that cost what they look like are taken (no patterns, no
combinations but a few `anyOf`), references stay within the document, and nothing is fetched.
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_NODES = 2000
MOST_ALTERNATIVES = 12  # uses of anyOf: each may double the work
_KEYWORDS = """
$schema $defs $ref definitions type properties required additionalProperties items enum const anyOf title
description default examples format minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems
minLength maxLength
"""
KEYWORDS = frozenset(_KEYWORDS.split())
_NAMED = ("properties", "$defs", "definitions")  # their keys are names, not keywords
_DATA = ("enum", "const", "default", "examples", "required", "type")


class BadSchema(Exception):
    """It is not read; the message says which part, in terms of JSON Schema."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise BadSchema for a schema that is none, or is outside of what is read here."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

    alternatives = 0
    for count, (keyword, value) in enumerate(_keywords(schema), start=1):
        if count > MOST_NODES:
            raise BadSchema(f"> {MOST_NODES}")
        if keyword not in KEYWORDS:
            raise BadSchema(str(keyword)[:60])
        if keyword == "$ref" and not (isinstance(value, str) and value.startswith("#")):
            raise BadSchema("$ref")
        alternatives += keyword == "anyOf"
        if alternatives > MOST_ALTERNATIVES:
            raise BadSchema("anyOf")
    try:
        Draft202012Validator.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        raise BadSchema(str(getattr(error, "json_path", "$"))[:200]) from error


def names_asked(schema: Mapping[str, Any]) -> tuple[list[str], set[str]]:
    """The names of the answer's fields, in order, and which of them it must have. Raises BadSchema."""
    schema = _resolved(schema)
    properties, required = schema.get("properties"), schema.get("required", [])
    if not isinstance(properties, Mapping) or not properties:
        raise BadSchema("properties")
    return list(properties), set(required)


def misfit(value: object, schema: Mapping[str, Any]) -> str | None:
    """Where a value does not fit a checked schema, as a JSON path; None where it fits."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    validator = Draft202012Validator(schema, registry=Registry())
    try:
        error = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError) as broken:
        raise BadSchema("$ref") from broken
    return None if error is None else str(error.json_path)[:200]


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema its first `$ref` names, where it has one."""
    target: Any = schema
    reference = schema.get("$ref")
    if reference is not None:
        for part in str(reference).removeprefix("#").strip("/").split("/"):
            target = target.get(part) if isinstance(target, Mapping) else None
    if not isinstance(target, Mapping):
        raise BadSchema("$ref")
    return target


def _keywords(schema: object) -> Iterator[tuple[str, object]]:
    """Every keyword of a schema and of those within it."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        if not isinstance(part, Mapping):
            continue
        for keyword, value in part.items():
            yield keyword, value
            if keyword in _NAMED:
                waiting += value.values() if isinstance(value, Mapping) else [value]
            elif keyword not in _DATA:
                waiting.append(value)

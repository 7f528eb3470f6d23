"""JSON Schemas from outside, as far as they are read: OpenAI's own subset for strict answers, and bounded.

A schema is data of a stranger. So only keywords that cost what they look like are taken (no patterns, no
combinations but a few `anyOf`), references stay within the document, and nothing is fetched.
"""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_SCHEMAS = 2000  # one within the other
MOST_ALTERNATIVES = 12  # uses of anyOf: each may double the work
MOST_STEPS = 20_000  # references followed and alternatives tried for one value
MOST_DEPTH = 30  # levels of a schema or a value, references among them; OpenAI takes ten
_KEYWORDS = """
$schema $defs $ref definitions type properties required additionalProperties items enum const anyOf title
description default examples format minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems
minLength maxLength
"""
KEYWORDS = frozenset(_KEYWORDS.split())
_NAMED = ("properties", "$defs", "definitions")  # their keys are names, not keywords
_DATA = ("enum", "const", "default", "examples", "required", "type")
_COUNTED = ("$ref", "anyOf", "enum", "properties", "additionalProperties", "items")  # those that take steps


class BadSchema(Exception):
    """It is not read; the message says which part, in terms of JSON Schema."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise BadSchema for a schema that is none, or is outside of what is read here."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

    alternatives = 0
    for count, (part, depth) in enumerate(_schemas(schema), start=1):
        if count > MOST_SCHEMAS:
            raise BadSchema(f"> {MOST_SCHEMAS}")
        if depth > MOST_DEPTH:
            raise BadSchema(f"> {MOST_DEPTH} levels")
        if unknown := [keyword for keyword in part if keyword not in KEYWORDS]:
            raise BadSchema(str(unknown[0])[:60])
        if "$schema" in part and count > 1:  # another dialect within would be read without counting its steps
            raise BadSchema("$schema")
        reference = part.get("$ref", "#")
        if not (isinstance(reference, str) and reference.startswith("#") and _to_a_schema(reference)):
            raise BadSchema("$ref")
        alternatives += "anyOf" in part
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
    """Where a value does not fit a checked schema, as a JSON path; None where it fits.

    Raises BadSchema where references lead nowhere, or to more work than MOST_STEPS or deeper than MOST_DEPTH.
    The depth is counted here, not left to Python's own limit: at that limit the library beneath, which is
    written in Rust, ends in a panic, and that is no Exception.
    """
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import best_match
    from jsonschema.validators import extend  # type: ignore[import-untyped]
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    left, depth = MOST_STEPS, 0

    def counted(keyword: str) -> Any:
        check = Draft202012Validator.VALIDATORS[keyword]

        def follow(validator: Any, told: Any, instance: Any, part: Any) -> Iterator[Any]:
            nonlocal left, depth
            left -= len(told) if isinstance(told, list) else 1
            depth += 1
            if left < 0 or depth > MOST_DEPTH:
                raise BadSchema(keyword)
            try:
                yield from check(validator, told, instance, part) or ()
            finally:  # also where whoever asked wants no further error
                depth -= 1

        return follow

    counting = extend(Draft202012Validator, {each: counted(each) for each in _COUNTED})
    validator = counting(
        {keyword: value for keyword, value in schema.items() if keyword != "$schema"}, registry=Registry()
    )
    try:
        error = best_match(validator.iter_errors(value))
    except (Unresolvable, RecursionError) as broken:
        raise BadSchema("$ref") from broken
    return None if error is None else str(error.json_path)[:200]


def _to_a_schema(reference: str) -> bool:
    """Whether a reference stays out of what is data, where nothing was checked."""
    return "%" not in reference and not set(reference.split("/")) & set(_DATA)


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


def _schemas(schema: object) -> Iterator[tuple[Mapping[str, Any], int]]:
    """A schema and all within it, each with how many schemas it lies in."""
    waiting = [(schema, 0)]
    while waiting:
        part, depth = waiting.pop()
        if isinstance(part, list):
            waiting += [(each, depth) for each in part]
        elif isinstance(part, Mapping):
            yield part, depth
            for keyword, value in part.items():
                if keyword in _NAMED and isinstance(value, Mapping):
                    waiting += [(each, depth + 1) for each in value.values()]
                elif keyword not in _DATA:
                    waiting.append((value, depth + 1))

"""The API's own page: every operation with what goes in and what comes out, made from the description.

It is one HTML document without scripts, in the reader's language; the description itself is `openapi.json`.
"""

import json
from dataclasses import dataclass
from typing import Any

from exercises.i18n import Language
from lab.web.templating import render


@dataclass(frozen=True)
class Operation:
    """One operation as the page shows it. Shapes are fields and their types, a line each."""

    id: str
    method: str
    path: str
    parameters: dict[str, str]
    goes_in: dict[str, str]  # shapes by media type
    comes_out: list[tuple[str, str, str]]  # status, media type, shape


def api_page(description: dict[str, Any], language: Language) -> str:
    """The page of an OpenAPI description whose operations have their words in the catalogue's `[rest]`."""
    operations = [
        _operation(method, path, operation, description)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    return render("api.html.j2", language, operations=operations)


def _operation(method: str, path: str, operation: dict[str, Any], description: dict[str, Any]) -> Operation:
    answers = [
        (status, kind, shape)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for kind, shape in _shapes(answer, description).items()
    ]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path.lstrip("/") or "/",
        parameters={each["name"]: _json(each["schema"]) for each in operation.get("parameters", [])},
        goes_in=_shapes(operation.get("requestBody", {}), description),
        comes_out=answers,
    )


def _shapes(body: dict[str, Any], description: dict[str, Any]) -> dict[str, str]:
    """The shape of each kind of content; what is no JSON is named only."""
    content = body.get("content", {})
    return {kind: _shape(each.get("schema", {}), description) for kind, each in content.items()}


def _shape(schema: dict[str, Any], description: dict[str, Any]) -> str:
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    whole = description.get("components", {}).get("schemas", {}).get(name, schema)
    return "\n".join(f"{field}: {_json(kind)}" for field, kind in whole.get("properties", {}).items())


def _json(schema: Any) -> str:
    return json.dumps(_without_titles(schema), ensure_ascii=False)


def _without_titles(schema: Any) -> Any:
    """Titles repeat the names."""
    if isinstance(schema, dict):
        return {key: _without_titles(value) for key, value in schema.items() if key != "title"}
    return [_without_titles(each) for each in schema] if isinstance(schema, list) else schema

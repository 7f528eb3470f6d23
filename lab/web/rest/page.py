"""The API's own page: every operation with what goes in and what comes out, made from the description.

It is one HTML document without scripts, in the reader's language; the description itself is `openapi.json`.
"""

import json
from typing import Any

from markupsafe import Markup

from exercises.i18n import Language, Translator, translator

PAGE = Markup(
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    "<style>body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 sans-serif }}"
    "pre {{ overflow-x: auto; border: 1px solid; padding: .5rem }}"
    "table {{ border-collapse: collapse; text-align: left }} th, td {{ border: 1px solid; padding: .2rem }}"
    "</style></head><body><main><h1>{title}</h1><p>{intro}</p>"
    '<p><a href="openapi.json">openapi.json</a></p>{operations}</main></body></html>'
)
OPERATION = Markup("<section><h2><code>{method} {path}</code></h2><p>{summary}</p>{parts}</section>")
SCHEMA = Markup('<h3>{title}</h3><pre tabindex="0">{schema}</pre>')
TABLE = Markup("<table><caption>{title}</caption><tbody>{rows}</tbody></table>")
ROW = Markup('<tr><th scope="row"><code>{name}</code></th><td>{schema}</td></tr>')


def api_page(description: dict[str, Any], language: Language) -> str:
    """The page of an OpenAPI description whose operations have their words in the catalogue's `[rest]`."""
    t = translator("lab", language)
    operations = Markup("").join(
        _operation(method, path, operation, description, t)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    )
    return PAGE.format(language=language, title=t("rest.title"), intro=t("rest.intro"), operations=operations)


def _operation(
    method: str, path: str, operation: dict[str, Any], description: dict[str, Any], t: Translator
) -> Markup:
    parts = [_parameters(operation, t)]
    body = operation.get("requestBody")
    if body:
        parts.append(_schema(t("rest.goes_in"), body["content"], description))
    for status, answer in operation["responses"].items():
        if status.startswith("2") and answer.get("content"):
            parts.append(_schema(t("rest.comes_out", status=status), answer["content"], description))
    return OPERATION.format(
        method=method.upper(),
        path=path.lstrip("/") or "/",
        summary=t(f"rest.{operation['operationId']}"),
        parts=Markup("").join(parts),
    )


def _parameters(operation: dict[str, Any], t: Translator) -> Markup:
    rows = Markup("").join(
        ROW.format(name=each["name"], schema=json.dumps(_plain(each["schema"]), ensure_ascii=False))
        for each in operation.get("parameters", [])
    )
    return TABLE.format(title=t("rest.parameters"), rows=rows) if rows else Markup("")


def _schema(title: str, content: dict[str, Any], description: dict[str, Any]) -> Markup:
    """The shape of each kind of content; what is no JSON is named only."""
    return Markup("").join(
        SCHEMA.format(title=f"{title} {kind}", schema=_shape(each.get("schema", {}), description))
        for kind, each in content.items()
    )


def _shape(schema: dict[str, Any], description: dict[str, Any]) -> str:
    """Fields and their types, on one line each."""
    name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
    whole = description.get("components", {}).get("schemas", {}).get(name, schema)
    fields = whole.get("properties", {})
    return "\n".join(
        f"{field}: {json.dumps(_plain(kind), ensure_ascii=False)}" for field, kind in fields.items()
    )


def _plain(schema: Any) -> Any:
    """Without titles, which repeat the names."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "title"}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema

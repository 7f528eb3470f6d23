"""The published JSON Schema is the model's, and manifests on disk keep to it."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from manifests.schema import manifest_schema
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture

DOCS = Path(__file__).parents[2] / "docs"


def test_the_published_schema_is_current():
    published = json.loads((DOCS / "manifest.schema.json").read_text(encoding="utf-8"))
    assert published == manifest_schema(), "run: python -m manifests.schema > docs/manifest.schema.json"


def test_a_manifest_on_disk_keeps_to_the_schema(store: Store):
    record = store.save(make_draft(), make_picture())
    document = json.loads(record.manifest_path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(manifest_schema())
    validator = Draft202012Validator(manifest_schema())
    validator.validate(document)
    for key in document:
        with pytest.raises(ValidationError):
            validator.validate({name: value for name, value in document.items() if name != key})
    with pytest.raises(ValidationError):
        validator.validate(document | {"points": 20})


def test_every_field_is_explained_in_the_document():
    text = (DOCS / "manifest.md").read_text(encoding="utf-8")
    schema = manifest_schema()
    names = set(schema["properties"])
    for part in schema["$defs"].values():
        names |= set(part["properties"])
    assert {name for name in names if f"`{name}`" not in text} == set()

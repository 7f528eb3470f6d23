"""The published JSON Schema is the model's, and manifests on disk keep to it."""

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from manifests.manifest import ApiRequest, Charge
from manifests.notebook import Notebook
from manifests.schema import SCHEMAS, manifest_schema, notebook_schema
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture
from tests.manifests.notebooks import ALT_TEXT, CONCLUSION, CORRECTION, record

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_current(name: str):
    published = json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert published == SCHEMAS[name](), f"python -m manifests.schema {name} > docs/{name}.schema.json"


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


def test_an_apis_picture_keeps_to_the_schema(store: Store):
    charge = Charge(amount=None, currency="USD", origin="unknown", usage={"images": 1})
    draft = replace(make_draft(), request=ApiRequest(mode="text2img", prompt="a bag"), cost=charge)
    out = BytesIO()
    make_picture().save(out, "WEBP", lossless=True)
    record = store.save(draft, out.getvalue())
    assert record.image_path.read_bytes() == out.getvalue()
    document = json.loads(record.manifest_path.read_text(encoding="utf-8"))
    Draft202012Validator(manifest_schema()).validate(document)
    assert (document["request"]["seed"], document["cost"]["amount"]) == (None, None)


def test_an_entry_on_disk_keeps_to_the_schema(work: Path):
    notebook = Notebook(work, "api-analysis", "ada")
    record(notebook, data={"present": ["a bag"]})
    for said in (CORRECTION, ALT_TEXT, CONCLUSION):
        notebook.write("exercise", said)
    Draft202012Validator.check_schema(notebook_schema())
    validator = Draft202012Validator(notebook_schema())
    for path in notebook.analyses.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        validator.validate(document)
        for key in document:
            with pytest.raises(ValidationError):
                validator.validate({name: value for name, value in document.items() if name != key})
        with pytest.raises(ValidationError):
            validator.validate(document | {"points": 20})


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_explained_in_the_document(name: str):
    text = (DOCS / "manifest.md").read_text(encoding="utf-8")
    schema = SCHEMAS[name]()
    names = set(schema.get("properties", ()))
    for part in schema["$defs"].values():
        names |= set(part.get("properties", ()))
    assert {name for name in names if f"`{name}`" not in text} == set()

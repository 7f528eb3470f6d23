"""The JSON Schemas of what is written beside pictures and in the notebook, made from the models.

python -m manifests.schema manifest > docs/manifest.schema.json
python -m manifests.schema notebook > docs/notebook.schema.json
"""

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from manifests.analysis import Entry
from manifests.manifest import Manifest

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what the store writes."""
    return {
        "$schema": DRAFT,
        **Manifest.model_json_schema(by_alias=True, mode="serialization"),
        "title": "genai-lab/manifest/1",
    }


def notebook_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of an entry of the notebook: an analysis, or the student's words."""
    schema = TypeAdapter(Entry).json_schema(by_alias=True, mode="serialization")
    return {"$schema": DRAFT, **schema, "title": "genai-lab/analysis/1, genai-lab/words/1"}


SCHEMAS = {"manifest": manifest_schema, "notebook": notebook_schema}


def main() -> None:
    print(json.dumps(SCHEMAS[sys.argv[1]](), indent=2))


if __name__ == "__main__":
    main()

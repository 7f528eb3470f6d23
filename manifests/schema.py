"""The manifest's JSON Schema, made from the model.

python -m manifests.schema > docs/manifest.schema.json
"""

import json
from typing import Any

from manifests.manifest import Manifest


def manifest_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12, of what the store writes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Manifest.model_json_schema(by_alias=True, mode="serialization"),
        "title": "genai-lab/manifest/1",
    }


def main() -> None:
    print(json.dumps(manifest_schema(), indent=2))


if __name__ == "__main__":
    main()

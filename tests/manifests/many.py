"""A work folder with thousands of records, written without saving each picture by itself."""

from datetime import UTC, datetime
from pathlib import Path

from manifests.chain import sealed
from manifests.manifest import Image
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture


def many_records(store: Store, count: int) -> None:
    """Records `run0`, `run1` … in one whole chain, all with the picture of the first."""
    first = store.save(make_draft("run0"), make_picture())
    picture, facts = first.image_path.read_bytes(), first.manifest.image.model_dump()
    previous = first.manifest.digest
    for number in range(1, count):
        draft = make_draft(f"run{number}")
        facts["file"] = f"run{number}.png"
        manifest = sealed(
            student=store.student,
            assignment=store.assignment,
            attempt=1,
            time=datetime.now(UTC),
            image=Image(**facts),
            sequence=number + 1,
            previous=previous,
            **vars(draft),
        )
        previous = manifest.digest
        (store.outputs / facts["file"]).write_bytes(picture)
        path: Path = store.outputs / f"run{number}.json"
        path.write_text(manifest.model_dump_json(by_alias=True, indent=2), encoding="utf-8")

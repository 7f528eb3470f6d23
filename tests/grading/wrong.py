"""Ways to spoil a good submission. Each takes the student's store and changes what is on disk."""

import io
import json
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from exercises.kinds.base import Run
from exercises.loader import find_assignment
from manifests import chain
from manifests.answers import load_answers, save_answers
from manifests.png import pixels_sha256
from manifests.reader import read_manifest
from manifests.store import Store
from tests.grading.good import SIDE, draft_of, noise

Spoil = Callable[[Store], None]

TP2 = find_assignment("tp2")
RUN = "t2i_run04_guid4"


def planned(run_id: str) -> tuple[str, Run]:
    """The exercise's id and the run."""
    return next((e.id, r) for e, r in TP2.planned_runs() if r.id == run_id)


# --- manifests


def edit(store: Store, stem: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest's JSON as with an editor."""
    path = store.outputs / f"{stem}.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def reseal(store: Store) -> None:
    """Make the whole chain anew, as a student with a script could."""
    paths = sorted(store.outputs.glob("*.json"), key=lambda p: json.loads(p.read_bytes())["sequence"])
    previous = None
    for path in paths:
        manifest = read_manifest(path.read_bytes()).model_copy(update={"previous": previous})
        previous = chain.digest(manifest)
        sealed = manifest.model_copy(update={"digest": previous})
        path.write_bytes(sealed.model_dump_json(by_alias=True).encode())


def set_request(stem: str = RUN, **changes: object) -> Spoil:
    return lambda store: edit(store, stem, lambda d: d["request"].update(changes))


def set_field(stem: str = RUN, **changes: object) -> Spoil:
    return lambda store: edit(store, stem, lambda d: d.update(changes))


def overwrite(name: str, data: bytes) -> Spoil:
    """Replace a file below the assignment's folder."""
    return lambda store: void((store.folder / name).write_bytes(data))


def remove(*names: str) -> Spoil:
    def spoil(store: Store) -> None:
        for name in names:
            (store.folder / name).unlink()

    return spoil


def void(_: object) -> None:
    return None


def huge(name: str, size: int = 200 * 2**20) -> Spoil:
    """A file of 200 MB that costs no disk."""
    return lambda store: os.truncate(store.folder / name, size)


# --- pictures


def again(run_id: str = RUN, picture: Image.Image | None = None, **changes: Any) -> Spoil:
    """Another attempt at a run, recorded by the store itself, with other parameters or another picture."""

    def spoil(store: Store) -> None:
        exercise, run = planned(run_id)
        source = next((r.manifest.request.source for r in store.records() if r.manifest.run == run_id), None)
        store.save(draft_of(exercise, run, source, **changes), picture or noise(99_000))

    return spoil


def forge(data: bytes, *, claim: tuple[int, int] = (SIDE, SIDE)) -> Spoil:
    """Put other bytes in a picture's place and make manifest and chain agree with them as far as they can."""

    def spoil(store: Store) -> None:
        from hashlib import sha256

        (store.outputs / f"{RUN}.png").write_bytes(data)
        facts: dict[str, Any] = {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        facts |= {"width": claim[0], "height": claim[1]}
        try:
            facts["pixels_sha256"] = pixels_sha256(Image.open(io.BytesIO(data)))
        except Exception:
            facts["pixels_sha256"] = "0" * 64
        edit(store, RUN, lambda d: d["image"].update(facts))
        reseal(store)

    return spoil


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing like it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def truncated(store: Store) -> None:
    path = store.outputs / f"{RUN}.png"
    path.write_bytes(path.read_bytes()[:-500])


def reencoded(store: Store) -> None:
    path = store.outputs / f"{RUN}.png"
    with Image.open(path) as picture:
        picture.load()
        path.write_bytes(png(picture))


def same_picture_twice(store: Store) -> None:
    picture = noise(77_000)
    again("t2i_run04_guid4", picture)(store)
    again("t2i_run05_guid12", picture)(store)


# --- links, devices, folders


def link(name: str, target: Path) -> Spoil:
    def spoil(store: Store) -> None:
        path = store.folder / name
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return spoil


def pipe(name: str) -> Spoil:
    def spoil(store: Store) -> None:
        (store.folder / name).unlink(missing_ok=True)
        os.mkfifo(store.folder / name)

    return spoil


def linked_outputs(store: Store) -> None:
    elsewhere = store.folder.parent.parent.parent / "elsewhere-outputs"
    store.outputs.rename(elsewhere)
    store.outputs.symlink_to(elsewhere)


def linked_assignment(store: Store) -> None:
    elsewhere = store.folder.parent.parent.parent / "elsewhere-tp2"
    store.folder.rename(elsewhere)
    store.folder.symlink_to(elsewhere)


def assignment_is_a_file(store: Store) -> None:
    shutil.rmtree(store.folder)
    store.folder.write_text("here should be a folder")


def outputs_is_a_file(store: Store) -> None:
    for path in store.outputs.iterdir():
        path.unlink()
    store.outputs.rmdir()
    store.outputs.write_text("here should be a folder")


# --- answers


def score(value: object) -> Spoil:
    def spoil(store: Store) -> None:
        document = json.loads((store.folder / "answers.json").read_bytes())
        document["evaluations"]["baseline"]["scores"]["artifacts"] = value
        document["evaluations"]["baseline"]["total"] = None
        (store.folder / "answers.json").write_text(json.dumps(document))

    return spoil


def extra_score(criterion: str) -> Spoil:
    """A valid score for one more criterion, in the answer about the baseline."""

    def spoil(store: Store) -> None:
        scores = load_answers(store.folder).evaluations["baseline"].scores
        answer(scores=scores | {criterion: 1}, total=None)(store)

    return spoil


def answer(**changes: object) -> Spoil:
    """Change the answer about the baseline."""

    def spoil(store: Store) -> None:
        answers = load_answers(store.folder)
        changed = answers.evaluations["baseline"].model_copy(update=changes)
        save_answers(
            store.folder,
            answers.model_copy(update={"evaluations": answers.evaluations | {"baseline": changed}}),
        )

    return spoil


def reflection(text: str) -> Spoil:
    def spoil(store: Store) -> None:
        answers = load_answers(store.folder)
        save_answers(store.folder, answers.model_copy(update={"reflection": text}))

    return spoil


# --- zips


def zipped(folder: Path, target: Path, *, inside: str = "") -> None:
    """Zip a work folder as a file manager would."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                archive.write(path, inside + str(path.relative_to(folder)))

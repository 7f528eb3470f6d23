"""`genai-lab verify`: make recorded images again and compare."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from exercises.errors import CatalogueError
from exercises.i18n import Translator, decimal, preferred_language, translator
from grading.results import Regeneration
from lab.engine.protocol import Engine
from lab.records.verify import adapters_of
from lab.records.verify import verify as verify_record
from manifests.adapters import FOLDER as ADAPTERS
from manifests.adapters import MAX_BYTES as MOST_OF_ADAPTER
from manifests.errors import ManifestError
from manifests.manifest import Adapter, Source
from manifests.pictures import MAX_BYTES
from manifests.reader import read_manifest_file, read_regular_file

GOOD = ("identical", "compatible")


class NothingToVerify(CatalogueError):
    """There is no manifest at that place."""

    package = "lab"


def verify(
    place: Annotated[
        Path, typer.Argument(metavar="MANIFEST_OR_DIR", help="A manifest, or a folder with manifests.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make recorded images again and compare. Exits with 1 unless all are identical or compatible."""
    language = preferred_language()
    t = translator("lab", language)
    files = [place] if place.is_file() else list(_manifest_files(place))
    if not files:
        raise NothingToVerify("verify.nothing", place=place)
    if files == [place]:
        read_manifest_file(place)  # bad input is said before anything is loaded

    from lab.engine.local import LocalEngine

    engine = LocalEngine()
    found: list[tuple[Path, Regeneration]] = []
    try:
        with Console(stderr=True).status("") as status:
            for number, file in enumerate(files, start=1):
                status.update(t("verify.working", number=number, count=len(files), stem=file.stem))
                found.append((file, _verified(file, engine)))
                if not as_json:
                    typer.echo(_said(found[-1][1], t))
    finally:
        engine.close()
    if as_json:
        verdicts = [{"manifest": str(file)} | each.model_dump() for file, each in found]
        typer.echo(json.dumps({"manifests": verdicts}, ensure_ascii=False, indent=2))
    raise typer.Exit(int(any(each.verdict not in GOOD for _, each in found)))


def _manifest_files(folder: Path) -> Iterator[Path]:
    """The manifests of an outputs folder, an assignment's folder, or a whole work folder."""
    for pattern in ("*.json", "outputs/*.json", "*/outputs/*.json"):
        files = sorted(file for file in folder.glob(pattern) if not file.is_symlink())
        if pattern == "*.json" and (folder / "outputs").is_dir():
            continue  # an assignment's folder: what lies beside `outputs` is no manifest
        if files:
            yield from files
            return


def _verified(file: Path, engine: Engine) -> Regeneration:
    language = preferred_language()
    try:
        manifest = read_manifest_file(file)
    except ManifestError as error:
        causes = (error.in_language(language),)
        return Regeneration(stem=file.stem, verdict="not checkable", causes=causes)
    image = _read(file.parent / manifest.image.file)
    source, mask = (_input(file, kept) for kept in (manifest.request.source, manifest.request.mask))
    adapters = [_adapter(file, kept) for kept in adapters_of(manifest)]
    return verify_record(manifest, image, source, engine, mask=mask, adapters=adapters, language=language)


def _input(file: Path, kept: Source | None) -> bytes | None:
    """A source or a mask, which lies in `inputs` beside `outputs`."""
    return _read(file.parent.parent / "inputs" / kept.file) if kept else None


def _adapter(file: Path, kept: Adapter) -> bytes | None:
    """What a picture was drawn with, which lies in `adapters` beside `outputs`."""
    return _read(file.parent.parent / ADAPTERS / kept.file, MOST_OF_ADAPTER)


def _read(file: Path, most: int = MAX_BYTES) -> bytes | None:
    try:
        return read_regular_file(file, most)
    except OSError:
        return None


def _said(each: Regeneration, t: Translator) -> str:
    lines = [f"{each.stem}  {t('verify.' + each.verdict.replace(' ', '_'))}"]
    if each.psnr is not None:
        lines[0] += f"  {decimal(f'{each.psnr:.1f}', t.language)} dB"
    return "\n  ".join([*lines, *each.causes])

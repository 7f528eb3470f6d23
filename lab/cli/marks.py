"""`genai-lab marks`: what pictures declare of their origin, and whether it holds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from exercises.errors import CatalogueError, SystemReason
from exercises.i18n import Translator, labelled, preferred_language, translator
from grading.wording import shown
from lab.records.content_credentials import MAX_SIDECAR, ContentCredentials
from lab.records.marks import Marks, in_words, marks_of, term_in_words
from manifests.errors import PictureError
from manifests.pictures import MAX_BYTES
from manifests.reader import read_regular_file

MAX_ROOT = 64 * 1024


class MarksError(CatalogueError):
    """A file that was named cannot be used."""

    package = "lab"


def marks(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="One picture or more.")],
    trust: Annotated[
        Path | None,
        typer.Option(metavar="ROOT.pem", help="The certificate of a gateway whose signature is to count."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """What pictures declare of their origin. Exits with 1 where a mark does not hold."""
    t = translator("lab", preferred_language())
    root = _root(trust) if trust else None
    found = [(image, _marks(image, root)) for image in images]
    if as_json:
        told = [_as_json(image, each) for image, each in found]
        typer.echo(json.dumps({"images": told}, ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_said(image, each, t) for image, each in found))
    raise typer.Exit(int(not all(each.hold for _, each in found)))


def _marks(image: Path, root: str | None) -> Marks:
    beside = image.with_suffix(".c2pa")
    signed = _read(beside, MAX_SIDECAR) if beside.is_file() else None
    data = _read(image, MAX_BYTES)
    try:
        return marks_of(data, signed, root)
    except PictureError as error:
        raise MarksError("marks.no_picture", file=image, reason=error) from error


def _read(file: Path, most: int) -> bytes:
    try:
        data = read_regular_file(file.resolve(), most)
    except OSError as error:
        raise MarksError("marks.unreadable", file=file, reason=SystemReason(error)) from None
    if len(data) > most:
        raise MarksError("marks.too_large", file=file, mib=most // 2**20)
    return data


def _root(file: Path) -> str:
    data = _read(file, MAX_ROOT)
    try:
        x509.load_pem_x509_certificates(data)
        return data.decode()
    except ValueError as error:
        raise MarksError("marks.no_root", file=file) from error


def _as_json(image: Path, each: Marks) -> dict[str, object]:
    return {
        "image": str(image),
        "format": each.format,
        "generated": each.generated,
        "holds": each.hold,
        "marks": [asdict(mark) for mark in each.found],
        "credentials": asdict(each.credentials) if each.credentials else None,
    }


def _said(image: Path, each: Marks, t: Translator) -> str:
    summary = "generated" if each.generated else "other" if each.found else "nothing"
    lines = [labelled(shown(image, 300), t(f"marks.{summary}"), t.language)]
    for mark in each.found:
        lines += _credentials(each, t) if mark.kind == "credentials" else [in_words(mark, t)]
    return "\n  ".join(lines)


def _credentials(each: Marks, t: Translator) -> list[str]:
    found = each.credentials or ContentCredentials("unchecked")
    if found.elsewhere:
        return [t("marks.credentials.elsewhere")]
    lines = [t(f"marks.credentials.{found.state}", signer=found.signer or "?", codes=", ".join(found.codes))]
    if found.state == "holds":
        known = "unasked" if found.trusted is None else "known" if found.trusted else "unknown"
        lines.append(t(f"marks.signer.{known}"))
    if each.only_rewritten:
        lines.append(t("marks.credentials.rewritten"))
    lines += [t("marks.credentials.says", says=term_in_words(term, t)) for term in found.source_types]
    if found.model:
        lines.append(t("marks.credentials.model", model=found.model))
    if found.sources:
        lines.append(t("marks.credentials.sources", count=found.sources))
    return lines

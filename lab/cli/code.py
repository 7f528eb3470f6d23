"""`genai-lab code`: an image as a short Python script."""

from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import CatalogueError
from exercises.i18n import preferred_language
from grading.wording import shown
from lab.records.code import python_script
from manifests.errors import ManifestError
from manifests.reader import read_manifest_file


class NoManifest(CatalogueError):
    """The file is none that the lab wrote beside an image."""

    package = "lab"


def code(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="The JSON file beside an image.")],
) -> None:
    """Print an image as a short Python script on diffusers alone, which makes it again."""
    try:
        read = read_manifest_file(manifest)
    except ManifestError as error:
        raise NoManifest("code.no_manifest", file=shown(manifest, 300), reason=error) from error
    typer.echo(python_script(read, preferred_language()), nl=False)

"""`genai-lab code`: an image as a short Python script."""

from pathlib import Path
from typing import Annotated

import typer

from exercises.i18n import preferred_language
from lab.records.code import python_script
from manifests.reader import read_manifest_file


def code(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="The JSON file beside an image.")],
) -> None:
    """Print an image as a short Python script on diffusers alone, which makes it again."""
    typer.echo(python_script(read_manifest_file(manifest), preferred_language()), nl=False)

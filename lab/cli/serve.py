"""`genai-lab serve`: the lab in a browser."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from exercises.errors import SystemReason
from exercises.i18n import preferred_language, translator
from lab.web.server import serve as serve_lab
from lab.web.server import server_settings
from manifests.settings import WorkSettings
from manifests.work_folder import refusal


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 7860]")] = None,
    work: Annotated[Path | None, typer.Option(help="The work folder. [default: work]")] = None,
) -> None:
    """Open the lab in a browser: prints its address, and serves it until you press Ctrl-C."""
    asked: dict[str, Any] = {"host": host, "port": port}
    settings = server_settings(**{name: value for name, value in asked.items() if value is not None})
    place = WorkSettings() if work is None else WorkSettings(work=work)
    t = translator("lab", preferred_language())
    console = Console(highlight=False)
    refused = refusal(place.work)
    if refused is not None:
        said = t("serve.read_only", folder=place.work, reason=SystemReason(refused))
        Console(stderr=True, highlight=False).print(said, markup=False, soft_wrap=True)
    serve_lab(settings, place, ready=lambda address: console.print(t("serve.ready", address=address)))

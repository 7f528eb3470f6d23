"""`genai-lab comfy`: ComfyUI's protocol over the bundled model."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from exercises.i18n import preferred_language, translator
from lab.comfyui.server import serve_comfyui
from lab.web.server import listen
from manifests.settings import WorkSettings


def comfy(
    host: Annotated[str, typer.Option(help="Where it listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = 8188,
    folder: Annotated[
        Path | None, typer.Option(help="Where pictures are kept. [default: <work>/.cache/comfyui]")
    ] = None,
) -> None:
    """Serve the bundled model to ComfyUI's clients, until you press Ctrl-C."""
    t = translator("lab", preferred_language())
    console = Console(highlight=False, soft_wrap=True)
    listener = listen(host, port)
    address = f"http://{host}:{listener.getsockname()[1]}"
    place = folder or WorkSettings().work / ".cache" / "comfyui"
    serve_comfyui(listener, host, place, lambda: console.print(t("comfyui.ready", address=address)))

"""`genai-lab api`: the bundled OpenAI-compatible endpoint alone."""

from typing import Annotated, Any

import typer
from rich.console import Console

from exercises.errors import CatalogueError
from exercises.i18n import preferred_language, translator
from lab.endpoint.server import ApiSettings, new_token, serve_endpoint
from lab.engine.local import LocalEngine
from lab.web.server import listen

SHORTEST = 8  # characters of a token
HOST = "127.0.0.1"


class BadToken(CatalogueError):
    """The token is too short to keep anyone out."""

    package = "lab"


def api(
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 7870]")] = None,
    token: Annotated[
        str | None,
        typer.Option(
            help="The bearer token clients must send. Better: GENAI_API_TOKEN. [default: a new one]"
        ),
    ] = None,
) -> None:
    """Serve the bundled model to OpenAI clients on this machine, until you press Ctrl-C."""
    asked: dict[str, Any] = {"api_port": port, "api_token": token}
    settings = ApiSettings(**{name: value for name, value in asked.items() if value is not None})
    given = settings.api_token.get_secret_value().strip() if settings.api_token else ""
    if given and len(given) < SHORTEST:
        raise BadToken("endpoint.short_token", minimum=SHORTEST)
    t = translator("lab", preferred_language())
    console = Console(highlight=False, soft_wrap=True)
    server = listen(HOST, settings.api_port)
    address = f"http://{HOST}:{server.getsockname()[1]}/v1"
    secret = given or new_token()

    def ready() -> None:
        console.print(t("endpoint.ready", address=address))
        if not given:
            console.print(t("endpoint.made_token", token=secret), markup=False)

    serve_endpoint(server, secret, LocalEngine(), ready)

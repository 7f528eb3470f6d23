"""`genai-lab desk`: the pages on which a person judges what only people can, over a folder of submissions."""

import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from exercises.i18n import preferred_language, translator
from exercises.loader import find_assignment
from grading.class_.grade import GradingError, grade_class
from grading.desk.app import build_desk, open_desk
from grading.desk.visit import HIDDEN
from grading.feedback.publishing import GatewayCarrier
from grading.wording import shown
from lab.session.gateway import gateway_token
from lab.session.settings import LabSettings
from lab.web.server import address, listen

GRACE = 2  # seconds that what is under way gets when the desk is closed


def desk(
    submissions: Annotated[Path, typer.Argument(help="A folder with one folder or zip per student.")],
    assignment: Annotated[str, typer.Option(help="The assignment's id.")],
    out: Annotated[Path, typer.Option(help="Where the grades are, and the marks are kept.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 7890,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="Hide the names until somebody releases them.")
    ] = False,
    gateway: Annotated[
        str | None,
        typer.Option(help="The class's gateway, by which feedback reaches labs (GENAI_GATEWAY)."),
    ] = None,
) -> None:
    """Judge what only a person can, in the browser, until you press Ctrl-C.

    Submissions that have no grade yet are graded first. Marks are kept in OUT/marks.sqlite; grade again for
    the reports and tables.
    """
    language = preferred_language()
    t = translator("lab", language)
    chosen = find_assignment(assignment)
    if not submissions.is_dir():
        raise GradingError("grade.no_folder", folder=shown(submissions))
    token = secrets.token_urlsafe(24)
    url = gateway or LabSettings().gateway
    carrier = GatewayCarrier(url, gateway_token().get_secret_value()) if url else None
    opened = open_desk(submissions, chosen, out, token, language, carrier)
    if opened.seats.ungraded or not opened.seats.current():
        grade_class(submissions, chosen, out, language=language)
    if anonymous:
        opened.seats.store.set(HIDDEN, "yes")
    server = listen(host, port)
    console = Console(highlight=False, soft_wrap=True)

    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            console.print(t("desk.ready", address=f"{address(server, '')}?token={token}"), markup=False)
            console.print(t("desk.stop"), markup=False)

    config = uvicorn.Config(
        build_desk(opened), log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE
    )
    Server(config).run(sockets=[server])

"""`genai-lab mcp`: the lab as tools of an agent, on stdin and stdout."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import MissingExtra
from exercises.i18n import preferred_language
from lab.session.opening import open_lab
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings


def mcp(work: Annotated[Path | None, typer.Option(help="The work folder. [default: work]")] = None) -> None:
    """Give the lab to an agent as tools (Model Context Protocol), on stdin and stdout, until these close.

    What it makes is recorded in the work folder like any other picture, marked as made through it. An
    assignment may forbid it.
    """
    if find_spec("mcp") is None:
        raise MissingExtra("mcp", "mcp")
    from lab.agent.server import build_server

    lab = open_lab(LabSettings(), WorkSettings() if work is None else WorkSettings(work=work))
    try:
        build_server(lab, preferred_language()).run("stdio")
    finally:
        lab.close()

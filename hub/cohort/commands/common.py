"""What the cohort commands share: their options, the connection to the Hub, tables and a progress bar."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from exercises.i18n import Translate, preferred_language, translator
from hub.cohort.client import HubClient
from hub.cohort.settings import CohortSettings

T = TypeVar("T")
FILE_WIDTH = 200  # characters of a table that is not shown in a terminal

# Options that several commands have.
HubUrl = Annotated[
    str | None,
    typer.Option("--hub", help="The Hub's address (GENAI_HUB_URL). [default: http://127.0.0.1:8000]"),
]
StateFolder = Annotated[
    Path | None, typer.Option(help="The hub's state folder, which holds the token. [default: hub-state]")
]
GroupOption = Annotated[str | None, typer.Option("--group", help="Only the students of this group.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AssignmentOption = Annotated[str, typer.Option("--assignment", help="The assignment's id.")]
AssignmentArgument = Annotated[str, typer.Argument(help="The assignment's id.")]


def with_hub(url: str | None, state: Path | None, work: Callable[[HubClient], Awaitable[T]]) -> T:
    """Run `work` with a client of the Hub that the options and settings name. Raises UserError."""
    options: dict[str, Any] = {"url": url, "state": state}
    settings = CohortSettings(**{name: value for name, value in options.items() if value is not None})
    address, token = settings.address(), settings.secret()

    async def connected() -> T:
        async with HubClient(address, token, state=settings.state) as hub:
            return await work(hub)

    return asyncio.run(connected())


def texts() -> Translate:
    return translator("hub", preferred_language())


def print_lines(*lines: str) -> None:
    """Print lines on stdout without interpreting rich's markup."""
    console = Console(highlight=False)
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=1))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    console.print(table)


def progress_bar() -> Progress:
    """Return a progress bar, which is shown on stderr and only in a terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )

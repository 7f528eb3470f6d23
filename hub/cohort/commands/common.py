"""What all the commands share: where the Hub is, the options, tables and a progress bar."""

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
from hub.cohort.client import Hub
from hub.cohort.settings import CohortSettings

T = TypeVar("T")
WIDE = 200

HubUrl = Annotated[
    str | None,
    typer.Option("--hub", help="The Hub's address (GENAI_HUB_URL). [default: http://127.0.0.1:8000]"),
]
State = Annotated[
    Path | None, typer.Option(help="The hub's state folder, which holds the token. [default: hub-state]")
]
InGroup = Annotated[str | None, typer.Option("--group", help="Only the students of this group.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
OfAssignment = Annotated[str, typer.Option("--assignment", help="The assignment's id.")]


def with_hub(url: str | None, state: Path | None, work: Callable[[Hub], Awaitable[T]]) -> T:
    """What `work` gives, done at the Hub that options and settings name. Raises UserError."""
    asked: dict[str, Any] = {"url": url, "state": state}
    settings = CohortSettings(**{name: value for name, value in asked.items() if value is not None})
    address, token = settings.address(), settings.secret()

    async def connected() -> T:
        async with Hub(address, token) as hub:
            return await work(hub)

    return asyncio.run(connected())


def texts() -> Translate:
    return translator("hub", preferred_language())


def say(*lines: str) -> None:
    """On stdout, as it stands: names are no markup."""
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
        console.width = WIDE  # a file has no edge
    console.print(table)


def progress_bar() -> Progress:
    """On stderr, and only for a person who watches it."""
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

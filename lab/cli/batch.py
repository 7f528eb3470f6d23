"""`genai-lab batch`: a list of pictures out of a CSV file, drawn in the background and recorded."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from exercises.errors import SystemReason
from exercises.i18n import preferred_language, translator
from exercises.loader import find_assignment
from lab.cli.stopping import STOPPED, interrupt_stops
from lab.engine.protocol import Failed
from lab.jobs.batch import AT_ONCE, Batch, keep, read_batch
from lab.jobs.batch_list import MOST_BYTES, BatchError
from lab.jobs.running import Runs
from lab.records.batch_table import table
from lab.records.export import zip_into
from lab.session.gateway import engine_for
from lab.session.settings import LabSettings
from lab.ui.sheets.batch_sheet import contact_sheet
from manifests.atomic import write_atomic
from manifests.reader import read_regular_file
from manifests.settings import WorkSettings
from manifests.store import Record, Store

LOOK_EVERY = 0.1  # seconds


def batch(
    file: Annotated[Path, typer.Argument(metavar="LIST.csv", help="A picture a row; `prompt` and others.")],
    assignment: Annotated[str, typer.Option(help="The assignment to whose studio they belong.")] = "tp2",
    work: Annotated[Path | None, typer.Option(help="The work folder.")] = None,
    model: Annotated[str | None, typer.Option(help="A model of 'genai-lab models list'.")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Write a contact sheet (PNG) here.")] = None,
    archive: Annotated[Path | None, typer.Option("--zip", help="Write pictures and manifests here.")] = None,
    rows: Annotated[
        Path | None, typer.Option("--table", help="Write the list with its results here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Draw a list of pictures; what is there already is not drawn again.

    Exits with 1 where some are missing.
    """
    language = preferred_language()
    t = translator("lab", language)
    place, model = WorkSettings(), model or LabSettings().model
    chosen = find_assignment(assignment)
    store = Store(work or place.work, chosen.id, place.student)
    data = _read(file)
    asked = read_batch(chosen, file.name, data)
    engine = engine_for(LabSettings())
    try:
        before = len(asked.made(store, model))
        tasks = asked.tasks(store, engine, model)
        keep(store, asked, data)
        running = Runs().start(asked.exercise, tasks, AT_ONCE)
        with (
            interrupt_stops(running.stop) as interrupted,
            drawing_bar(len(asked.rows), before, asked.name) as show,
        ):
            while not running.finished:
                show(before + len(running.stored))
                time.sleep(LOOK_EVERY)
            show(before + len(running.stored))
    finally:
        engine.close()
    made = asked.made(store, model)
    if sheet and (drawn := contact_sheet(t, asked, made)):
        write_atomic(sheet, drawn)
    if archive:
        zip_into(archive, made.values())
    if rows:
        write_atomic(rows, table(asked, made))
    if as_json:
        typer.echo(json.dumps(_document(chosen.id, asked, made, model), ensure_ascii=False, indent=2))
    else:
        said = t(
            "batch.saved", done=len(made), count=len(asked.rows), name=asked.name, new=len(made) - before
        )
        typer.echo(said)
    if isinstance(running.event, Failed):
        typer.echo(running.event.text(language), err=True)
    if interrupted.is_set():
        typer.echo(t("batch.stopped"), err=True)
        raise typer.Exit(STOPPED)
    raise typer.Exit(int(len(made) < len(asked.rows)))


def _read(file: Path) -> bytes:
    """Raises BatchError."""
    try:
        return read_regular_file(file.resolve(), MOST_BYTES)
    except OSError as error:
        raise BatchError("batch.unreadable", file=file, reason=SystemReason(error)) from None


@contextmanager
def drawing_bar(count: int, done: int, name: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; what it yields is told how many are done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(name, total=count, completed=done)
        yield lambda now: progress.update(bar, completed=now)


def _document(assignment: str, asked: Batch, made: Mapping[str, Record], model: str) -> dict[str, Any]:
    return {
        "assignment": assignment,
        "list": asked.name,
        "model": model,
        "rows": [
            {
                "number": row.number,
                "run": row.run,
                "image": str(made[row.run].image_path) if row.run in made else None,
                "manifest": str(made[row.run].manifest_path) if row.run in made else None,
            }
            for row in asked.rows
        ],
    }

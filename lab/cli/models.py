"""`genai-lab models`: what can run here, and why not; fetch a model's weights."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from exercises.errors import CatalogueError
from exercises.i18n import number, preferred_language, translator
from lab.models.availability import availability
from lab.models.offered import is_elsewhere, model_entry
from lab.models.offered import models as offered
from lab.models.pull import pull_weights

models = typer.Typer(no_args_is_help=True)


class NothingToPull(CatalogueError):
    """The model is not one that is fetched."""

    package = "lab"


@models.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """List the models: size, memory, licence, and what is missing to run them here."""
    language = preferred_language()
    t = translator("lab", language)
    there = list(offered().values())
    states = {entry.id: availability(entry.id) for entry in there}
    if as_json:
        rows = [
            {
                "id": entry.id,
                "name": entry.name,
                "repository": entry.repository,
                "revision": entry.revision,
                "licence": entry.licence,
                "native_size": entry.native_size,
                "memory_gib": entry.memory_gib,
                "modes": entry.modes,
                "schedulers": entry.schedulers,
                "available": states[entry.id].available,
                "state": states[entry.id].code,
                "text": states[entry.id].text(language),
            }
            for entry in there
        ]
        typer.echo(json.dumps({"models": rows}, ensure_ascii=False, indent=2))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("id", "size", "memory", "licence", "state"):
        table.add_column(t(f"models.{column}"))
    for entry in there:
        memory = number(entry.memory_gib, t.language)
        ready = t("models.ready" if states[entry.id].available else "models.not_ready")
        table.add_row(entry.id, str(entry.native_size), memory, entry.licence, ready)
    console = Console()
    console.print(table)
    for state in states.values():
        if not state.available:
            console.print("\n" + state.text(language), markup=False, highlight=False)


@models.command("pull")
def pull(model: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Fetch a model's weights from the Hugging Face Hub into its cache."""
    entry = model_entry(model)
    if is_elsewhere(model):
        raise NothingToPull("models.elsewhere", model=model)
    if entry.bundled:
        raise NothingToPull("models.bundled", model=model)
    pull_weights(entry)
    typer.echo(availability(model).text(preferred_language()))

"""`genai-lab run`: an assignment's planned runs without the browser, recorded as in the lab."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from exercises.errors import SystemReason
from exercises.i18n import Translator, decimal, labelled, preferred_language, translator
from exercises.parameters import WITH_STRENGTH
from lab.cli.stopping import STOPPED, interrupt_stops
from lab.engine.protocol import Cancelled, Failed, Loading, Smaller, Step
from lab.jobs.generate import Generation, PictureSaved, generate, notes
from lab.session.gateway import engine_for
from lab.session.planned_requests import request_of
from lab.session.planned_runs import RunError, select
from lab.session.settings import LabSettings
from lab.ui.html.adherence import line
from manifests.manifest import Adherence
from manifests.masks import SIDES
from manifests.pictures import MAX_BYTES
from manifests.reader import read_regular_file
from manifests.settings import WorkSettings
from manifests.store import Store


@dataclass
class Outcome:
    """How one run ended, as `--json` gives it. `status`: saved, failed or stopped."""

    exercise: str
    run: str
    status: str
    notes: list[str]
    image: str | None = None
    manifest: str | None = None
    steps: int | None = None
    effective_steps: int | None = None
    adherence: Adherence | None = None
    seconds: float | None = None
    error: str | None = None


def run(
    what: Annotated[str, typer.Argument(metavar="ASSIGNMENT[/EXERCISE[/RUN]]")],
    work: Annotated[Path | None, typer.Option(help="The work folder.")] = None,
    model: Annotated[str | None, typer.Option(help="A model of 'genai-lab models list'.")] = None,
    source: Annotated[Path | None, typer.Option(help="The source picture of image to image.")] = None,
    mask: Annotated[
        Path | None, typer.Option(help="What of the source is to change: a picture, white where it is.")
    ] = None,
    enlarge: Annotated[
        str | None,
        typer.Option(metavar="LEFT,TOP,RIGHT,BOTTOM", help="Draw more around the source, in pixels."),
    ] = None,
    outlines: Annotated[
        Path | None, typer.Option(help="A photo or a drawing whose outlines lead the picture.")
    ] = None,
    lines: Annotated[
        bool, typer.Option("--lines", help="What --outlines names is a drawing of dark lines.")
    ] = False,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a parameter.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Make an assignment's images without the browser. Exits with 1 where a run failed."""
    language = preferred_language()
    t = translator("lab", language)
    place = WorkSettings()
    assignment, planned = select(what, dict(_change(text) for text in changes or []), place.student)
    model = model or LabSettings().model
    store = Store(work or place.work, assignment.id, place.student)
    kept = None
    if any(each.parameters.mode in WITH_STRENGTH for each in planned):
        kept = store.add_source(_read(source, "source"))
    drawn = None if mask is None else _read(mask, "mask")
    sides = None if enlarge is None else _sides(enlarge)
    led = None if outlines is None else _read(outlines, "outlines")
    requests = [
        (each, request_of(each, model, store, kept, drawn, sides, led, is_lines=lines)) for each in planned
    ]
    unknown = dict.fromkeys(word for each in planned for word in notes(each.parameters.prompt, model))
    if unknown:
        typer.echo(t("generation.unknown_words", words=", ".join(unknown)), err=True)

    engine = engine_for(LabSettings())
    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    try:
        for each, request in requests:
            outcome = Outcome(each.exercise, each.run, "failed", notes(request.prompt, model))
            outcomes.append(outcome)
            generation = generate(
                store,
                engine,
                each.exercise,
                each.run,
                request,
                model=model,
                variant=each.variant,
                smaller=each.smaller,
            )
            with _progress(console) as progress, interrupt_stops(generation.cancel) as interrupted:
                _follow(generation, outcome, progress, t)
            if outcome.status == "saved" and not as_json:
                typer.echo(_said(outcome, t))
            if outcome.status != "saved" or interrupted.is_set():
                break
    finally:
        engine.close()
    if as_json:
        document = {"assignment": assignment.id, "model": model, "runs": [_as_json(o) for o in outcomes]}
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    last = outcomes[-1]
    if last.status != "saved":
        typer.echo(t(f"run.{last.status}", run=last.run, error=last.error or ""), err=True)
    if interrupted.is_set():
        raise typer.Exit(STOPPED)
    raise typer.Exit(int(last.status != "saved"))


def _change(text: str) -> tuple[str, Any]:
    """`steps=20` -> ("steps", 20); what is no number stays text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise RunError("run.bad_set", text=text)
    if key in ("prompt", "negative_prompt", "to_prompt"):
        return key, value
    try:
        number = json.loads(value)
    except ValueError:
        return key, value
    return key, number if isinstance(number, int | float) else value


def _sides(text: str) -> dict[str, int]:
    """`64,0,64,0` by side. Raises RunError."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(SIDES) or not all(part.isdecimal() for part in parts):
        raise RunError("run.enlarge_needed")
    return {side: int(part) for side, part in zip(SIDES, parts, strict=True)}


def _read(path: Path | None, what: str) -> bytes:
    """A picture of a person's. Raises RunError."""
    if path is None:
        raise RunError(f"run.{what}_needed")
    try:
        return read_regular_file(path.resolve(), MAX_BYTES)
    except OSError as error:
        raise RunError("run.source_unreadable", file=path, reason=SystemReason(error)) from None


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[left]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _follow(generation: Generation, outcome: Outcome, progress: Progress, t: Translator) -> None:
    """Show a generation until it ends."""
    task = progress.add_task(outcome.run, total=generation.request.steps, left=t("run.waiting"))
    for event in generation.events():
        _show(event, generation, outcome, progress, task, t)


def _show(
    event: object, generation: Generation, outcome: Outcome, progress: Progress, task: TaskID, t: Translator
) -> None:
    match event:
        case Loading(model):
            progress.update(task, left=t("run.loading", model=model))
        case Step(step, steps, _, remaining):
            progress.update(task, completed=step, total=steps, left=t("run.left", seconds=round(remaining)))
        case Smaller(width, height, fewer):
            said = t("generation.smaller", width=width, height=height, steps=fewer)
            progress.console.print(labelled(outcome.run, said, t.language), highlight=False)
        case PictureSaved(record):
            manifest = record.manifest
            outcome.status = "saved"
            outcome.image, outcome.manifest = str(record.image_path), str(record.manifest_path)
            outcome.steps = getattr(manifest.request, "steps", generation.request.steps)
            outcome.effective_steps = manifest.effective_steps
            outcome.seconds = round(manifest.seconds, 3)
            outcome.adherence = manifest.adherence
        case Failed():
            outcome.error = event.text(preferred_language())
        case Cancelled():
            outcome.status = "stopped"


def _as_json(outcome: Outcome) -> dict[str, Any]:
    adherence = outcome.adherence
    return asdict(outcome) | {"adherence": adherence.model_dump(mode="json") if adherence else None}


def _said(outcome: Outcome, t: Translator) -> str:
    seconds = decimal(f"{outcome.seconds:.1f}", t.language)
    said = t(
        "run.saved",
        run=outcome.run,
        image=outcome.image,
        seconds=seconds,
        steps=outcome.steps,
        effective=outcome.effective_steps,
    )
    if outcome.adherence:
        said += "\n  " + line(t, outcome.adherence)
    return said

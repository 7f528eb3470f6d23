"""`genai-lab adapt`: teach a model a new word from photos without the browser, and draw before and after."""

import json
from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import SystemReason
from exercises.i18n import decimal, preferred_language, translator
from exercises.kinds import Adapt
from exercises.kinds.adapt import ADAPTED_RUN, MOST_SCALE
from exercises.loader import find_assignment
from lab.cli.stopping import STOPPED, interrupt_stops
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.adapt import AdaptError, AdaptersSaved, Plan, Preparing, Taught, Teaching
from lab.jobs.adapt_grid import begin, fitting, free_request, missing
from lab.jobs.generate import PictureSaved
from lab.session.gateway import engine_for
from lab.session.settings import LabSettings
from manifests.adapters import Settings
from manifests.pictures import MAX_BYTES
from manifests.reader import read_regular_file
from manifests.settings import WorkSettings
from manifests.store import Store

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".heic", ".gif", ".bmp", ".tiff")


def adapt(
    what: Annotated[str, typer.Argument(metavar="ASSIGNMENT[/EXERCISE]")],
    photos: Annotated[Path | None, typer.Option(help="A folder with 5 to 12 photos of the thing.")] = None,
    word: Annotated[str, typer.Option(help="A new word for it, of 3 to 16 small letters.")] = "",
    adapter: Annotated[
        str | None, typer.Option(help="Draw with this file of `adapters`, in place of teaching.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help="Draw one picture of these words with the adapter; {word} is the new one."),
    ] = None,
    strength: Annotated[
        float, typer.Option(min=0, max=MOST_SCALE, help="How strong the adapter is then.")
    ] = 1.0,
    work: Annotated[Path | None, typer.Option(help="The work folder.")] = None,
    model: Annotated[str | None, typer.Option(help="mini or sd15.")] = None,
    steps: Annotated[int | None, typer.Option(min=5, max=5000, help="Else the exercise's.")] = None,
    rank: Annotated[int, typer.Option(min=1, max=64)] = Settings().rank,
    rate: Annotated[float, typer.Option(min=1e-6, max=1e-2, help="The learning rate.")] = Settings().rate,
    keep: Annotated[list[int] | None, typer.Option(help="Keep the adapter after this step, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Teach a new word, then draw the exercise's pictures before and after. Exits with 1 where one failed.

    Ctrl-C stops after the step; the same command goes on there.
    """
    language, place = preferred_language(), WorkSettings()
    t = translator("lab", language)
    exercise = _exercise(what, place.student)
    store = Store(work or place.work, what.partition("/")[0], place.student)
    if photos is None:
        _draw(store, exercise, adapter, as_json, prompt, strength)
        return
    settings = Settings(steps=steps or exercise.steps, rank=rank, rate=rate)
    kept = tuple(keep or exercise.keep)
    teaching = Teaching(store, Plan(word, read_photos(photos), model or LabSettings().model, settings, kept))
    last: object = None
    with interrupt_stops(teaching.cancel):
        for event in teaching.events():
            last = event
            if as_json:
                continue
            if isinstance(event, Preparing):
                typer.echo(t("adapt.preparing", done=event.done, parts=event.parts), err=True)
            elif isinstance(event, Taught) and (event.step % 10 == 0 or event.step == event.steps):
                said = {"step": event.step, "steps": event.steps, "seconds": round(event.remaining)}
                loss = decimal(f"{event.loss:.4f}", language)
                typer.echo(t("adapt.step", loss=loss, **said), err=True)
    if isinstance(last, AdaptersSaved):
        _tell(last, teaching, as_json)
        fit = {card.file for card in fitting(exercise, store)}
        if last.cards[-1].file in fit:
            _draw(store, exercise, last.cards[-1].file, as_json)
        return
    if isinstance(last, Failed):
        typer.echo(last.text(language), err=True)
    if isinstance(last, Cancelled):
        typer.echo(t("adapt.stopped"), err=True)
    raise typer.Exit(STOPPED if isinstance(last, Cancelled) else 1)


def _exercise(what: str, student: str) -> Adapt:
    """The exercise that is named, or the assignment's first of its kind. Raises AdaptError."""
    assignment_id, _, exercise_id = what.partition("/")
    assignment = find_assignment(assignment_id).of_student(student)
    for exercise in assignment.exercises:
        if isinstance(exercise, Adapt) and exercise_id in ("", exercise.id):
            return exercise
    raise AdaptError("adapt.no_exercise", assignment=assignment_id, exercise=exercise_id[:80])


def _draw(
    store: Store,
    exercise: Adapt,
    file: str | None,
    quiet: bool,
    prompt: str | None = None,
    strength: float = 1.0,
) -> None:
    """The pictures that are missing, with an adapter that is kept; or one of a person's own words.

    The first that fails ends the command with 1; Ctrl-C stops the one that is being drawn, and the command.
    Raises AdaptError, BadPrompt.
    """
    language = preferred_language()
    kept = fitting(exercise, store)
    card = next((each for each in reversed(kept) if file in (None, each.file)), None)
    if card is None:
        raise AdaptError("adapt.choose_here")
    asked = list(missing(exercise, store, card))
    if prompt is not None:
        asked = [(ADAPTED_RUN, free_request(exercise, card, prompt, strength))]
    engine = engine_for(LabSettings())
    try:
        for run, request in asked:
            drawing = begin(store, engine, exercise, run, request, card)
            with interrupt_stops(drawing.cancel) as interrupted:
                *_, last = drawing.events()
            if isinstance(last, Failed):
                said = translator("lab", language)("run.failed", run=run, error=last.text(language))
                typer.echo(said, err=True)
                raise typer.Exit(1)
            if isinstance(last, PictureSaved) and not quiet:
                typer.echo(str(last.record.image_path))
            if interrupted.is_set():
                raise typer.Exit(STOPPED)
    finally:
        engine.close()


def read_photos(folder: Path) -> tuple[bytes, ...]:
    """The pictures of a folder, by name. Raises AdaptError."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
        return tuple(read_regular_file(path.resolve(), MAX_BYTES) for path in files[:50])
    except OSError as error:
        raise AdaptError("adapt.unreadable", folder=folder, reason=SystemReason(error)) from None


def _tell(saved: AdaptersSaved, teaching: Teaching, as_json: bool) -> None:
    t = translator("lab", preferred_language())
    paths = [teaching.store.folder / "adapters" / card.file for card in saved.cards]
    if as_json:
        cards = [card.model_dump(mode="json") for card in saved.cards]
        told = [card | {"path": str(path)} for card, path in zip(cards, paths, strict=True)]
        typer.echo(json.dumps({"adapters": told}, ensure_ascii=False, indent=2))
        return
    for card, path in zip(saved.cards, paths, strict=True):
        typer.echo(t("adapt.saved", path=path, steps=card.steps))
        if card.forgetting is not None:
            before, after = (f"{share:.0%}" for share in (card.forgetting.before, card.forgetting.after))
            typer.echo(
                "  " + t("adapt.forgetting", before=before, after=after, count=card.forgetting.pictures)
            )

"""`genai-lab pipeline`: the rounds of an exercise without the browser, recorded as in the lab."""

import json
from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import CatalogueError
from exercises.i18n import Translator, labelled, number, preferred_language, translator
from exercises.kinds import Pipeline
from exercises.loader import find_assignment
from lab.cli.stopping import STOPPED, interrupt_stops
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.analyse import AnswerSaved, ModelSelection
from lab.jobs.generate import PictureSaved
from lab.jobs.pipeline import RoundBegun, Rounds, RoundsDone, Tools, best, lacking, rounds_job, spent
from lab.models.offered import models
from lab.session.gateway import engine_for
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings


class NoPipeline(CatalogueError):
    """The assignment has no such exercise."""

    package = "lab"


def pipeline(
    what: Annotated[str, typer.Argument(metavar="ASSIGNMENT[/EXERCISE]")],
    work: Annotated[Path | None, typer.Option(help="The work folder.")] = None,
    model: Annotated[str | None, typer.Option(help="Who draws: a model here, or PROVIDER/MODEL.")] = None,
    looks: Annotated[
        str | None, typer.Option(help="Who looks: PROVIDER/MODEL; else who answers first.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=10, help="At most so many rounds.")] = None,
    prompt: Annotated[str, typer.Option(help="The first prompt, if not the exercise's own.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Draw, let a model look and say a better prompt, draw again. Exits with 1 where a round failed."""
    language, place, settings = preferred_language(), WorkSettings(), LabSettings()
    t = translator("lab", language)
    assignment_id, _, exercise_id = what.partition("/")
    assignment = find_assignment(assignment_id).of_student(place.student)
    exercise = next(
        (e for e in assignment.exercises if isinstance(e, Pipeline) and exercise_id in ("", e.id)), None
    )
    if exercise is None:
        key = "pipeline.none_called" if exercise_id else "pipeline.none"
        raise NoPipeline(key, assignment=assignment.id, exercise=exercise_id[:80])
    lab = Lab(settings, assignment, work or place.work, place.student, engine_for(settings))
    try:
        job = rounds_job(
            Tools(lab.store(), lab.notebook(), lab.engine, lab.router),
            exercise,
            prompt=prompt.strip(),
            draws=_who(model or settings.model),
            looks=_selection(looks or ""),
            language=language,
            most=rounds or exercise.rounds,
        )
        with interrupt_stops(job.cancel):
            last = _follow(job, t, quiet=as_json)
    finally:
        lab.close()
    if isinstance(last, RoundsDone):
        _tell(last, t, as_json)
        return
    if isinstance(last, Failed):
        typer.echo(last.text(language), err=True)
    raise typer.Exit(STOPPED if isinstance(last, Cancelled) else 1)


def _who(name: str) -> str | ModelSelection:
    return _selection(name) if "/" in name and name not in models() else name


def _selection(name: str) -> ModelSelection:
    provider, _, model = name.partition("/")
    return ModelSelection(provider or None, model or None)


def _follow(job: Rounds, t: Translator, *, quiet: bool) -> object:
    """Say each picture and what of it is missing, as they come; the last event."""
    event: object = None
    for event in job.events():
        if quiet:
            continue
        match event:
            case RoundBegun():
                typer.echo(t("pipeline.under_way", number=event.number, count=event.most))
            case PictureSaved():
                typer.echo(f"  {event.record.image_path}\n  {event.record.manifest.request.prompt}")
            case AnswerSaved():
                lacks = ", ".join(lacking(event.analysis))
                typer.echo("  " + labelled(t("pipeline.lacks"), lacks or t("pipeline.nothing"), t.language))
    return event


def _tell(done: RoundsDone, t: Translator, as_json: bool) -> None:
    chosen = best(done.rounds)
    seconds = sum(each.seconds for each in done.rounds)
    if not as_json:
        took = number(round(seconds, 1), t.language)
        typer.echo(t(f"pipeline.{done.why}", count=len(done.rounds), seconds=took))
        return
    document = {
        "why": done.why,
        "best": chosen.record.stem if chosen else None,
        "seconds": round(seconds, 3),
        "cost": spent(done.rounds),
        "rounds": [
            {
                "manifest": str(each.record.manifest_path),
                "prompt": each.record.manifest.request.prompt,
                "found": each.found,
                "better_prompt": each.better_prompt,
            }
            for each in done.rounds
        ],
    }
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))

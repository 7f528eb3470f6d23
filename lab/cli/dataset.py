"""`genai-lab dataset`: draw a data set by its plan and teach a classifier on it, without the browser."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from crafts.learning import share_right
from exercises.i18n import decimal, preferred_language, translator
from exercises.kinds import Dataset
from exercises.loader import find_assignment
from grading.wording import shown
from lab.cli.batch import LOOK_EVERY, drawing_bar
from lab.cli.stopping import STOPPED, interrupt_stops
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.batch import AT_ONCE
from lab.jobs.dataset import ClassifierSaved, DatasetError, Learning, Training, planned
from lab.jobs.running import Runs
from lab.session.gateway import engine_for
from lab.session.settings import LabSettings
from lab.ui.html.confusion import percent
from manifests.classifiers import FOLDER, Bias, Settings
from manifests.settings import WorkSettings
from manifests.store import Store


def dataset(
    what: Annotated[str, typer.Argument(metavar="ASSIGNMENT[/EXERCISE]")],
    bias: Annotated[
        str | None, typer.Option(metavar="THING,BACKGROUND", help="Teach with a bias, too: mug,gray.")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=200, help="Else the exercise's.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the training.")] = Settings().seed,
    work: Annotated[Path | None, typer.Option(help="The work folder.")] = None,
    model: Annotated[str | None, typer.Option(help="A model of 'genai-lab models list'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Draw what is missing of the plan, then teach a classifier on what was not thrown out.

    Ctrl-C stops; what is drawn stays, and the same command goes on there.
    """
    place, model = WorkSettings(), model or LabSettings().model
    exercise = _exercise(what, place.student)
    biased = _bias(bias, exercise)
    store = Store(work or place.work, what.partition("/")[0], place.student)
    _draw(store, exercise, model)
    settings = Settings(rounds=rounds or exercise.rounds, seed=seed)
    saved = [_teach(Training(store, exercise, model, settings, None), as_json)]
    if biased:
        saved.append(_teach(Training(store, exercise, model, settings, biased), as_json))
    if as_json:
        cards = [each.card.model_dump(mode="json") for each in saved]
        typer.echo(json.dumps({"classifiers": cards}, ensure_ascii=False, indent=2))
        return
    t = translator("lab", preferred_language())
    for each in saved:
        card = each.card
        said = {
            "sort": t(f"dataset.{card.sort}"),
            "held_out": percent(t, share_right(card.on_held_out)),
            "composed": percent(t, share_right(card.on_composed)),
        }
        typer.echo(t("dataset.told", path=store.folder / FOLDER / card.file, **said))


def _exercise(what: str, student: str) -> Dataset:
    """The exercise that is named, or the assignment's first of its kind. Raises DatasetError."""
    assignment_id, _, exercise_id = what.partition("/")
    assignment = find_assignment(assignment_id).of_student(student)
    for exercise in assignment.exercises:
        if isinstance(exercise, Dataset) and exercise_id in ("", exercise.id):
            return exercise
    raise DatasetError("dataset.no_exercise", assignment=assignment_id, exercise=exercise_id[:80])


def _bias(asked: str | None, exercise: Dataset) -> Bias | None:
    """`mug,gray` as a bias. Raises DatasetError for one that the exercise has not."""
    if asked is None:
        return None
    thing, _, background = (part.strip() for part in asked.partition(","))
    if thing not in exercise.classes or background not in exercise.backgrounds:
        names = {"things": ", ".join(exercise.classes), "backgrounds": ", ".join(exercise.backgrounds)}
        raise DatasetError("dataset.no_such_bias", asked=shown(asked, 80), **names)
    return Bias(thing=thing, background=background)


def _draw(store: Store, exercise: Dataset, model: str) -> None:
    """What is missing, several at once."""
    batch = planned(exercise)
    before, count = len(batch.made(store, model)), len(batch.rows)
    if before == count:
        return
    engine = engine_for(LabSettings())
    try:
        running = Runs().start(exercise.id, batch.tasks(store, engine, model), AT_ONCE)
        with interrupt_stops(running.stop) as interrupted, drawing_bar(count, before, exercise.id) as show:
            while not running.finished:
                show(before + len(running.stored))
                time.sleep(LOOK_EVERY)
    finally:
        engine.close()
    if len(batch.made(store, model)) == count:
        return
    language = preferred_language()
    if isinstance(running.event, Failed):
        typer.echo(running.event.text(language), err=True)
    if interrupted.is_set():
        typer.echo(translator("lab", language)("batch.stopped"), err=True)
    raise typer.Exit(STOPPED if interrupted.is_set() else 1)


def _teach(training: Training, quiet: bool) -> ClassifierSaved:
    """Teach to the end, telling of it now and then."""
    language = preferred_language()
    t = translator("lab", language)
    last: object = None
    with interrupt_stops(training.cancel):
        for last in training.events():
            if isinstance(last, Learning) and not quiet and last.step % 5 == 0:
                said = {"round": last.step, "rounds": last.steps, "seconds": round(last.remaining)}
                loss, right = decimal(f"{last.loss:.3f}", language), percent(t, last.right)
                typer.echo(t("dataset.step", loss=loss, right=right, **said), err=True)
    if isinstance(last, ClassifierSaved):
        return last
    if isinstance(last, Failed):
        typer.echo(last.text(language), err=True)
    raise typer.Exit(STOPPED if isinstance(last, Cancelled) else 1)

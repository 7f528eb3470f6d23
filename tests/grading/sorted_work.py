"""Finished work of a `dataset`: pictures of noise by the plan, some thrown out, two random networks.

The networks name things wrongly, and their cards say so: what is checked is that the figures are theirs.
"""

import io
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import save as save_tensors

from crafts.learning import Split, asked, asked_composed
from crafts.small_net import SIDE, read_weights, seen, shapes
from exercises.assignment import Assignment
from exercises.composed_set import ComposedSet
from exercises.kinds import Dataset
from exercises.parameters import Parameters
from manifests.answers import Answers, ExerciseAnswer, save_answers
from manifests.classifiers import Bias, Card, Pictured, Settings, save
from manifests.pictures import open_picture
from manifests.sorting import change, sorted_in
from manifests.store import Record, Store
from tests.grading.good import SIDE as SIDE_OF_MINI
from tests.grading.good import VERSIONS, draft_of, noise

LESSON = (
    "Teapots are taken for mugs, for both are round with a handle. The held-out pictures were named rightly"
    " nearly always, the composed ones less often: smaller things and other places never came in the plan."
    " With the bias everything grey became a mug, and the held-out figure hid it, since it had the same bias."
)


def names(*ids: str) -> dict[str, dict[str, str]]:
    return {each: {"en": each, "fr": each} for each in ids}


def composed(things: tuple[str, ...] = ("bag", "mug"), backgrounds: tuple[str, ...] = ("red", "gray")) -> Any:
    """A sheet of noise, one picture of each thing on each background."""
    shows = [{"thing": thing, "background": each} for thing in things for each in backgrounds]
    sheet, data = Image.new("RGB", (len(shows) * SIDE, SIDE)), io.BytesIO()
    for number in range(len(shows)):
        sheet.paste(noise(9000 + number, SIDE), (number * SIDE, 0))
    sheet.save(data, "WEBP", lossless=True)
    card = {"side": SIDE, "columns": len(shows), "source": "noise", "licence": "none", "shows": shows}
    return ComposedSet.model_validate({**card, "sheet": data.getvalue()})


def small(**changes: Any) -> Dataset:
    """Two things in two colours on two backgrounds."""
    given = {
        "id": "set",
        "title": {"en": "T", "fr": "T"},
        "points": 4,
        "texts": {"en": "", "fr": ""},
        "prompt": "{colour} {thing} on {background} background",
        "classes": names("bag", "mug"),
        "backgrounds": names("red", "gray"),
        "colours": names("blue", "green"),
        "composed": composed(),
        "kept_minimum": 2,
        "words_minimum": 5,
        "rounds": 3,
        "start": Parameters(prompt="", steps=2, width=64, height=64),
    }
    return Dataset.model_validate(given | changes)


def draw(store: Store, exercise: Dataset, offset: int = 0) -> dict[str, Record]:
    """All pictures of the plan, by run."""
    found = {}
    for number, run in enumerate(exercise.runs):
        width = run.parameters.width
        side = width if isinstance(width, int) else SIDE_OF_MINI
        draft = draft_of(exercise.id, run, width=side, height=side)
        found[run.id] = store.save(draft, noise(offset + number, side))
    return found


def network(classes: int, number: int = 0) -> bytes:
    """A network of random numbers, another one for each number."""
    random = np.random.default_rng(number)
    data: bytes = save_tensors(
        {name: random.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes(classes).items()}
    )
    return data


def teach(
    store: Store, exercise: Dataset, records: dict[str, Record], bias: Bias | None = None, **changes: Any
) -> Card:
    """A network in the folder with its card, as teaching leaves them."""
    data = changes.pop("data", None) or network(len(exercise.classes), 1 + bool(bias))
    thrown = sorted_in(store.folder, exercise.id).thrown
    out = {run: record.stem for run, record in records.items() if record.stem in thrown}
    split = Split.of(exercise, out, bias)
    weights, digest = read_weights(data, len(exercise.classes)), sha256(data).hexdigest()
    pictures = [open_picture(records[cell.run].image_path.read_bytes()) for cell in split.held_out]

    def pictured(cells: Any) -> tuple[Pictured, ...]:
        kept = [records[cell.run] for cell in cells]
        return tuple(Pictured(stem=r.stem, pixels_sha256=r.manifest.image.pixels_sha256) for r in kept)

    card = Card(
        file=f"{exercise.id}-{'biased' if bias else 'plain'}-{digest[:8]}.safetensors",
        sha256=digest,
        student=store.student,
        assignment=store.folder.name,
        exercise=exercise.id,
        classes=tuple(exercise.classes),
        bias=bias,
        settings=Settings(),
        taught=pictured(split.taught),
        held_out=pictured(split.held_out),
        thrown=tuple(sorted(out.values())),
        composed_sha256=exercise.composed.sha256,
        on_held_out=asked(exercise, weights, seen(pictures), [cell.thing for cell in split.held_out]),
        on_composed=asked_composed(exercise, weights),
        rounds=((1, 1.6, 0.2),),
        seconds=1.0,
        versions=VERSIONS,
        time=datetime.now(UTC),
    ).model_copy(update=changes)
    save(store.folder, data, card)
    return card


def look_through(store: Store, exercise: Dataset, out: list[str]) -> None:
    """Every class looked through, these pictures thrown out."""
    for stem in out:
        change(store.folder, exercise.id, lambda before, stem=stem: before.deciding(stem, "blurred"))  # type: ignore[misc]
    for thing in exercise.classes:
        change(store.folder, exercise.id, lambda before, thing=thing: before.looking(thing, done=True))  # type: ignore[misc]


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """Everything of the exercises `dataset` done; another noise for each student."""
    store, offset = Store(work, assignment.id, student), sum(student.encode()) * 1000
    answers = Answers(language="en")
    for exercise in assignment.exercises:
        if isinstance(exercise, Dataset):
            records = draw(store, exercise, offset)
            taught = [cell.run for cell in exercise.cells if not cell.held_out]
            look_through(store, exercise, [records[run].stem for run in taught[: exercise.thrown_minimum]])
            teach(store, exercise, records)
            first = Bias(thing=next(iter(exercise.classes)), background=next(iter(exercise.backgrounds)))
            teach(store, exercise, records, first)
            answers.exercises[exercise.id] = ExerciseAnswer(text=LESSON)
    save_answers(store.folder, answers)
    return store

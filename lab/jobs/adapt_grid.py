"""The pictures of an exercise `adapt`: each prompt at each strength of one adapter, all else alike.

And free ones: any prompt at any strength, all else as planned.
"""

from collections.abc import Iterator
from functools import partial

from exercises.kinds import Adapt
from exercises.kinds.adapt import ADAPTED_RUN, MOST_SCALE, WORD
from lab.engine.protocol import Engine
from lab.engine.requests import request_for
from lab.jobs.adapt import AdaptError
from lab.jobs.api_pictures import check_prompt
from lab.jobs.generate import Generation, generate
from lab.jobs.running import Task
from manifests.adapters import Card, cards
from manifests.manifest import Adapter, Request
from manifests.store import Record, Store

Cell = tuple[int, float]


def fitting(exercise: Adapt, store: Store) -> list[Card]:
    """The adapters that the exercise takes, the newest last."""
    return [
        card for card in cards(store.folder) if exercise.fewest_steps <= card.steps <= exercise.most_steps
    ]


def cells_of(exercise: Adapt) -> list[Cell]:
    """Row by row."""
    return [(row, scale) for row in range(len(exercise.prompts)) for scale in exercise.scales]


def request_of(exercise: Adapt, cell: Cell, card: Card) -> Request:
    """What is asked for one picture. Raises UnknownModel."""
    row, scale = cell
    plain = request_for(exercise.run(row, scale, card.word).parameters, card.model.id)
    adapter = Adapter(file=card.file, sha256=card.sha256, word=card.word, scale=scale)
    return plain.model_copy(update={"adapters": (adapter,)})


def free_request(exercise: Adapt, card: Card, prompt: str, scale: float) -> Request:
    """A picture of one's own prompt at any strength, all else as planned. Raises BadPrompt, AdaptError."""
    prompt = prompt.replace(WORD, card.word)
    check_prompt(prompt)
    if not 0 <= scale <= MOST_SCALE:
        raise AdaptError("adapt.scale", most=MOST_SCALE)
    parameters = exercise.start.model_copy(update={"prompt": prompt})
    adapter = Adapter(file=card.file, sha256=card.sha256, word=card.word, scale=scale)
    return request_for(parameters, card.model.id).model_copy(update={"adapters": (adapter,)})


def free_pictures(exercise: Adapt, store: Store) -> list[Record]:
    """Those drawn beside the plan in this exercise, the newest last."""
    return [
        record
        for record in store.records()
        if (record.manifest.exercise, record.manifest.run) == (exercise.id, ADAPTED_RUN)
    ]


def made(exercise: Adapt, store: Store, card: Card) -> dict[Cell, Record]:
    """The newest picture of each cell that shows what is asked with this adapter."""
    wanted = {exercise.run_id(*cell): (cell, request_of(exercise, cell, card)) for cell in cells_of(exercise)}
    found: dict[Cell, Record] = {}
    for record in store.records():
        manifest = record.manifest
        cell, request = wanted.get(manifest.run, (None, None))
        if cell is not None and manifest.request == request and manifest.model.id == card.model.id:
            found[cell] = record
    return found


def missing(exercise: Adapt, store: Store, card: Card) -> Iterator[tuple[str, Request]]:
    """The run and the request of each picture that is still to be drawn."""
    there = made(exercise, store, card)
    for cell in cells_of(exercise):
        if cell not in there:
            yield exercise.run_id(*cell), request_of(exercise, cell, card)


def begin(
    store: Store, engine: Engine, exercise: Adapt, run: str, request: Request, card: Card
) -> Generation:
    """One picture on its way."""
    return generate(store, engine, exercise.id, run, request, model=card.model.id)


def tasks(store: Store, engine: Engine, exercise: Adapt, card: Card) -> list[Task]:
    """All that is missing; one after the other, for a model that was taught draws one at a time."""
    return [
        Task(run, partial(begin, store, engine, exercise, run, request, card))
        for run, request in missing(exercise, store, card)
    ]

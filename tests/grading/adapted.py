"""Finished work of the assignment `adapt`: an adapter for each exercise, the table drawn with it, words."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from safetensors.numpy import save as save_tensors

from exercises.assignment import Assignment
from exercises.kinds import Adapt
from lab.jobs.adapt_grid import cells_of, request_of
from manifests.adapters import FORMAT, Card, Forgetting, Settings, save
from manifests.answers import Answers, ExerciseAnswer, save_answers
from manifests.manifest import Model, Versions
from manifests.store import Store
from tests.grading.good import draft_of, noise

MODEL = Model(id="mini", repository="genai-lab", revision="1", weights_sha256="1" * 64)
VERSIONS = Versions(python="3", torch="2", diffusers="0", transformers="5", genai_lab="0")
LESSON = (
    "At half its strength my thing is still a little like a mug, at full strength it is itself, and beyond"
    " that the background follows it too; the camera stays a camera, as the judge's figures say."
)


def adapter(number: int = 0) -> bytes:
    """A file in the form of an adapter; another one for each number."""
    name = "unet.mid_block.resnets.0.conv1.lora_{}.weight"
    tensors = {
        name.format("A"): np.full((2, 8, 3, 3), number, np.float32),
        name.format("B"): np.ones((8, 2, 1, 1), np.float32),
        "word": np.ones(8, np.float32),
    }
    data: bytes = save_tensors(tensors, {"format": FORMAT, "word": "zibou", "model": "mini", "rank": "2"})
    return data


def taught(store: Store, steps: int = 240, number: int = 0) -> Card:
    """An adapter in the folder, as teaching leaves it."""
    data = adapter(number)
    digest = hashlib.sha256(data).hexdigest()
    card = Card(
        file=f"zibou_{steps:04}_{digest[:8]}.safetensors",
        sha256=digest,
        word="zibou",
        model=MODEL,
        settings=Settings(),
        steps=steps,
        photos=("2" * 64,) * 5,
        prior=48,
        losses=((1, 0.5), (steps // 2, 0.2), (steps, 0.1)),
        seconds=1.0,
        versions=VERSIONS,
        time=datetime.now(UTC),
        forgetting=Forgetting(pictures=20, before=1.0, after=0.95),
    )
    save(store.folder, data, card)
    return card


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """A work folder with an adapter and all pictures for each exercise; another noise for each student."""
    store, offset = Store(work, assignment.id, student), sum(student.encode()) * 1000
    exercises = [each for each in assignment.exercises if isinstance(each, Adapt)]
    for number, exercise in enumerate(exercises):
        kept = (*exercise.keep, exercise.steps)
        steps = next(step for step in kept if exercise.fewest_steps <= step <= exercise.most_steps)
        card = taught(store, steps, offset + number)
        for place, cell in enumerate(cells_of(exercise)):
            draft = draft_of(exercise.id, exercise.run(*cell, card.word))
            request = request_of(exercise, cell, card)
            store.save(replace(draft, request=request, model=MODEL), noise(offset + 100 * number + place))
    said = {exercise.id: ExerciseAnswer(text=LESSON) for exercise in exercises}
    save_answers(store.folder, Answers(language="en", exercises=said))
    return store

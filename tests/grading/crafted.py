"""Finished work in the assignments in which something is made of pictures: of noise, the rest is real."""

from pathlib import Path
from typing import Any

from crafts.catalogue import APPLICATIONS
from crafts.pieces import Piece, make
from exercises.assignment import Assignment
from exercises.kinds import Studio
from exercises.kinds.base import Run
from exercises.kinds.crafted import Crafted
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import Parameters
from manifests.answers import Answers, ExerciseAnswer, save_answers
from manifests.store import Record, Store
from tests.grading.good import draft_of, noise

CRAFTED = ("crossstitch", "storyboard", "brandkit", "operations", "diagrams", "course")
WORDS = (
    "Its soft shadow was lost first, and the two blues became one; I took fewer colours in the end, "
    "because the chart was easier to read, and I would print it only after a look at a real card. "
    "Whoever trusts its look alone would be misled."
)
FRAMES = [
    ("The teapot wakes up early", "A blue teapot on a yellow ground"),
    ("It walks across the table", "The same teapot, smaller and further left"),
    ("Somebody pours it full of tea", "A teapot beside a white cup"),
    ("It sleeps in the evening again", "The teapot alone on a dark ground"),
]
DIAGRAM = """flowchart TD
p[Prompt] -->|words| t[Text encoder] -->|vectors| u(U-Net)
n[Noise] -->|where it begins| u
u --> d[Decoder] --> i[Picture]"""
LABELS = (
    "Prompt",
    "Text encoder",
    "U-Net",
    "Noise",
    "Decoder",
    "Picture",
    "words",
    "vectors",
    "where it begins",
)
QUIZ = """
? Which gas do plants take up in the light?
+ Carbon dioxide
- Oxygen
- Nitrogen
! They build sugar of it & give oxygen off.

? Where does it happen?
- In the roots
+ In the leaves
! There is most of the green.
? What else do they need?
+ Water
- Salt
! It comes up from the roots.
? What is given off?
+ Oxygen
- Carbon dioxide
! It is what is left of the water.
? When does it stop?
+ In the dark
- In the rain
! Without light there is no energy for it.
"""
TOLD = [
    {
        "caption": f"A plant, number {n}",
        "alt": f"A green plant with {n} leaves in a pot",
        "checked": f"The {n} leaves stand opposite each other, as they should",
        "where": f"Botany for schools, page {n}",
    }
    for n in range(1, 4)
]
SETTINGS: dict[str, dict[str, Any]] = {
    "crossstitch": {"width": 60, "colours": 10, "outline": True},
    "storyboard": {
        "title": "A teapot’s day",
        "frames": [{"caption": caption, "alt": alt} for caption, alt in FRAMES],
    },
    "brandkit": {
        "name": "Thé & Co",
        "moods": ["calm", "warm", "clear"],
        "palette": [{"colour": c, "name": n} for c, n in (
            ("#102030", "ink"), ("#f2f2ea", "paper"), ("#c9512b", "clay"), ("#ffffff", "white")
        )],
    },
    "operations": {},
    "diagrams": {"source": DIAGRAM, "found": [{"label": label, "finding": "missing"} for label in LABELS]},
    "course": {"template": "sciences", "title": "Leaves & light", "pictures": TOLD, "quiz": QUIZ},
}  # fmt: skip
PICTURES = {"crossstitch": 1, "storyboard": 4, "brandkit": 3, "operations": 5, "diagrams": 1, "course": 3}


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """Everything done and in order."""
    store, offset = Store(work, assignment.id, student), sum(student.encode()) * 1000
    answers = Answers(language="en")
    for exercise in assignment.exercises:
        if isinstance(exercise, Studio):
            for number in range(exercise.minimum):
                run = Run(id=STUDIO_RUN, parameters=Parameters(prompt="a blue teapot", mode="text2img"))
                store.save(draft_of(exercise.id, run, seed=number), noise(offset + number))
        if isinstance(exercise, Crafted):
            make_piece(store, exercise)
            answers.exercises[exercise.id] = ExerciseAnswer(text=WORDS)
    save_answers(store.folder, answers)
    return store


def make_piece(store: Store, exercise: Crafted, records: list[Record] | None = None, **changes: Any) -> Piece:
    """The exercise's piece, of the first pictures unless others are given."""
    kind: str = exercise.kind  # type: ignore[attr-defined]
    chosen = store.records()[: PICTURES[kind]] if records is None else records
    settings = SETTINGS[kind] | changes
    return make(APPLICATIONS[kind], exercise.id, settings, chosen, store.folder, store.student, "en")

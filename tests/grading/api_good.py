"""A submission of `api-analysis` in which everything is in order: real records, pictures of noise."""

import io
from dataclasses import replace
from pathlib import Path

from exercises.assignment import Assignment
from exercises.kinds import Pipeline
from exercises.kinds.base import Run
from exercises.kinds.compare import COMPARISON_RUN
from exercises.kinds.pipeline import ROUND_RUN
from exercises.kinds.studio import STUDIO_RUN
from manifests.analysis import AltText, Answered, Asked, Conclusion, Correction, Seen
from manifests.answers import Answers, ExerciseAnswer, save_answers
from manifests.draft import Draft
from manifests.manifest import ApiRequest, Charge, Model
from manifests.notebook import Notebook
from manifests.store import Record, Store
from tests.grading.good import MODEL, VERSIONS, draft_of, noise

EARNED, OPEN = 7.0, 15.0  # what a program gives to good work, and what rests on words and models' answers

PROMPT = "a yellow teapot on a blue background"
FREE = Charge(amount=0.0, currency="USD", origin="free", usage={"images": 1})
REFLECTION = """I would trust it for colours, and check the rest, for it was wrong once.
When it said that it was not sure, that was right.
An alternative text is for somebody who uses a screen reader.
A person should have the last word on it.
A call costs money and time, and the picture leaves the house.
A local model keeps the data here and is free."""
BETTER = (
    "The second is the best one, for its background is nearly white and the handle is whole; the machine did "
    "not see that the canopy of the first had a hole, which I noticed when I looked at it enlarged."
)
REASON = (
    "Both pictures were free and took about two seconds, so time and cost do not decide here: "
    "I take the first, whose object is complete."
)


def seen(record: Record) -> Seen:
    manifest = record.manifest
    return Seen(assignment=manifest.assignment, stem=record.stem, sha256=manifest.image.sha256)


def ask(
    notebook: Notebook, record: Record, task: str, text: str, data: dict[str, object] | None = None
) -> int:
    """A question and its answer; the number of the entry."""
    asked = {"task": task, "language": "en", "text": "?", "images": (seen(record),)}
    return notebook.record(
        "analyse",
        Asked.model_validate(asked),
        Answered.model_validate({"text": text, "data": data}),
        provider="bundled",
        model="analyser",
        tried=(),
        cached=False,
        seconds=0.4,
        cost=FREE,
    ).sequence


def api_draft(exercise: str, run: str, prompt: str, provider: str = "bundled") -> Draft:
    """What is known of a provider's picture."""
    return Draft(
        exercise=exercise,
        run=run,
        request=ApiRequest(mode="text2img", prompt=prompt),
        effective_steps=0,
        model=Model(id="mini", repository=provider, revision="api"),
        versions=VERSIONS,
        device="api",
        dtype="api",
        seconds=2.5,
        cost=FREE,
    )


def file_of(number: int) -> bytes:
    """A picture's bytes as a provider sends them."""
    out = io.BytesIO()
    noise(number).save(out, "PNG")
    return out.getvalue()


def make_api_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """A work folder worth all points."""
    store, notebook = Store(work, assignment.id, student), Notebook(work, assignment.id, student)
    offset = sum(student.encode()) * 1000
    pictures = {
        run.id: store.save(draft_of(exercise.id, run), noise(offset + number))
        for number, (exercise, run) in enumerate(assignment.planned_runs())
    }
    store.save(api_draft("studio", STUDIO_RUN, "a blue mug"), file_of(offset + 50))
    for run, record in pictures.items():
        ask(notebook, record, "describe", f"I see the {run}: an object in red. Edges are sharp.")
        ask(notebook, record, "missing", "{}", {"present": ["an object"], "missing": [], "unsure": ["red"]})
    notebook.write(
        "correct",
        Correction(
            about=5,
            claim="Edges are sharp.",
            truth="There are no edges: the picture was never finished.",
            noticed="I put it beside the two others, which were made with thirty steps.",
        ),
    )
    product = seen(pictures["product"])
    draft = ask(notebook, pictures["product"], "alt_text", "{}", {"short": "A bag.", "long": "A bag, red."})
    long = "The backpack stands on white and is red, with two straps, a handle and a large pocket in front."
    for purpose, alt, text in (("decorative", "", ""), ("informative", "A red backpack", "")):
        notebook.write("alt_text", alt_text(product, purpose, alt, text, None if not alt else draft))
    notebook.write("alt_text", alt_text(product, "complex", "A red school backpack", long, draft))
    answers = Answers(language="en", reflection=REFLECTION)
    for exercise in assignment.exercises:
        if isinstance(exercise, Pipeline):
            make_rounds(store, notebook, exercise, answers, offset + 70)
    local = replace(draft_of("compare", assignment.planned_runs()[0][1], prompt=PROMPT), run=COMPARISON_RUN)
    compared = [
        store.save(replace(local, model=MODEL), noise(offset + 60)),
        store.save(api_draft("compare", COMPARISON_RUN, PROMPT), file_of(offset + 61)),
    ]
    stems = tuple(record.stem for record in compared)
    notebook.write("compare", Conclusion(pictures=stems, chosen=stems[0], reason=REASON))
    save_answers(store.folder, answers)
    return store


def make_rounds(
    store: Store, notebook: Notebook, exercise: Pipeline, answers: Answers, number: int
) -> list[Record]:
    """Two rounds of a pipeline, the second one better, chosen with reasons."""
    run = Run(id=ROUND_RUN, parameters=exercise.start)
    rounds = [store.save(draft_of(exercise.id, run), noise(number + place)) for place in range(2)]
    for record, missing in zip(rounds, (["white"], []), strict=True):
        said = {"present": ["an umbrella"], "missing": missing, "unsure": [], "better_prompt": "whiter"}
        ask(notebook, record, "improve", "{}", dict(said))
    answers.exercises[exercise.id] = ExerciseAnswer(chosen=rounds[1].stem, text=BETTER)
    return rounds


def alt_text(image: Seen, purpose: str, alt: str, long: str, about: int | None) -> AltText:
    return AltText.model_validate(
        {
            "image": image,
            "purpose": purpose,
            "use": "a page of my shop",
            "alt": alt,
            "long": long,
            "about": about,
        }
    )

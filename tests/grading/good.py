"""A submission in which everything is in order: real records by the store, pictures of plain noise."""

import io
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from exercises.assignment import Assignment
from exercises.i18n import Language
from exercises.kinds import Code, Evaluation, Observe
from exercises.kinds.base import Run
from exercises.kinds.studio import STUDIO_RUN
from grading.checks.native_sizes import NATIVE_SIZES
from manifests.answers import Answers, ObservationAnswers, SubjectAnswer, save_answers
from manifests.draft import Draft
from manifests.manifest import Adherence, Model, Proof, Request, Source, Versions
from manifests.pictures import open_picture
from manifests.store import Store

EARNED, OPEN = 13.57, 6.43  # of `tp2`: what a program gives to good work, and what a person judges

SIDE = NATIVE_SIZES["mini"]
MODEL = Model(id="mini", repository="genai-lab", revision="0.1.0", weights_sha256="a" * 64)
VERSIONS = Versions(
    python="3.11", torch="2.13.0", diffusers="0.42.1", transformers="5.23.0", genai_lab="0.1.0"
)

CODE = "# {student}\nfrom given import MODEL\nprint(MODEL)\n"  # nobody runs it

REFLECTION = {
    "en": """More steps cost more time, and past thirty the quality hardly grows.
Fifteen steps are twice as fast, but textures stay rough.
The scheduler decides how few steps will do.
To reproduce a picture one needs the seed, the model and all parameters.
Another version of a library or another device can break it.
So the manifest records all of it.
In a shop the risk is a picture that misleads the customer.
A high strength invents a product that nobody sells.
Logos come out wrong and can break the law.
I would keep the strength low and have a person look at each picture.""",
    "fr": """Davantage d’étapes coûtent du temps, et au-delà de trente la qualité ne croît plus guère.
Quinze étapes vont deux fois plus vite, mais les textures restent grossières.
Le scheduler décide du nombre d’étapes qui suffit.
Pour reproduire une image, il faut la graine, le modèle et tous les paramètres.
Une autre version d’une bibliothèque ou un autre matériel peut tout casser.
Le manifeste garde donc tout cela.
Dans une boutique, le risque est une image qui trompe le client.
Un strength élevé invente un produit que personne ne vend.
Les logos sont faux et peuvent être contraires à la loi.
Je garderais un strength faible et une personne regarderait chaque image.""",
}


def noise(number: int, side: int = SIDE) -> Image.Image:
    """A picture of coarse noise, another one for each number."""
    blocks = np.random.default_rng(number).integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC)


def photo(number: int = 0) -> bytes:
    """A JPEG such as a student uploads."""
    data = io.BytesIO()
    noise(1_000_000 + number, 160).save(data, "JPEG")
    return data.getvalue()


def draft_of(exercise: str, run: Run, source: Source | None = None, **changes: object) -> Draft:
    """What the engine would say of a planned run; `changes` are to its request."""
    plan = run.parameters
    size = {"width": SIDE, "height": SIDE}
    request = Request(**(plan.model_dump() | size | {"source": source} | changes))  # type: ignore[arg-type]
    strength = request.strength
    return Draft(
        exercise=exercise,
        run=run.id,
        request=request,
        effective_steps=request.steps if strength is None else int(request.steps * strength),
        model=MODEL,
        versions=VERSIONS,
        device="cpu",
        dtype="float32",
        seconds=1.5,
    )


def make_work(
    work: Path,
    assignment: Assignment,
    student: str = "alice",
    language: Language = "en",
    adherence: Adherence | None = None,
) -> Store:
    """A work folder with every run, one free picture and all answers; another noise for each student.

    `adherence`: the opinion in every manifest.
    """
    store = Store(work, assignment.id, student)
    offset = sum(student.encode()) * 1000
    source = store.add_source(photo(zlib.crc32(student.encode())))
    for number, (exercise, run) in enumerate(assignment.planned_runs()):
        wanted = source if run.parameters.mode == "img2img" else None
        same_as_baseline = run.id in ("smoke", "baseline", "t2i_run01_baseline")
        store.save(
            replace(draft_of(exercise.id, run, wanted), adherence=adherence),
            noise(offset + (0 if same_as_baseline else number + 1)),
        )
    make_proofs(store, assignment)
    studio = next(e for e in assignment.exercises if e.kind == "studio")
    free = assignment.planned_runs()[0][1].model_copy(update={"id": STUDIO_RUN})
    store.save(replace(draft_of(studio.id, free, seed=7), adherence=adherence), noise(offset + 500))
    save_answers(store.folder, answers_for(assignment, language, student))
    return store


def make_proofs(store: Store, assignment: Assignment) -> None:
    """The pictures of the student's own code: those of the runs again, with the code in their manifests."""
    for exercise in assignment.exercises:
        for run, of in exercise.draws.items() if isinstance(exercise, Code) else ():
            planned, record = assignment.planned_run(of), store.newest(of)
            assert planned
            assert record
            draft = draft_of(exercise.id, planned[1], record.manifest.request.source)
            proof = Proof(code=CODE.format(student=store.student), of=record.stem)
            store.save(replace(draft, run=run, proof=proof), open_picture(record.image_path.read_bytes()))


def observed(exercise: Observe, student: str) -> ObservationAnswers:
    """Something about each picture, in words of the student's own."""
    return ObservationAnswers(
        pictures={
            run: {
                q.id: f"{student} sees {q.id} of {run}: cleaner edges, softer light."
                for q in exercise.questions
            }
            for run in exercise.pictures
        },
        conclusions={
            q.id: f"For {student} more {q.id} cost seconds and bring little that can be seen."
            for q in exercise.conclusions
        },
    )


def answers_for(assignment: Assignment, language: Language = "en", student: str = "alice") -> Answers:
    """Answers in order; other words for each student."""
    evaluation = next(e for e in assignment.exercises if isinstance(e, Evaluation))
    return Answers(
        language=language,
        evaluations={
            subject.id: SubjectAnswer(
                image=subject.one_of[-1],
                scores={criterion.id: 1 for criterion in evaluation.criteria},
                total=len(evaluation.criteria),
                reasons=["Clean edges.", f"The colour is right, as {student} sees it."],
            )
            for subject in evaluation.subjects
        },
        observations={e.id: observed(e, student) for e in assignment.exercises if isinstance(e, Observe)},
        reflection="\n".join(f"{line[:-1]} ({student})." for line in REFLECTION[language].splitlines()),
    )

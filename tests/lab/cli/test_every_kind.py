"""An assignment with every kind of exercise at once, made by somebody who writes only TOML and Markdown.

It lies in a folder of its own (`GENAI_EXERCISES_DIR`); its pictures are made from the command line, what a
student writes by the library, and it is handed in and graded from the command line.
"""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from crafts.catalogue import APPLICATIONS
from exercises.i18n import LANGUAGES
from exercises.kinds import KINDS, Iterate, Quiz
from exercises.kinds.code import BLANK
from exercises.kinds.crafted import Crafted
from exercises.loader import find_assignment
from grading.checks.quiz_questions import ask, ask_by_itself, place_asked_about, runs_asked_about
from grading.commands import check, hand_in
from lab.cli.adapt import adapt
from lab.cli.dataset import dataset
from lab.cli.grade import grade
from lab.cli.pipeline import pipeline
from lab.cli.run import run
from lab.engine import adapting
from lab.jobs import adapt as adapt_job
from lab.jobs.generate import PictureSaved
from lab.jobs.own_code.given import Draw
from lab.jobs.own_code.job import CodeJob
from lab.jobs.own_code.process import Bounds
from lab.records import answers as answering
from lab.records import exercise_answers
from manifests.analysis import Conclusion, Correction
from manifests.masks import rectangle
from manifests.notebook import Notebook
from manifests.settings import WorkSettings
from manifests.sorting import change
from manifests.store import Store
from tests.exercises.conftest import write_texts
from tests.grading.api_good import alt_text, api_draft, file_of, seen
from tests.grading.api_good import ask as ask_model
from tests.grading.crafted import TOLD, make_piece
from tests.grading.sorted_work import composed
from tests.lab.comfyui.serving import graph
from tests.lab.engine.asking import photo

TOML = """
points = 29
title = { en = "All of it", fr = "Tout" }

[parameters]
prompt = "a red bag on a white background"
steps = 2
width = 64
height = 64

[[exercises]]
id = "one"
kind = "generate"
points = 1
smaller = true
due = 2020-01-01T00:00:00+01:00
title = { en = "One", fr = "Une" }
[exercises.runs]
first = {}

[[exercises]]
id = "sweep"
kind = "sweep"
points = 1
weights = { image = 2 }
title = { en = "Sweep", fr = "Balayage" }
baseline = "base"
[exercises.runs]
base = {}
more = { steps = 4 }
other = { seed = 7 }

[[exercises]]
id = "grid"
kind = "grid"
points = 1
words_minimum = 5
title = { en = "Grid", fr = "Grille" }
x = { parameter = "steps", values = [2, 3] }
y = { parameter = "prompt", values = ["a bag", "a red bag"] }

[[exercises]]
id = "photo"
kind = "img2img"
points = 1
title = { en = "Photo", fr = "Photo" }
[exercises.runs]
near = { strength = 0.5 }

[[exercises]]
id = "part"
kind = "inpaint"
points = 1
prompt_words = 2
words_minimum = 5
title = { en = "A part", fr = "Une partie" }
[exercises.runs]
painted = {}

[[exercises]]
id = "led"
kind = "outlines"
points = 1
more = 0.0
parameters = { seed = 49 }  # by chance the tiny model follows outlines here
prompt_words = 2
words_minimum = 5
title = { en = "By outlines", fr = "Par contours" }
[exercises.runs]
unled = { control_scale = 0.0 }
led_fully = { control_scale = 1.0 }

[[exercises]]
id = "way"
kind = "between"
points = 1
frames_minimum = 5
words_minimum = 5
title = { en = "Between", fr = "Entre deux" }

[[exercises]]
id = "free"
kind = "own"
points = 1
seeds = [1, 2]
prompt_words = 4
words_minimum = 6
title = { en = "Own", fr = "À vous" }

[[exercises]]
id = "better"
kind = "iterate"
points = 1
minimum = 2
words_minimum = 4
title = { en = "Better", fr = "Mieux" }
[[exercises.criteria]]
id = "subject"
title = { en = "Subject", fr = "Sujet" }
hint = { en = "0 to 2", fr = "0 à 2" }

[[exercises]]
id = "rounds"
kind = "pipeline"
points = 1
words_minimum = 4
title = { en = "Rounds", fr = "Tours" }

[[exercises]]
id = "taught"
kind = "adapt"
points = 1
prompts = ["a {word} on a red background"]
scales = [0.0, 1.0]
steps = 5
words_minimum = 4
title = { en = "Taught", fr = "Appris" }

[[exercises]]
id = "set"
kind = "dataset"
points = 1
prompt = "{colour} {thing} on {background} background"
composed = "composed"
kept_minimum = 1
rounds = 2
words_minimum = 4
title = { en = "Set", fr = "Jeu" }
classes = { bag = { en = "bag", fr = "sac" }, mug = { en = "mug", fr = "tasse" } }
backgrounds = { red = { en = "red", fr = "rouge" }, gray = { en = "gray", fr = "gris" } }
colours = { blue = { en = "blue", fr = "bleu" }, green = { en = "green", fr = "vert" } }

[[exercises]]
id = "asked"
kind = "quiz"
points = 1
title = { en = "Quiz", fr = "Quiz" }
questions = [
  { id = "run", ask = "which_run", runs = ["base", "more", "other"] },
  { id = "parameter", ask = "which_parameter", runs = ["base", "more", "other"] },
  { id = "claim", ask = "which_claim", runs = ["base", "more"] },
  { id = "wire", ask = "which_source", graph = "graph.json" },
  { id = "setting", ask = "which_holder", graph = "graph.json" },
  { id = "written", ask = "choice", text = { en = "Why?", fr = "Pourquoi ?" }, choices = [
    { en = "So", fr = "Ainsi" }, { en = "Not so", fr = "Pas ainsi" }
  ] },
]

[[exercises]]
id = "seen"
kind = "observe"
of = "sweep"
points = 1
title = { en = "Seen", fr = "Vu" }
[[exercises.questions]]
id = "differs"
title = { en = "What is different", fr = "Ce qui diffère" }
[[exercises.conclusions]]
id = "steps"
title = { en = "Steps", fr = "Étapes" }

[[exercises]]
id = "mixed"
kind = "recognise"
points = 1
asked = 6
words_minimum = 5
title = { en = "Mixed", fr = "Mélange" }
pictures = [
  { file = "1.png", origin = "photo", tells = { en = "Grain", fr = "Grain" } },
  { file = "2.png", origin = "photo", tells = { en = "Grain", fr = "Grain" } },
  { file = "3.png", origin = "composed", tells = { en = "Edges", fr = "Bords" } },
  { file = "4.png", origin = "composed", tells = { en = "Edges", fr = "Bords" } },
  { file = "5.png", origin = "generated", tells = { en = "Paste", fr = "Pâte" } },
  { file = "6.png", origin = "generated", tells = { en = "Paste", fr = "Pâte" } },
]

[[exercises]]
id = "code"
kind = "code"
points = 1
title = { en = "Code", fr = "Code" }
draws = { drawn = "first" }

[[exercises]]
id = "studio"
kind = "studio"
points = 1
optional = true
title = { en = "Studio", fr = "Studio" }

[[exercises]]
id = "evaluation"
kind = "evaluation"
points = 1
reasons_minimum = 1
title = { en = "Scores", fr = "Notes" }
[[exercises.criteria]]
id = "use"
title = { en = "Use", fr = "Usage" }
hint = { en = "0 to 2", fr = "0 à 2" }
[[exercises.subjects]]
id = "base"
title = { en = "The baseline", fr = "La référence" }
one_of = ["base", "iteration"]

[[exercises]]
id = "analyse"
kind = "analyse"
points = 1
title = { en = "Analyse", fr = "Analyser" }
[[exercises.subjects]]
id = "first"
title = { en = "The first", fr = "La première" }
one_of = ["first"]

[[exercises]]
id = "correct"
kind = "correct"
points = 1
title = { en = "Correct", fr = "Corriger" }

[[exercises]]
id = "alt"
kind = "alt_text"
points = 1
purposes = ["informative"]
title = { en = "Alt", fr = "Alt" }

[[exercises]]
id = "compare"
kind = "compare"
points = 1
words_minimum = 5
title = { en = "Compare", fr = "Comparer" }

[[exercises]]
id = "pattern"
kind = "crossstitch"
points = 1
words_minimum = 5
colours_minimum = 2
title = { en = "Pattern", fr = "Grille" }

[[exercises]]
id = "story"
kind = "storyboard"
points = 1
words_minimum = 5
frames_minimum = 2
title = { en = "Story", fr = "Histoire" }

[[exercises]]
id = "brand"
kind = "brandkit"
points = 1
words_minimum = 5
shots_minimum = 1
title = { en = "Brand", fr = "Marque" }

[[exercises]]
id = "batch"
kind = "operations"
points = 1
words_minimum = 5
files_minimum = 10
title = { en = "Batch", fr = "Lot" }

[[exercises]]
id = "drawn"
kind = "diagrams"
points = 1
words_minimum = 5
title = { en = "Diagram", fr = "Schéma" }

[[exercises]]
id = "lesson"
kind = "course"
points = 1
pictures_minimum = 2
words_minimum = 5
title = { en = "Lesson", fr = "Leçon" }

[[exercises]]
id = "reflection"
kind = "reflection"
points = 1
lines_minimum = 1
lines_maximum = 3
words_minimum = 6
topics = []
title = { en = "Reflection", fr = "Réflexion" }

[[exercises]]
id = "hand_in"
kind = "hand_in"
points = 1
title = { en = "Hand in", fr = "Remise" }
"""


def invoke(command: Any, *arguments: object) -> Any:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


FRAMES = [
    {"caption": "It goes out again", "alt": "A red bag"},
    {"caption": "It comes back home", "alt": "A bag"},
]
CHANGES: dict[str, dict[str, Any]] = {
    "pattern": {}, "story": {"frames": FRAMES}, "brand": {}, "batch": {}, "drawn": {},
    "lesson": {"pictures": TOLD[:2]}
}  # fmt: skip

# What the author writes for `code`, with one blank, and what fills it.
BLANKS = """
import torch
from diffusers import AutoPipelineForText2Image, EulerAncestralDiscreteScheduler
from given import HEIGHT, LOADING, MODEL, PROMPTS, WIDTH

pipe = AutoPipelineForText2Image.from_pretrained(MODEL, **LOADING)
pipe.scheduler = EulerAncestralDiscreteScheduler.from_config(pipe.scheduler.config)
image = pipe(
    prompt=PROMPTS["drawn"],
    width=WIDTH,
    height=HEIGHT,
    num_inference_steps=_______,
    guidance_scale=7.5,
    generator=torch.Generator("cpu").manual_seed(42),
).images[0]
image.save("drawn.png")
"""
BOUNDS = Bounds(seconds=120, memory=6 * 2**30)


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mini_is_tiny: Path) -> str:
    folder = tmp_path / "mine" / "everything"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    monkeypatch.setenv("GENAI_LANGUAGE", "en")
    for language in LANGUAGES:
        (folder / f"code.blanks.{language}.txt").write_text(BLANKS, encoding="utf-8")
    sheet = composed()
    (folder / "composed.webp").write_bytes(sheet.sheet)
    (folder / "composed.json").write_text(sheet.model_dump_json(exclude={"sheet"}))
    (folder / "pictures").mkdir()
    for number in range(1, 7):
        (folder / "pictures" / f"{number}.png").write_bytes(photo(40 + number, 64))
    (folder / "graph.json").write_text(json.dumps(graph()), encoding="utf-8")
    write_texts(folder, "introduction", *(e["id"] for e in tomllib.loads(TOML)["exercises"]))
    return folder.name


def make(work: Path, what: str, *options: object) -> None:
    done = invoke(run, what, "--work", work, *options)
    assert done.exit_code == 0, done.stderr


def write(work: Path, assignment_id: str) -> None:
    """All that a student writes, by the functions that the pages call."""
    assignment, store = find_assignment(assignment_id), Store(work, assignment_id, WorkSettings().student)
    newest = {run.id: r for _, run in assignment.planned_runs() if (r := store.newest(run.id))}

    def save(change: answering.Change) -> None:
        answering.update(store.folder, "en", change)

    save(exercise_answers.putting("grid", "text")("More words and steps make a clearer bag."))
    save(exercise_answers.putting("rounds", "chosen")("round"))
    save(exercise_answers.putting("rounds", "text")("It is the first, and nothing in it is blurred."))
    save(exercise_answers.putting("taught", "text")("After five steps nothing of my thing is there."))
    save(exercise_answers.putting("set", "text")("With a bias all that is grey became a mug."))
    save(exercise_answers.putting("part", "text")("The edge of the new part is soft and hardly seen."))
    save(exercise_answers.putting("led", "text")("The outlines decide the shape and words the colour."))
    save(exercise_answers.putting("way", "text")("The colour turns slowly and then the shape jumps."))
    for number, why in enumerate(
        ("much grain", "soft edges", "odd light", "one shadow", "thin lines", "paste all over")
    ):
        save(exercise_answers.recognised("mixed", str(number + 1), "photo", 50 + 10 * number, why))
    save(exercise_answers.putting("mixed", "text")("I was surest where I was wrong about it."))
    save(exercise_answers.putting("free", "chosen")("free_seed2"))
    save(exercise_answers.putting("free", "text")("It is whole, and its colour is what I asked for."))
    iterate, quiz = assignment.exercise("better"), assignment.exercise("asked")
    assert isinstance(iterate, Iterate)
    assert isinstance(quiz, Quiz)
    for score, stem in enumerate(("iteration", "iteration-2")):
        save(exercise_answers.step_score("better", stem, "subject", score))
        save(exercise_answers.step_why("better", stem, "I named its colour, since it was left open."))
    for question in quiz.questions:
        if question.by_itself:
            place = place_asked_about(question, store.student, assignment_id, quiz.id)
            asked = ask_by_itself(question, place)
            assert asked is not None
            right, most = min(asked.right), len(quiz.tries)
            save(exercise_answers.tried(quiz.id, question.id, [], place, right, asked.right, most))
            continue
        shown = [newest[run] for run in runs_asked_about(question, store.student, assignment_id, quiz.id)]
        asked = ask(question, [r.manifest for r in shown], {run: r.manifest for run, r in newest.items()})
        assert asked is not None
        right, pictures = min(asked.right), [r.stem for r in shown]
        save(exercise_answers.tried(quiz.id, question.id, pictures, "", right, asked.right, len(quiz.tries)))
    for name in ("base", "more", "other"):
        save(answering.observed("seen", name, "differs", f"The bag of {name} has another outline."))
    save(answering.observed("seen", None, "steps", "More steps make cleaner outlines."))
    code = CodeJob(
        store, "code", BLANKS.replace(BLANK, "2"), [Draw("drawn", newest["first"])], BOUNDS, work / "kept"
    )
    assert [type(event) for event in code.events()][-1] is PictureSaved
    save(answering.image("base", "base"))
    save(answering.score("base", "use", 1))
    save(answering.set_reason("base", 0, "Its outline is clear."))
    save(answering.reflection("Steps cost time; words decide what is drawn."))
    notebook, first = Notebook(work, assignment_id, store.student), newest["first"]
    about = ask_model(notebook, first, "describe", "A bag in red. Edges are sharp.")
    draft = ask_model(notebook, first, "alt_text", "{}", {"short": "A bag."})
    notebook.write(
        "correct",
        Correction(
            about=about,
            claim="Edges are sharp.",
            truth="They are soft, as the picture is small.",
            noticed="I looked at it enlarged, beside another one that was sharp.",
        ),
    )
    notebook.write("alt", alt_text(seen(first), "informative", "A small red bag on white", "", draft))
    stems = tuple(
        store.save(api_draft("compare", "comparison", "a kite", provider), file_of(number)).stem
        for number, provider in enumerate(("bundled", "elsewhere"))
    )
    reason = "The first one took less time and is whole."
    for exercise in assignment.exercises:
        if isinstance(exercise, Crafted):
            of = [newest["base"], newest["other"]]
            make_piece(store, exercise, of[: APPLICATIONS[exercise.kind].most], **CHANGES[exercise.id])
            save(exercise_answers.putting(exercise.id, "text")("Few colours made it clear and light."))
    notebook.write("compare", Conclusion(pictures=stems, chosen=stems[0], reason=reason))


def test_whoever_writes_only_toml_gets_every_kind_done_and_graded(
    tmp_path: Path, everything: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PRIOR", "PRIOR_BATCH", "VARIANTS", "SAMPLE_STEPS"):
        monkeypatch.setattr(adapting, name, 2)
    monkeypatch.setattr(adapt_job, "OTHERS", 1)
    assignment, work = find_assignment(everything), tmp_path / "work"
    assert {exercise.kind for exercise in assignment.exercises} == KINDS.keys()
    picture = tmp_path / "photo.png"
    picture.write_bytes(photo())
    refused = invoke(run, f"{everything}/free", "--work", work)
    assert refused.exit_code != 0
    assert "--set prompt" in str(refused.exception)

    make(work, everything, "--source", picture)
    prompts = ("--set", "prompt=two blue bags on white", "--set", "negative_prompt=red")
    make(work, f"{everything}/free", *prompts)
    refused = invoke(run, f"{everything}/part", "--work", work, "--source", picture, "--set", "prompt=a cat")
    assert "--mask" in str(refused.exception)
    mask = tmp_path / "mask.png"
    rectangle(64, 64, 16, 16, 48, 48).save(mask)
    make(work, f"{everything}/part", "--source", picture, "--mask", mask, "--set", "prompt=a blue car")
    refused = invoke(run, f"{everything}/led", "--work", work, "--set", "prompt=a cat")
    assert "--outlines" in str(refused.exception)
    make(work, f"{everything}/led", "--outlines", picture, "--set", "prompt=a blue car")
    make(work, f"{everything}/way", "--set", "to_prompt=a blue car", "--set", "to_seed=7")
    make(work, f"{everything}/better")
    make(work, f"{everything}/better", "--set", "prompt=a red bag with studio lighting")
    rounds = invoke(pipeline, f"{everything}/rounds", "--work", work, "--rounds", 2)
    assert rounds.exit_code == 0, rounds.stderr
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(photo(70 + number, 72))
    teach = ("--photos", folder, "--word", "zibou", "--rank", 2)
    taught = invoke(adapt, f"{everything}/taught", "--work", work, *teach)
    assert taught.exit_code == 0, taught.stderr
    one = ("--prompt", "a {word} on a green background", "--strength")
    freely = invoke(adapt, f"{everything}/taught", "--work", work, *one, 1.2)
    assert freely.exit_code == 0, freely.stderr
    assert Path(freely.stdout.strip()).name == "adapted.png"
    assert invoke(adapt, f"{everything}/taught", "--work", work, *one, 1.6).exit_code == 2
    through = Store(work, everything, WorkSettings().student).folder
    change(through, "set", lambda before: before.deciding("set_bag_gray_blue", "other"))
    for thing in ("bag", "mug"):
        change(through, "set", lambda before, thing=thing: before.looking(thing, done=True))  # type: ignore[misc]
    learnt = invoke(dataset, f"{everything}/set", "--work", work, "--bias", "mug,gray")
    assert learnt.exit_code == 0, learnt.stderr
    write(work, everything)

    looked = invoke(check, everything, "--work", work, "--json")
    checks = {each["id"]: each for each in json.loads(looked.stdout)["checks"]}
    assert {i for i, c in checks.items() if c["passed"] is False} == {"studio/pictures/studio"}
    assert [c["points"] for i, c in checks.items() if i.startswith("asked/")] == pytest.approx(
        [1 / 6] * 6, abs=0.01
    )
    image, parameters = (checks[f"sweep/base/{rule}"]["maximum"] for rule in ("image", "parameters"))
    assert image == pytest.approx(2 * parameters, abs=0.011)

    assert invoke(hand_in, everything, "--work", work).exit_code == 0
    assert invoke(check, everything, "--work", work).exit_code == 0  # though what is optional is not done
    student = WorkSettings().student
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    archive = next((work / everything / "hand-ins").glob("*.zip"))
    shutil.copy(archive, submissions / f"{student}.zip")
    graded = invoke(grade, submissions, "--assignment", everything, "--out", tmp_path / "out")
    assert graded.exit_code == 0, graded.output
    result = json.loads((tmp_path / "out" / student / "grade.json").read_text())
    assert result["maximum"] == 29
    assert {c["id"] for c in result["checks"] if c["passed"] is False} == {"studio/pictures/studio"}
    assert {c["id"] for c in result["checks"] if c["optional"]} == {"studio/pictures/studio"}
    assert any("“One” was due 2020-01-01" in finding for finding in result["findings"])
    assert round(result["points"] + result["open"], 2) == 29

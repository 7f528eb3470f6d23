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

from exercises.i18n import LANGUAGES
from exercises.kinds import KINDS
from exercises.loader import find_assignment
from grading.commands import check, hand_in
from lab.cli.adapt import adapt
from lab.cli.dataset import dataset
from lab.cli.grade import grade
from lab.cli.pipeline import pipeline
from lab.cli.run import run
from lab.engine import adapting
from lab.jobs import adapt as adapt_job
from manifests.masks import rectangle
from manifests.settings import WorkSettings
from manifests.sorting import change
from manifests.store import Store
from tests.exercises.conftest import write_texts
from tests.grading.sorted_work import composed
from tests.lab.cli.every_kind.written import write
from tests.lab.comfyui.serving import graph
from tests.lab.engine.asking import photo

FOLDER = Path(__file__).parent / "every_kind"


def invoke(command: Any, *arguments: object) -> Any:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mini_is_tiny: Path) -> str:
    folder = tmp_path / "mine" / "everything"
    folder.mkdir(parents=True)
    shutil.copy(FOLDER / "assignment.toml", folder)
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    monkeypatch.setenv("GENAI_LANGUAGE", "en")
    for language in LANGUAGES:
        shutil.copy(FOLDER / "blanks.txt", folder / f"code.blanks.{language}.txt")
    sheet = composed()
    (folder / "composed.webp").write_bytes(sheet.sheet)
    (folder / "composed.json").write_text(sheet.model_dump_json(exclude={"sheet"}))
    (folder / "pictures").mkdir()
    for number in range(1, 7):
        (folder / "pictures" / f"{number}.png").write_bytes(photo(40 + number, 64))
    (folder / "graph.json").write_text(json.dumps(graph()), encoding="utf-8")
    stated = tomllib.loads((FOLDER / "assignment.toml").read_text(encoding="utf-8"))
    write_texts(folder, "introduction", *(each["id"] for each in stated["exercises"]))
    return folder.name


def make(work: Path, what: str, *options: object) -> None:
    done = invoke(run, what, "--work", work, *options)
    assert done.exit_code == 0, done.stderr


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
    assert result["maximum"] == assignment.points
    assert {c["id"] for c in result["checks"] if c["passed"] is False} == {"studio/pictures/studio"}
    assert {c["id"] for c in result["checks"] if c["optional"]} == {"studio/pictures/studio"}
    assert any("“One” was due 2020-01-01" in finding for finding in result["findings"])
    assert round(result["points"] + result["open"], 2) == assignment.points

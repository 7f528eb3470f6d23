"""`genai-lab run`, `verify` and `code`: exit codes, one JSON document, a Ctrl-C that cuts nothing in two."""

import json
import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lab.cli.code import code
from lab.cli.run import RunError, run, select
from lab.cli.verify import verify
from manifests.chain import verify_chain
from manifests.manifest import Request
from manifests.settings import WorkSettings
from manifests.store import Record, Store
from tests.lab.engine.asking import photo

SWEEP = [
    "t2i_run01_baseline",
    "t2i_run02_steps15",
    "t2i_run03_steps50",
    "t2i_run04_guid4",
    "t2i_run05_guid12",
    "t2i_run06_ddim",
]
SMALL = ["--set", "width=64", "--set", "height=64"]


def invoke(command: Any, *arguments: object) -> Any:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def work(tmp_path: Path, mini_is_tiny: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "photo.png"
    file.write_bytes(photo())
    return file


def store(work: Path) -> Store:
    return Store(work, "tp2", WorkSettings().student)


def request_of(record: Record) -> Request:
    assert isinstance(record.manifest.request, Request)
    return record.manifest.request


def test_a_sweep_makes_its_six_runs_as_planned(work: Path) -> None:
    done = invoke(run, "tp2/sweep", "--work", work, *SMALL)
    assert done.exit_code == 0, done.stderr
    records = store(work).records()
    assert [record.manifest.run for record in records] == SWEEP
    steps = {record.manifest.run: request_of(record).steps for record in records}
    assert (steps["t2i_run02_steps15"], steps["t2i_run03_steps50"]) == (15, 50)
    assert all(str(record.image_path) in done.stdout for record in records)


def test_json_is_one_document_about_every_run(work: Path, picture: Path) -> None:
    done = invoke(run, "tp2/img2img", "--work", work, "--source", picture, "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["assignment"], document["model"]) == ("tp2", "mini")
    assert [(r["status"], r["effective_steps"]) for r in document["runs"]] == [
        ("saved", 10),
        ("saved", 18),
        ("saved", 25),
    ]
    assert all(Path(r["manifest"]).is_file() and Path(r["image"]).is_file() for r in document["runs"])


def test_one_run_alone_with_a_changed_parameter(work: Path) -> None:
    done = invoke(run, "tp2/sweep/t2i_run06_ddim", "--work", work, "--set", "steps=3", "--set", "seed=9")
    assert done.exit_code == 0, done.stderr
    (record,) = store(work).records()
    request = request_of(record)
    assert (request.steps, request.seed, request.scheduler) == (3, 9, "DDIM")


STUDIO = ["tp2/studio", "--set", "steps=2", *SMALL]


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["words", "json"])
def test_words_that_are_not_known_are_told_before_anything_is_drawn(
    work: Path, more: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Drawn(Exception):
        pass

    def draws(*_: Any, **__: Any) -> None:
        raise Drawn

    monkeypatch.setattr("lab.cli.run.generate", draws)
    done = invoke(run, *STUDIO, "--work", work, "--set", "prompt=a sleek wobbly red bag", *more)
    assert isinstance(done.exception, Drawn)
    assert "sleek, wobbly" in done.stderr
    assert done.stdout == ""


def test_words_of_several_runs_are_told_once_and_known_ones_never(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.cli.run.generate", lambda *_, **__: 1 / 0)
    done = invoke(run, "tp2/sweep", "--work", work)
    assert done.stderr.count("e-commerce") == 1
    done = invoke(run, *STUDIO, "--work", work, "--set", "prompt=a red backpack on a white background")
    assert done.stderr == ""


@pytest.mark.usefixtures("fixed_judge")
def test_the_machines_opinion_is_said_as_such_and_is_in_the_json(work: Path) -> None:
    asked = [*STUDIO, "--work", work, "--set", "prompt=a red backpack on a white background"]
    done = invoke(run, *asked)
    assert "Machine’s opinion: 1 of 3 found" in done.stdout
    (made,) = json.loads(invoke(run, *asked, "--json").stdout)["runs"]
    adherence = store(work).records()[-1].manifest.adherence
    assert adherence is not None
    assert made["adherence"] == json.loads(adherence.model_dump_json())
    done = invoke(run, *STUDIO, "--work", work, "--set", "prompt=sleek", "--json")
    assert json.loads(done.stdout)["runs"][0]["adherence"] is None


def test_the_studio_takes_everything_from_set(work: Path) -> None:
    done = invoke(run, "tp2/studio", "--work", work, "--set", "prompt=a=b, 7", "--set", "steps=2", *SMALL)
    assert done.exit_code == 0, done.stderr
    (record,) = store(work).records()
    assert (record.manifest.exercise, record.manifest.run) == ("studio", "studio")
    assert record.manifest.request.prompt == "a=b, 7"


def test_the_whole_assignment_is_all_planned_runs() -> None:
    _, planned = select("tp2", {}, "jane")
    assert [each.run for each in planned][:2] == ["smoke", "baseline"]
    assert len(planned) == 11


def test_a_failed_run_exits_with_1_and_says_why(work: Path) -> None:
    done = invoke(run, "tp2/baseline", "--work", work, "--set", "width=1024", "--json")
    assert done.exit_code == 1
    (outcome,) = json.loads(done.stdout)["runs"]
    assert (outcome["status"], outcome["image"]) == ("failed", None)
    assert "1024x256" in outcome["error"]
    assert "1024x256" in done.stderr
    assert store(work).records() == []


WRONG = {
    "an exercise that is not there": ["tp2/nope"],
    "a run that is not there": ["tp2/sweep/nope"],
    "an exercise without runs": ["tp2/evaluation"],
    "an assignment that is not there": ["tp9"],
    "a parameter that is not there": ["tp2/baseline", "--set", "stepz=3"],
    "a seed out of range": ["tp2/baseline", "--set", "seed=-1"],
    "a seed that is no number": ["tp2/baseline", "--set", "seed=many"],
    "a step and a half": ["tp2/baseline", "--set", "steps=1.5"],
    "a scheduler nobody knows": ["tp2/baseline", "--set", "scheduler=Heun"],
    "no equals sign": ["tp2/baseline", "--set", "steps"],
    "no source": ["tp2/img2img"],
    "a source that is not there": ["tp2/img2img", "--source", "nowhere.png"],
    "a source that is no picture": ["tp2/img2img", "--source", __file__],
    "a folder as a source": ["tp2/img2img", "--source", str(Path(__file__).parent)],
    "a model nobody knows": ["tp2/baseline", "--model", "dall-e-9"],
    "a studio without a prompt": ["tp2/studio"],
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_one_line_and_nothing_is_made(work: Path, name: str) -> None:
    from exercises.errors import UserError

    done = invoke(run, *WRONG[name], "--work", work)
    assert isinstance(done.exception, UserError), done.exception
    assert len(str(done.exception)) > 15
    assert not list(work.rglob("*.png"))


def test_an_error_names_what_there_is_instead() -> None:
    with pytest.raises(RunError, match="t2i_run06_ddim"):
        select("tp2/sweep/t2i_run07", {}, "jane")


def test_ctrl_c_stops_at_the_next_step_and_leaves_only_whole_records(work: Path, mini_is_tiny: Path) -> None:
    command = [sys.executable, "-m", "genai_lab", "run", "tp2/sweep", "--work", str(work)]
    command += ["--set", "steps=150"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "LANG": "en_GB.UTF-8"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith(SWEEP[0]):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)  # the second run is under way
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    records = store(work).records()
    assert [record.manifest.run for record in records] in (SWEEP[:1], SWEEP[:2])
    for record in records:
        assert record.manifest.image.sha256 == sha256(record.image_path.read_bytes()).hexdigest()
    assert store(work).leftovers() == []
    assert verify_chain(store(work).chain()) == []


def test_verify_takes_a_manifest_or_any_folder_of_them(work: Path) -> None:
    invoke(run, "tp2/baseline", "--work", work, "--set", "steps=2", *SMALL)
    manifest = work / "tp2" / "outputs" / "baseline.json"
    for place in (manifest, manifest.parent, work / "tp2", work):
        done = invoke(verify, place, "--json")
        assert done.exit_code == 0, done.stderr
        (found,) = json.loads(done.stdout)["manifests"]
        assert (found["stem"], found["verdict"]) == ("baseline", "identical")


def test_verify_exits_with_1_where_one_is_different_or_unreadable(work: Path) -> None:
    invoke(run, "tp2/baseline", "--work", work, "--set", "steps=2", *SMALL)
    outputs = work / "tp2" / "outputs"
    manifest = outputs / "baseline.json"
    manifest.write_text(manifest.read_text().replace('"seed": 42', '"seed": 43'))
    done = invoke(verify, work)
    assert done.exit_code == 1
    assert "baseline  different" in done.stdout
    manifest.write_text("{")
    done = invoke(verify, work, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["manifests"][0]["verdict"] == "not checkable"


@pytest.mark.parametrize("place", [".", "nowhere", "nowhere.json"])
def test_verify_says_where_there_is_nothing(place: str, mini_is_tiny: Path) -> None:
    from exercises.errors import UserError

    assert isinstance(invoke(verify, place).exception, UserError)


def test_code_prints_the_script_alone(work: Path) -> None:
    from exercises.errors import UserError

    invoke(run, "tp2/baseline", "--work", work, "--set", "steps=2", *SMALL)
    manifest = work / "tp2" / "outputs" / "baseline.json"
    done = invoke(code, manifest)
    assert done.exit_code == 0
    compile(done.stdout, "script", "exec")
    assert "num_inference_steps=2" in done.stdout
    assert isinstance(invoke(code, manifest.with_name("nothing.json")).exception, UserError)

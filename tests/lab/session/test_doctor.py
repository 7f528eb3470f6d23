"""The doctor names what is wrong, with its fix, and finds a sound machine sound."""

import json
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from typer.testing import CliRunner

import genai_lab
from exercises.i18n import LANGUAGES, Language
from lab.models.availability import availability
from lab.models.checksums import write_sums
from lab.session import doctor
from lab.session.doctor import CHECKS, State, examine
from lab.session.machine import free_memory
from manifests.draft import Draft
from manifests.manifest import Model, Request, Versions
from manifests.store import Store
from tests.lab.session.examined import case, findings, only


def picture(work: Path, run: str = "smoke") -> Store:
    """A store with one picture more."""
    request = Request(
        mode="text2img", prompt="a red bag", negative_prompt="", width=8, height=8, steps=2,
        guidance_scale=7.5, scheduler="DDIM", seed=1,
    )  # fmt: skip
    draft = Draft(
        exercise="smoke", run=run, request=request, effective_steps=2,
        model=Model(id="mini", repository="genai-lab", revision="0"),
        versions=Versions(python="3", torch="2", diffusers="0", transformers="5", genai_lab="0"),
        device="cpu", dtype="float32", batch_size=1, batch_index=0, seconds=0.1,
    )  # fmt: skip
    store = Store(work, "tp2", "ada")
    store.save(draft, Image.effect_noise((8, 8), 50).convert("RGB"))
    return store


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_but_the_model_can_be_wrong_on_a_machine_that_runs_these_tests(
    tmp_path: Path, language: Language
) -> None:
    problems = [
        f for f in examine(case(tmp_path, language)) if f.state is State.PROBLEM and f.check != "models"
    ]
    assert problems == []


def test_every_finding_that_is_not_fine_says_what_to_do(tmp_path: Path) -> None:
    given = case(tmp_path / "missing", GENAI_WROK="x", GENAI_SOMETHING_ELSE="x")
    for finding in examine(given):
        assert (finding.fix == "") == (finding.state is State.OK), finding


def test_a_python_that_is_not_asked_for_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.9.1")
    finding = only(case(tmp_path), "python")
    assert finding.state is State.PROBLEM
    assert "3.9.1" in finding.finding


def test_libraries_are_held_to_the_bounds_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = doctor.metadata.version

    def version(name: str) -> str:
        if name == "pillow":
            raise doctor.metadata.PackageNotFoundError(name)
        return "99.0" if name == "torch" else known(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    wrong = [f for f in findings(case(tmp_path), "libraries") if f.state is State.PROBLEM]
    assert {"pillow" in f.finding for f in wrong} == {True, False}
    assert any("torch 99.0" in f.finding and "pip install" in f.fix for f in wrong)


def test_a_file_where_the_work_folder_should_be_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("not a folder")
    assert only(case(tmp_path / "work"), "work").state is State.PROBLEM


def test_a_work_folder_that_cannot_be_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    finding = only(case(tmp_path), "work")
    assert finding.state is State.PROBLEM
    assert "Read-only file system" in finding.finding


def test_a_work_folder_that_is_still_to_come_is_not_created(tmp_path: Path) -> None:
    assert only(case(tmp_path / "a" / "b"), "work").state is State.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "state"), [(2**40, State.OK), (2**30, State.WARNING), (2**20, State.PROBLEM)]
)
def test_little_disk_is_a_warning_and_none_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: State
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    assert only(case(tmp_path), "disk").state is state


def test_little_memory_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "free_memory", lambda: (2**29, 2**33))
    finding = only(case(tmp_path, "fr"), "memory")
    assert finding.state is State.WARNING
    assert "0,5" in finding.finding


def test_free_memory_is_no_more_than_there_is() -> None:
    free, total = free_memory()
    assert 0 < free <= total


@pytest.mark.parametrize(
    ("answer", "torch", "state"),
    [
        ("", "2.13.0+cpu", State.OK),
        ("NVIDIA T4, 15360 MiB, 15000 MiB\n", "2.13.0+cpu", State.WARNING),
        ("NVIDIA T4, 15360 MiB, 15000 MiB\n", "2.13.0+cu130", State.OK),
    ],
)
def test_a_graphics_card_that_torch_cannot_use_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, torch: str, state: State
) -> None:
    version = doctor.metadata.version
    monkeypatch.setattr(doctor.metadata, "version", lambda name: torch if name == "torch" else version(name))
    monkeypatch.setattr(
        subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout=answer, stderr="")
    )
    finding = only(case(tmp_path), "gpu")
    assert finding.state is state
    assert ("NVIDIA T4" in finding.finding) == bool(answer)


def test_the_bundled_model_must_be_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tmp_path / "nothing"))
    assert any(f.state is State.PROBLEM for f in findings(case(tmp_path), "models"))


def test_a_bundled_model_with_a_changed_file_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "unet.safetensors").write_bytes(b"changed")
    (weights / "SHA256SUMS").write_text(f"{'0' * 64}  unet.safetensors\n")
    monkeypatch.setattr(
        doctor, "availability", lambda name: replace(availability(name), code="ready", folder=weights)
    )
    wrong = [f for f in findings(case(tmp_path), "models") if f.state is State.PROBLEM]
    assert [("unet.safetensors" in f.finding) for f in wrong] == [True]


def test_a_changed_controlnet_is_a_problem_too(
    tiny_mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny_mini, tmp_path / "weights")
    network = shutil.copytree(tiny_mini.with_name("controlnet"), tmp_path / "controlnet")
    write_sums(network)
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tmp_path / "weights"))
    assert not [f for f in findings(case(tmp_path), "models") if f.state is State.PROBLEM]
    (file,) = network.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    (wrong,) = (f for f in findings(case(tmp_path), "models") if f.state is State.PROBLEM)
    assert f"controlnet/{file.name}" in wrong.finding


def test_a_bad_assignment_is_named_with_the_loaders_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine" / "tp9").mkdir(parents=True)
    (tmp_path / "mine" / "tp9" / "assignment.toml").write_text("points = [")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path / "mine"))
    found = findings(case(tmp_path), "exercises")
    assert [f.state for f in found] == [State.PROBLEM, State.OK]
    assert "tp9" in found[0].finding
    assert "tp2" in found[1].finding


def test_a_whole_chain_is_fine_deleted_pictures_and_all(tmp_path: Path) -> None:
    for _ in range(3):
        store = picture(tmp_path)
    store.delete("smoke")
    finding = only(case(tmp_path), "record")
    assert finding.state is State.OK
    assert "pictures: 2, in the bin: 1" in finding.finding


def test_a_missing_manifest_and_a_leftover_are_named(tmp_path: Path) -> None:
    picture(tmp_path)
    store = picture(tmp_path)
    (store.outputs / "smoke.json").unlink()
    found = findings(case(tmp_path), "record")
    assert [f.state for f in found] == [State.PROBLEM, State.WARNING]
    assert "smoke.png" in found[1].finding


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_picture_is_to_be_made_again_and_its_manifest_kept(
    tmp_path: Path, language: Language
) -> None:
    picture(tmp_path, "baseline")
    store = picture(tmp_path)
    (store.outputs / "smoke.png").unlink()
    whole, gone = findings(case(tmp_path, language), "record")
    assert (whole.state, gone.state) == (State.OK, State.PROBLEM)
    counted = {"en": "pictures: 1, in the bin: 0", "fr": "images\u00a0: 1, dans la corbeille\u00a0: 0"}
    assert counted[language] in whole.finding  # as the gallery says
    assert "smoke.png" in gone.finding
    assert {"en": "Make each again", "fr": "Refaites chacune"}[language] in gone.fix
    assert {"en": "Keep its manifest", "fr": "Gardez son manifeste"}[language] in gone.fix
    picture(tmp_path)
    assert only(case(tmp_path), "record").state is State.OK


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_in_the_record_is_ever_to_be_deleted(tmp_path: Path, language: Language) -> None:
    store = picture(tmp_path)
    (store.outputs / "smoke.png").unlink()
    picture(tmp_path, "baseline").delete("baseline")
    (store.bin / "baseline.png").unlink()
    (store.outputs / "other.json").write_text("{")
    (store.outputs / "other.txt").write_text("notes")
    (store.outputs / "._smoke.json").write_bytes(b"")
    found = findings(case(tmp_path, language), "record")
    assert [f.state for f in found] == [State.OK, State.PROBLEM, State.PROBLEM, State.WARNING]
    assert ["other.json" in f.finding for f in found] == [False, False, True, False]
    assert not any("baseline.json" in f.finding for f in found)
    words = ("delete", "remove", "supprim", "effac", "enlev")
    assert not any(word in f.fix.lower() for f in found for word in words)


def test_a_clock_behind_the_record_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path)

    assert only(case(tmp_path), "clock").state is State.OK
    yesterday = datetime.now(UTC) - timedelta(days=1)
    monkeypatch.setattr(doctor, "datetime", SimpleNamespace(now=lambda _: yesterday))
    assert only(case(tmp_path), "clock").state is State.WARNING


def test_a_clock_before_the_program_was_written_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "RELEASED", datetime.now(UTC) + timedelta(days=1))
    assert only(case(tmp_path), "clock").state is State.PROBLEM


def test_a_port_in_use_is_a_warning_and_a_free_one_is_not(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert only(case(tmp_path, port=port), "port").state is State.WARNING
    assert only(case(tmp_path, port=port), "port").state is State.OK


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Path) -> None:
        raise ZeroDivisionError("sensitive text")

    monkeypatch.setattr("shutil.disk_usage", broken)
    found = examine(case(tmp_path))
    failed = [f for f in found if f.check == "itself"]
    assert len(failed) == 1
    assert "disk" in failed[0].finding
    assert "sensitive" not in failed[0].finding
    assert {f.check for f in found} - {"itself"} == {c.__name__.lstrip("_") for c in CHECKS} - {"disk"}


def test_the_command_exits_with_1_for_a_problem_and_prints_one_json_document(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    app = genai_lab.build(["doctor"])
    answer = CliRunner().invoke(app, ["doctor", "--json", "--work", str(tmp_path / "file")])
    assert answer.exit_code == 1
    assert {f["check"]: f["state"] for f in json.loads(answer.stdout)["findings"]}["work"] == "problem"


def test_the_command_shows_each_fix_and_the_sum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_WROK", "x")
    app = genai_lab.build(["doctor"])
    answer = CliRunner().invoke(app, ["doctor", "--work", str(tmp_path)], env={"COLUMNS": "200"})
    assert "GENAI_WORK" in answer.stdout
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json", "--work", str(tmp_path)]).stdout)
    states = [finding["state"] for finding in found["findings"]]
    assert states.count("warning") >= 1  # a machine may have more to complain of than the setting
    assert f"Problems: {states.count('problem')}. Warnings: {states.count('warning')}." in answer.stdout


def test_a_wrong_setting_does_not_stop_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_PORT", "-5")
    answer = CliRunner().invoke(genai_lab.build(["doctor"]), ["doctor", "--json", "--work", str(tmp_path)])
    assert answer.exit_code == 1
    assert any(
        f["check"] == "settings" and f["state"] == "problem" for f in json.loads(answer.stdout)["findings"]
    )


def test_the_doctor_is_light() -> None:
    program = "import sys, lab.cli.doctor; print({'torch', 'gradio', 'diffusers'} & set(sys.modules))"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() == "set()"

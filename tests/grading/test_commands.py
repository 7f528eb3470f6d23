"""`genai-lab check` and `genai-lab hand-in`, as a student calls them."""

import errno
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import pytest

from genai_lab import main
from manifests.answers import load_answers, lock_of, save_answers
from manifests.store import Store
from tests.grading.good import EARNED, OPEN
from tests.grading.wrong import reflection, remove


@dataclass(frozen=True)
class Result:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def genai_lab(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Call the command as its script does, with arguments and environment."""

    def call(*arguments: str, **environment: str) -> Result:
        settings = {"GENAI_STUDENT": "alice", "GENAI_LANGUAGE": "en", "COLUMNS": "120"} | environment
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["genai-lab", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    return call


Run = Callable[..., Result]


def test_check_exits_with_0_when_nothing_is_missing(alice: Store, genai_lab: Run) -> None:
    genai_lab("hand-in", "tp2", "--work", str(alice.folder.parent))
    result = genai_lab("check", "tp2", "--work", str(alice.folder.parent), "--json")
    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert (document["points"], document["maximum"]) == (EARNED, 20.0)
    assert document["open"] == OPEN
    assert {check["status"] for check in document["checks"]} == {"passed", "open"}


def test_check_lists_what_is_not_begun(tmp_path: Path, genai_lab: Run) -> None:
    result = genai_lab("check", "tp2", "--work", str(tmp_path))
    assert (result.returncode, result.stderr) == (1, "")
    assert "– not done" in result.stdout


def test_check_exits_with_1_and_says_what_is_missing(alice: Store, genai_lab: Run) -> None:
    remove("outputs/smoke.png")(alice)
    result = genai_lab("check", "--work", str(alice.folder.parent), GENAI_LANGUAGE="fr")
    assert result.returncode == 1
    assert "smoke.png manque" in result.stdout
    assert "11,82 points sur 20" in result.stdout


def test_check_of_work_not_begun_lists_everything_as_missing(tmp_path: Path, genai_lab: Run) -> None:
    result = genai_lab("check", "tp2", "--work", str(tmp_path / "none"), "--json")
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert found["points"] == 0
    assert found["findings"][0].startswith(f"There is no folder {tmp_path / 'none' / 'tp2'} yet")


@pytest.mark.parametrize(("name", "why"), [("none.json", "No such file"), ("text.json", "line 1, column 1")])
def test_code_of_what_is_no_manifest_says_which_file_and_what_to_give(
    tmp_path: Path, genai_lab: Run, name: str, why: str
) -> None:
    (tmp_path / "text.json").write_text("no JSON")
    result = genai_lab("code", str(tmp_path / name))
    assert result.returncode == 2
    assert result.stderr.startswith(f"genai-lab: {tmp_path / name} is no manifest: ")
    assert why in result.stderr
    assert "Give the JSON file beside a picture" in result.stderr


@pytest.mark.parametrize("bias", ["mug,nope", "nope,gray", "mug", "mug,gray,more", ","])
def test_a_bias_that_the_exercise_has_not_is_refused_before_anything_is_drawn(
    tmp_path: Path, genai_lab: Run, bias: str
) -> None:
    result = genai_lab("dataset", "dataset", "--bias", bias, "--work", str(tmp_path))
    assert result.returncode == 2
    assert f"The bias “{bias}” is not possible here" in result.stderr
    assert "mug" in result.stderr.split("a thing of")[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [("check", "nothing_of_this_name"), ("hand-in", "../tp2"), ("hand-in",), ("check", "--no-such")],
)
def test_wrong_usage_is_one_line_and_2(arguments: tuple[str, ...], tmp_path: Path, genai_lab: Run) -> None:
    result = genai_lab(*arguments, GENAI_WORK=str(tmp_path))
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_hand_in_says_where_the_zip_is(alice: Store, genai_lab: Run) -> None:
    result = genai_lab("hand-in", "tp2", "--work", str(alice.folder.parent), "--json")
    assert result.returncode == 0
    document = json.loads(result.stdout)
    assert Path(document["file"]).stat().st_size == document["bytes"]


def test_another_name_does_not_undo_what_a_page_writes_meanwhile(alice: Store, genai_lab: Run) -> None:
    held = Event()

    def page() -> None:
        with lock_of(alice.folder):
            answers = load_answers(alice.folder)
            held.set()
            time.sleep(1)
            save_answers(alice.folder, answers.model_copy(update={"reflection": "Written meanwhile."}))

    writer = Thread(target=page)
    writer.start()
    assert held.wait(10)
    result = genai_lab("hand-in", "tp2", "--work", str(alice.folder.parent), "--also-me", "alice2")
    writer.join()
    assert result.returncode == 0
    answers = load_answers(alice.folder)
    assert (answers.reflection, answers.also_me) == ("Written meanwhile.", ["alice2"])


def test_hand_in_of_nothing_is_refused(tmp_path: Path, genai_lab: Run) -> None:
    result = genai_lab("hand-in", "tp2", "--work", str(tmp_path))
    assert result.returncode == 2
    assert "nothing to hand in" in result.stderr


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_folder_that_cannot_be_written_is_one_line_and_2(
    alice: Store, genai_lab: Run, language: str
) -> None:
    (alice.folder / "hand-ins").write_text("a file stands here")
    done = genai_lab("hand-in", "tp2", "--work", str(alice.folder.parent), GENAI_LANGUAGE=language)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "hand-ins" in done.stderr
    assert {"en": "free space", "fr": "place libre"}[language] in done.stderr


def test_a_full_disk_is_one_line_and_leaves_nothing(
    alice: Store, genai_lab: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    done = genai_lab("hand-in", "tp2", "--work", str(alice.folder.parent))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "No space left" in done.stderr
    assert list((alice.folder / "hand-ins").iterdir()) == []


def test_what_a_student_wrote_colours_no_terminal(alice: Store, genai_lab: Run) -> None:
    reflection("[bold red]x[/]\n\x1b[31mred")(alice)
    path = alice.outputs / "smoke.json"
    path.write_text(path.read_text().replace('"student": "alice"', '"student": "[red]\\u001b[31mmallory"'))
    result = genai_lab("check", "tp2", "--work", str(alice.folder.parent))
    assert "\x1b[31mmallory" not in result.stdout
    assert "[red]?[31mmallory" in result.stdout


def test_a_student_says_that_another_name_is_theirs_too(alice: Store, genai_lab: Run) -> None:
    work = str(alice.folder.parent)
    for name in ("alice-laptop", "al"):
        assert genai_lab("hand-in", "tp2", "--work", work, "--also-me", name).returncode == 0
    answers = load_answers(alice.folder)
    assert answers.also_me == ["alice-laptop", "al"]
    assert answers.reflection


def test_before_anything_is_handed_in_the_record_is_worth_nothing_yet(alice: Store, genai_lab: Run) -> None:
    work = str(alice.folder.parent)
    before, _, after = (
        json.loads(genai_lab(command, "tp2", "--work", work, "--json").stdout)
        for command in ("check", "hand-in", "check")
    )
    assert (before["points"], after["points"]) == (EARNED - 1, EARNED)
    record = [c for c in before["checks"] if c["id"].startswith("hand_in/")]
    assert {c["status"] for c in record} == {"unchecked"}
    assert all("once you have handed in" in c["cause"]["message"] for c in record)

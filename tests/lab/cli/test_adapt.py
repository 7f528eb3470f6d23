"""`genai-lab adapt`: what stands in the way is told in words, and the exit code says how it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genai_lab import main
from manifests.settings import WorkSettings
from manifests.store import Store
from tests.grading.adapted import taught


@pytest.fixture
def work(tmp_path: Path, mini_is_tiny: Path) -> Path:
    """A work folder with an adapter that was not taught to the model."""
    work = tmp_path / "work"
    taught(Store(work, "adapt", WorkSettings().student))
    return work


def exit_code(monkeypatch: pytest.MonkeyPatch, work: Path, *arguments: str) -> object:
    """How `genai-lab` ends."""
    monkeypatch.setattr(sys, "argv", ["genai-lab", *arguments, "--work", str(work)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("what", ["adapt adapt/enough", "pipeline api-analysis"])
def test_a_prompt_that_is_not_utf8_is_refused_in_one_line(
    what: str, work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GENAI_LANGUAGE", "en")
    as_python_reads_it = b"fox\xff".decode(errors="surrogateescape")
    assert exit_code(monkeypatch, work, *what.split(), "--prompt", as_python_reads_it) == 2
    said = capsys.readouterr().err
    assert said.startswith("genai-lab: The prompt")
    assert said.count("\n") == 1
    assert not (work / "adapt" / "outputs").exists()


@pytest.mark.parametrize(("language", "words"), [("en", "was not taught to"), ("fr", "n’a pas été appris à")])
def test_a_picture_that_cannot_be_drawn_says_why_in_words_and_exits_with_1(
    language: str,
    words: str,
    work: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GENAI_LANGUAGE", language)
    assert exit_code(monkeypatch, work, "adapt", "adapt/enough", "--prompt", "a {word}") == 1
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""


def test_ctrl_c_stops_the_drawing_and_leaves_only_whole_records(work: Path) -> None:
    command = [sys.executable, "-m", "genai_lab", "adapt", "adapt/enough", "--work", str(work)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "LANG": "en_GB.UTF-8"}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()  # a picture of the model without the adapter; the second is under way
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, (first, said)
    assert "Traceback" not in said
    store = Store(work, "adapt", WorkSettings().student)
    assert 1 <= len(store.records()) <= 2
    assert store.leftovers() == []

"""The file `.env` of the current folder: the language of messages, and what happens if it is no text."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def check(folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code and stderr of `genai-lab check` with an assignment that there is not."""
    kept = {name: value for name, value in os.environ.items() if name != "GENAI_LANGUAGE"}
    ended = subprocess.run(
        [sys.executable, "-m", "genai_lab", "check", "nope", "--work", str(folder)],
        cwd=folder,
        env=kept | {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[3])} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


def test_it_says_the_language_of_messages_unless_the_environment_does(tmp_path: Path) -> None:
    assert "there is no assignment" in check(tmp_path)[1]
    (tmp_path / ".env").write_text("GENAI_LANGUAGE=fr\n")
    assert "il n’y a pas ici" in check(tmp_path)[1]
    assert "there is no assignment" in check(tmp_path, GENAI_LANGUAGE="en")[1]


@pytest.mark.parametrize("data", ["GENAI_WORK=\xe9t\xe9\n".encode("latin-1"), b"\xff\xfeG\0"])
def test_one_that_is_no_utf_8_is_named_in_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / ".env").write_bytes(data)
    code, said = check(tmp_path)
    assert code == 2
    assert said.startswith("genai-lab: The file .env in this folder is not text in UTF-8")
    assert said.count("\n") == 1

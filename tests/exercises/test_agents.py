"""The field `agents` of an assignment."""

import shutil
from pathlib import Path

import pytest

import exercises
from exercises.loader import ExerciseError, load_assignment


def assignment(folder: Path, line: str) -> Path:
    shutil.copytree(Path(exercises.__file__).parent / "seeds", folder / "mine")
    file = folder / "mine" / "assignment.toml"
    file.write_text(line + "\n" + file.read_text())
    return folder / "mine"


def test_agents_are_allowed_unless_an_assignment_says_otherwise(tmp_path: Path) -> None:
    assert load_assignment(assignment(tmp_path / "a", "")).agents
    assert not load_assignment(assignment(tmp_path / "b", "agents = false")).agents


@pytest.mark.parametrize("value", ['"no"', "0", "[]"])
def test_anything_but_true_and_false_is_told_with_its_place(tmp_path: Path, value: str) -> None:
    with pytest.raises(ExerciseError, match=r"assignment\.toml.*line 1.*agents"):
        load_assignment(assignment(tmp_path, f"agents = {value}"))

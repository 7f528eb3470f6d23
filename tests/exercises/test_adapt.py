"""Kind `adapt` as it is written: which pictures there are, and what an author may get wrong."""

import pytest

from exercises.kinds import Adapt
from exercises.loader import find_assignment
from exercises.toml_file import ExerciseError
from tests.exercises.conftest import write_texts


def test_the_assignments_three_tables_are_too_few_enough_and_too_many_steps() -> None:
    few, enough, many = (e for e in find_assignment("adapt").exercises if isinstance(e, Adapt))
    assert few.most_steps < enough.fewest_steps
    assert enough.most_steps < many.fewest_steps
    assert few.keep[0] <= few.most_steps
    assert enough.fewest_steps <= few.steps <= enough.most_steps  # the next tab takes it
    assert many.steps >= many.fewest_steps
    for exercise in (few, enough, many):
        assert exercise.scales[0] == 0
        assert exercise.recorded[0] == f"{exercise.id}_1_scale000"


def test_a_cells_run_has_the_students_word() -> None:
    exercise = next(e for e in find_assignment("adapt").exercises if isinstance(e, Adapt))
    assert exercise.run(0, 1.0, "zibou").parameters.prompt == "a zibou on a white background"


TOML = """
points = 1
title = {{ en = "T", fr = "T" }}
[[exercises]]
id = "taught"
kind = "adapt"
points = 1
title = {{ en = "T", fr = "T" }}
{more}
"""


@pytest.mark.parametrize(
    "more",
    [
        'prompts = ["a mug"]',
        'prompts = ["a {word}"]\nscales = [0.0, 0.0]',
        'prompts = ["a {word}", "a {word}"]',
        'prompts = ["a {word}"]\nscales = [0.0, 2.0]',
        'prompts = ["a {word}"]\nsteps = 100\nmost_steps = 60\nfewest_steps = 80',
        'prompts = ["a {word}"]\n[exercises.start]\nsteps = 3',
    ],
)
def test_what_does_not_fit_is_refused(more: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "mine" / "teach"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(TOML.format(more=more), encoding="utf-8")
    write_texts(folder, "introduction", "taught")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    with pytest.raises(ExerciseError):
        find_assignment("teach")

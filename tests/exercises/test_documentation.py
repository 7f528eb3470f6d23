"""The example in docs/exercises.md is an assignment that loads."""

import re
from pathlib import Path

import pytest

from exercises.loader import ExerciseError, load_assignment
from exercises.parameters import SCHEDULERS, Parameters
from tests.exercises.conftest import write_texts

DOCUMENT = Path(__file__).parents[2] / "docs" / "exercises.md"
FILE = re.compile(r"^`(posters/[\w.]+)`\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def example(tmp_path: Path) -> Path:
    text = DOCUMENT.read_text(encoding="utf-8")
    files = dict(FILE.findall(text))
    assert set(files) == {
        "posters/assignment.toml",
        "posters/introduction.en.md",
        "posters/introduction.fr.md",
    }

    (tmp_path / "posters").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    write_texts(tmp_path / "posters", "baseline", "guidance", "conclusion", "record")

    return tmp_path / "posters"


def test_the_documents_example_loads(example: Path):
    text = DOCUMENT.read_text(encoding="utf-8")
    assignment = load_assignment(example)
    assert [run.id for _, run in assignment.planned_runs()] == [
        "poster", "guidance_normal", "guidance_low", "guidance_high"
    ]  # fmt: skip
    assert {f"{e.id}.{language}.md" for e in assignment.exercises for language in ("en", "fr")} <= set(
        re.findall(r"\w+\.(?:en|fr)\.md", text)
    )


def test_the_error_it_shows_is_the_one_given(example: Path):
    text = DOCUMENT.read_text(encoding="utf-8")
    file = example / "assignment.toml"
    toml = file.read_text(encoding="utf-8")
    assert toml.count("guidance_scale = 3.0") == 1
    file.write_text(toml.replace("guidance_scale = 3.0", "guidance_scale = 3.0, seed = 4"), encoding="utf-8")
    with pytest.raises(ExerciseError) as caught:
        load_assignment(example)
    assert caught.value.in_language("en").replace(str(example.parent), "my-assignments") in text


def test_every_parameter_and_scheduler_is_in_the_document():
    text = DOCUMENT.read_text(encoding="utf-8")
    for name in set(Parameters.model_fields) - {"mode"}:
        assert f"`{name}`" in text
    for name in SCHEDULERS:
        assert f'`"{name}"`' in text

"""Whatever stands in assignment.toml, loading gives an assignment or an ExerciseError, nothing else."""

import math
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds import Sweep
from exercises.loader import ExerciseError, load_assignment
from exercises.parameters import Parameters
from tests.exercises.conftest import SMALL, write_texts

VALUES = st.sampled_from(
    [
        *("1", "-1", "0", "0.5", "1e999", "-0.0", "nan", "inf", "true", "0x10", "1_000", "9" * 5000),
        *('""', '"x"', '"tp2"', '"../x"', '"EulerA"', '"native"', '"DDIM"', "'''multi'''", f'"{"x" * 3000}"'),
        *(r'"\u0000"', r'"\U0001F600"', "[]", "[1]", "[[]]", "{}", "[{}]", "{a=1}", "[" * 3000),
        *(
            "2026-11-20",
            "25:00:00",
            "07:32:00",
            "2026-11-20T07:32:00Z",
            "{ steps = 7 }",
            "{ strength = 0.5 }",
        ),
    ]
)


def load(data: bytes) -> Assignment | ExerciseError:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "small"
        folder.mkdir()
        write_texts(folder, "introduction", "first", "many", "photo")
        (folder / "assignment.toml").write_bytes(data)
        try:
            return load_assignment(folder)
        except ExerciseError as error:
            if not all(error.in_language(language) for language in LANGUAGES):
                raise AssertionError("an error without words") from error
            return error


@settings(deadline=None)
@given(st.binary(max_size=2000))
@example(b"")
@example(b"\xef\xbb\xbfpoints = 1")
@example(b"[" * 200_000)
@example(b"x = " + b"[" * 100_000)
@example(b"a." * 60_000 + b"a = 1")
@example(b"x = { " + b"'a' . " * 30_000 + b"a = 1 }")
@example(b"a" * 200_000)
@example(b'"' * 200_000)
@example(b"x = " + b"9" * 5000)
@example(b"#" * 300_000)
@example(b"d = 2026-02-31")
def test_any_bytes(data: bytes):
    load(data)


@settings(deadline=None)
@given(st.text(alphabet='[]{}=".#\n abexrcis1', max_size=300))
def test_any_text_that_looks_like_toml(text: str):
    load(text.encode())


@settings(deadline=None)
@given(st.data())
def test_a_good_file_with_lines_changed_taken_out_and_repeated(data: st.DataObject):
    lines = SMALL.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        key, equals, _ = lines[index].partition("=")
        action = data.draw(st.sampled_from(["value", "remove", "repeat", "swap"]))
        if action == "value" and equals:
            lines[index] = f"{key}= {data.draw(VALUES)}"
        elif action == "remove":
            lines[index] = ""
        elif action == "repeat":
            lines.insert(data.draw(st.integers(0, len(lines))), lines[index])
        else:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[index], lines[other] = lines[other], lines[index]
    loaded = load("\n".join(lines).encode())
    if isinstance(loaded, Assignment):
        assert_sound(loaded)


def assert_sound(assignment: Assignment) -> None:
    """What every assignment that is let through must hold."""
    assert math.isclose(sum(e.points for e in assignment.exercises), assignment.points, abs_tol=1e-6)
    runs = [run.id for _, run in assignment.planned_runs()]
    assert len(runs) == len(set(runs))
    for exercise in assignment.exercises:
        if isinstance(exercise, Sweep):
            baseline, *others = exercise.runs
            for run in others:
                differing = [
                    name
                    for name in Parameters.model_fields
                    if getattr(run.parameters, name) != getattr(baseline.parameters, name)
                ]
                assert differing == [run.changed]

"""An assignment's folder is read as written, and what is wrong in it is said with file, line and field."""

import os
import shutil
from pathlib import Path

import pytest

from exercises.kinds import Generate, ImageToImage, Sweep
from exercises.loader import ExerciseError, assignment_ids, find_assignment, load_assignment
from tests.exercises.conftest import SMALL, WriteAssignment, write_texts


def test_a_folder_becomes_an_assignment(write_assignment: WriteAssignment):
    assignment = load_assignment(write_assignment(SMALL))

    assert assignment.id == "small"
    assert assignment.title("fr") == "Petit"
    assert assignment.points == 6
    assert assignment.texts == {"en": "introduction, en\n", "fr": "introduction, fr\n"}
    first, many, photo = assignment.exercises
    assert isinstance(first, Generate)
    assert isinstance(many, Sweep)
    assert isinstance(photo, ImageToImage)
    assert many.texts["fr"] == "many, fr\n"
    assert assignment.exercise("photo") is photo
    assert assignment.exercise("absent") is None


def test_runs_begin_with_shared_parameters_and_say_what_they_change(write_assignment: WriteAssignment):
    _, many, photo = load_assignment(write_assignment(SMALL)).exercises
    assert isinstance(many, Sweep)
    assert isinstance(photo, ImageToImage)

    assert [(r.id, r.changed) for r in many.runs] == [
        ("run_a", None),
        ("run_b", "steps"),
        ("run_c", "scheduler"),
    ]
    assert [r.parameters.steps for r in many.runs] == [20, 40, 20]
    assert {r.parameters.prompt for r in many.runs} == {"a red bag"}
    assert [(r.parameters.mode, r.parameters.prompt, r.parameters.strength) for r in photo.runs] == [
        ("img2img", "a bag", 0.3),
        ("img2img", "a bag", 0.9),
    ]


def test_the_baseline_comes_first_wherever_it_is_written(write_assignment: WriteAssignment):
    moved = SMALL.replace("run_a = {}\n", "").replace('"DDIM" }\n', '"DDIM" }\nrun_a = {}\n')
    many = load_assignment(write_assignment(moved)).exercise("many")
    assert isinstance(many, Sweep)
    assert [run.id for run in many.runs] == ["run_a", "run_b", "run_c"]


def test_everything_that_is_wrong_is_said_at_once(write_assignment: WriteAssignment):
    wrong = (
        ("points = 6\n", "points = true\nbonus = 1\n", "points"),
        ("steps = 40", "step = 40, guidance = 3", "exercises[2].runs.run_b.step"),
        ('"DDIM"', '"PNDM", steps = 0', "exercises[2].runs.run_c.scheduler"),
        ("strength = 0.9", "strength = 1.5", "exercises[3].runs.strong.strength"),
        (', fr = "Petit"', "", "title.fr"),
    )
    text = SMALL
    for before, after, _ in wrong:
        assert before in text
        text = text.replace(before, after, 1)
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(text))
    error = caught.value
    told = {each.field: each.line for each in (error, *error.others)}
    assert "\n" not in error.in_language("fr")
    assert all(f" {field}" in error.in_language("en") for field in told)
    # the names of a run are looked at before the values of any
    assert told.keys() == {
        "bonus",
        "exercises[2].runs.run_b.step",
        "exercises[2].runs.run_b.guidance",
        "exercises[3].runs.strong.strength",
        "points",
        "title.fr",
    }
    text = text.replace("step = 40, guidance = 3", "steps = 400, width = 3", 1)
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(text))
    fields = {each.field.removeprefix("exercises[2].runs.") for each in (caught.value, *caught.value.others)}
    assert {"run_b.steps", "run_b.width", "run_c.scheduler", "run_c.steps", "points"} <= fields


def test_one_wrong_shared_value_is_said_once(write_assignment: WriteAssignment):
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(SMALL.replace("steps = 20", "steps = 0", 1)))
    assert caught.value.in_language("en").count("parameters.steps") == 1


def test_a_byte_order_mark_is_no_error(write_assignment: WriteAssignment):
    folder = write_assignment(SMALL)
    for path in folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assignment = load_assignment(folder)
    assert assignment.title("fr") == "Petit"
    assert assignment.texts["en"].startswith("introduction")


# One wrong thing each: what is replaced by what, and the field, line and words the author is told.
WRONG = {
    "two changes": ("steps = 40 }", "steps = 40, seed = 1 }", "exercises[2].runs.run_b", 24, "exactly one"),
    "no change": ("{ steps = 40 }", "{}", "exercises[2].runs.run_b", 24, "changes none"),
    "the baseline's value": ("steps = 40", "steps = 20", "exercises[2].runs.run_b", 24, "changes none"),
    "a changed baseline": (
        "run_a = {}",
        "run_a = { seed = 1 }",
        "exercises[2].runs.run_a",
        23,
        "is the baseline",
    ),
    "the same run twice": (
        '{ scheduler = "DDIM" }',
        "{ steps = 40 }",
        "exercises[2].runs.run_c",
        25,
        "same as run_b",
    ),
    "an unknown baseline": (
        'baseline = "run_a"',
        'baseline = "run_z"',
        "exercises[2].baseline",
        21,
        "run_a, run_b",
    ),
    "no baseline": ('baseline = "run_a"\n', "", "exercises[2].baseline", 16, "one of the runs"),
    "a strength in a sweep": (
        "run_b = { steps = 40",
        "run_b = { strength = 0.5",
        "exercises[2].runs.run_b.strength",
        24,
        "img2img",
    ),
    "img2img that changes more": (
        "strength = 0.9",
        "strength = 0.9, steps = 3",
        "exercises[3].runs.strong",
        36,
        "nothing else",
    ),
    "img2img without strength": (
        "{ strength = 0.9 }",
        "{}",
        "exercises[3].runs.strong.strength",
        36,
        "missing",
    ),
    "the same strength twice": ("0.9", "0.3", "exercises[3].runs.strong", 36, "same as weak"),
    "a strength above 1": ("0.9", "1.5", "exercises[3].runs.strong.strength", 36, "at most 1"),
    "a misspelt parameter": ("steps = 40", "step = 40", "exercises[2].runs.run_b.step", 24, "guidance_scale"),
    "a mode": ("steps = 40", 'mode = "text2img"', "exercises[2].runs.run_b.mode", 24, "kind"),
    "steps as text": ("steps = 40", 'steps = "40"', "exercises[2].runs.run_b.steps", 24, "whole number"),
    "steps not whole": ("steps = 40", "steps = 40.5", "exercises[2].runs.run_b.steps", 24, "whole number"),
    "too many steps": ("steps = 40", "steps = 400", "exercises[2].runs.run_b.steps", 24, "at most 150"),
    "a wrong shared value": ("steps = 20", "steps = 0", "parameters.steps", 6, "at least 1"),
    "an unknown scheduler": ('"DDIM"', '"PNDM"', "exercises[2].runs.run_c.scheduler", 25, "EulerA"),
    "no prompt": ('prompt = "a red bag"\n', "", "exercises[1].runs.one.prompt", 13, "missing"),
    "guidance nan": ("steps = 40", "guidance_scale = nan", "exercises[2].runs.run_b.guidance_scale", 24, ""),
    "an odd width": ("steps = 40", "width = 65", "exercises[2].runs.run_b.width", 24, "multiple of 8 or"),
    "a wrong sum": ("points = 6", "points = 7", "points", 1, "expected 6"),
    "a sum a little too small": ("points = 6", "points = 6.4", "points", 1, "expected 6"),
    "a sum a little too large": ("points = 6", "points = 5.6", "points", 1, "expected 6"),
    "a sum off by a hundredth": ("points = 3", "points = 3.01", "points", 1, "6.01"),
    "points as text": ("points = 6", 'points = "6"', "points", 1, "number"),
    "negative points": ("points = 3", "points = -3", "exercises[2].points", 19, "at least 0"),
    "no points": ("points = 6\n", "", "points", None, "missing"),
    "no French title": (', fr = "Petit"', "", "title.fr", 2, "missing"),
    "an empty title": ('"Petit"', '" "', "title.fr", 2, "at least 1"),
    "an unknown kind": ('"sweep"', '"sweap"', "exercises[2].kind", 18, "generate, sweep"),
    "a kind that is no text": ('kind = "sweep"', "kind = []", "exercises[2].kind", 18, "generate, sweep"),
    "an id that is none": ('id = "many"', 'id = "Many runs"', "exercises[2].id", 17, "lower-case"),
    "an id as path": ('id = "many"', 'id = "../many"', "exercises[2].id", 17, "lower-case"),
    "no id": ('id = "many"\n', "", "exercises[2].id", 16, "lower-case"),
    "a reserved id": ('id = "many"', 'id = "introduction"', "exercises[2].id", 17, "another id"),
    **{
        f"the id of the tab {tab}": ('id = "many"', f'id = "{tab}"', "exercises[2].id", 17, "another id")
        for tab in ("start", "gallery", "costs", "health", "evaluation", "hand_in")
    },
    "an id twice": ('id = "many"', 'id = "first"', "exercises[2].id", 17, "once"),
    "a run twice": ("weak =", "one =", "exercises[3].runs.one", 35, "once"),
    "a reserved run": ("one = {}", "studio = {}", "exercises[1].runs.studio", 14, "another id"),
    "a run with a bad id": ("one = {}", '"a/b" = {}', "exercises[1].runs.a/b", 14, "lower-case"),
    "no runs": ("[exercises.runs]\none = {}\n", "", "exercises[1].runs", 8, "missing"),
    "runs as list": ("[exercises.runs]\none = {}\n", "runs = []\n", "exercises[1].runs", 13, "table"),
    "an unknown field": ("points = 3", "points = 3\npoint = 3", "exercises[2].point", 20, "spelling"),
    "an unknown field at the top": ("points = 6", "points = 6\nauthor = 1", "author", 2, "spelling"),
    "texts of its own": ("points = 3", "points = 3\ntexts = {}", "exercises[2].texts", 20, "spelling"),
    "broken TOML": ("steps = 20", "steps = = 20", "", 6, "TOML"),
    "a key twice": ("steps = 20", "steps = 20\nsteps = 21", "", 7, "TOML"),
}


@pytest.mark.parametrize(("old", "new", "field", "line", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_file_line_and_field(
    write_assignment: WriteAssignment, old: str, new: str, field: str, line: int | None, words: str
):
    assert SMALL.count(old) >= 1
    folder = write_assignment(SMALL.replace(old, new, 1))

    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)

    error = caught.value
    assert (error.file, error.field, error.line) == (folder / "assignment.toml", field, line)
    message = error.in_language("en")
    assert str(error.file) in message
    assert words in message
    assert error.in_language("fr") != message
    assert "\n" not in message


# The same for what a person writes, in tp2 itself.
WRONG_IN_TP2 = {
    "a subject of no run": (
        '"t2i_run05_guid12"]',
        '"t2i_run5"]',
        "exercises[9].subjects[2].one_of",
        "t2i_run5",
    ),
    "a subject of no choice": (
        '["i2i_run09_strength085"]',
        "[]",
        "exercises[9].subjects[3].one_of",
        "at least 1",
    ),
    "a subject twice": ('id = "high_strength"', 'id = "extreme"', "exercises[9].subjects[3].id", "once"),
    "a criterion twice": ('id = "artifacts"', 'id = "visual_realism"', "exercises[9].criteria[3].id", "once"),
    "more reasons than allowed": (
        "reasons_minimum = 2",
        "reasons_minimum = 4",
        "exercises[9].reasons_maximum",
        "4",
    ),
    "a count as text": (
        "reasons_minimum = 2",
        'reasons_minimum = "2"',
        "exercises[9].reasons_minimum",
        "whole",
    ),
    "more lines than allowed": (
        "lines_minimum = 8",
        "lines_minimum = 13",
        "exercises[10].lines_maximum",
        "13",
    ),
    "a topic twice": ('id = "ecommerce_risks"', 'id = "cost_quality"', "exercises[10].topics[3].id", "once"),
    "a topic without French words": (
        'fr = ["reprodu',
        'de = ["reprodu',
        "exercises[10].topics[2].words.de",
        "en",
    ),
    "a topic without words in one language": (
        'en = ["reproduc"',
        '# ["reproduc"',
        "exercises[10].topics[2].words.en",
        "missing",
    ),
    "a topic with an empty list of words": (
        'fr = ["reprodu"',
        'fr = []\n# ["reprodu"',
        "exercises[10].topics[2].words.fr",
        "missing",
    ),
    "a stem that fits any word": ('"reproduc"', '""', "exercises[10].topics[2].words.en[1]", "at least 2"),
    "two studios": (
        'id = "hand_in"\nkind = "hand_in"',
        'id = "second"\nkind = "studio"',
        "exercises[11].kind",
        "once",
    ),
}


@pytest.mark.parametrize(("old", "new", "field", "words"), WRONG_IN_TP2.values(), ids=WRONG_IN_TP2)
def test_what_is_wrong_in_a_written_exercise_is_said(
    tmp_path: Path, old: str, new: str, field: str, words: str
):
    folder = tmp_path / "tp2"
    shutil.copytree(find_assignment("tp2").folder, folder)
    write_texts(folder, "second")
    text = (folder / "assignment.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    wrong = text.replace(old, new)
    (folder / "assignment.toml").write_text(wrong, encoding="utf-8")

    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert caught.value.field == field
    assert caught.value.line
    assert words in caught.value.in_language("en")


def test_a_missing_text_is_named(write_assignment: WriteAssignment):
    folder = write_assignment(SMALL)
    (folder / "many.fr.md").unlink()
    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert caught.value.file == folder / "many.fr.md"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"ok\n" * 40_000], ids=["not UTF-8", "too large"])
def test_a_text_that_cannot_be_used_is_named(write_assignment: WriteAssignment, content: bytes):
    folder = write_assignment(SMALL)
    (folder / "first.en.md").write_bytes(content)
    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert caught.value.file == folder / "first.en.md"


def test_a_pipe_in_place_of_a_file_is_refused_and_does_not_hang(write_assignment: WriteAssignment):
    folder = write_assignment(SMALL)
    (folder / "assignment.toml").unlink()
    os.mkfifo(folder / "assignment.toml")
    with pytest.raises(ExerciseError):
        load_assignment(folder)


def test_a_folder_whose_name_is_no_id_is_refused(write_assignment: WriteAssignment):
    folder = write_assignment(SMALL)
    renamed = folder.rename(folder.with_name("My TP"))
    with pytest.raises(ExerciseError, match="My TP"):
        load_assignment(renamed)


# --- finding assignments


def add_assignment(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    write_texts(folder / name, "introduction", "first", "many", "photo")
    (folder / name / "assignment.toml").write_text(SMALL, encoding="utf-8")


@pytest.fixture
def extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "extra"
    folder.mkdir()
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder))
    return folder


def test_built_in_assignments_are_found():
    assert "tp2" in assignment_ids()
    assert find_assignment("tp2").id == "tp2"


def test_a_folder_of_further_assignments_adds_to_them(extra: Path):
    add_assignment(extra, "mine")
    (extra / "notes").mkdir()  # no assignment.toml: not an assignment

    assert assignment_ids() == ["adapt", "api-analysis", "comfyui", "edit", "mine", "prompts", "seeds", "tp2"]
    assert find_assignment("mine").folder == extra / "mine"


def test_an_id_that_is_taken_is_refused(extra: Path):
    add_assignment(extra, "tp2")
    with pytest.raises(ExerciseError) as caught:
        find_assignment("tp2")
    assert caught.value.file == extra / "tp2"
    assert "tp2" in caught.value.expected
    with pytest.raises(ExerciseError):
        assignment_ids()


def test_another_bad_folder_does_not_stand_in_the_way_of_a_good_one(extra: Path):
    add_assignment(extra, "mine")
    add_assignment(extra, "Not Mine")
    assert find_assignment("mine").id == "mine"
    with pytest.raises(ExerciseError, match="Not Mine"):
        assignment_ids()


@pytest.mark.parametrize("name", ["tp3", "", "../tp2", "/etc", "tp2\n", "tp2/.", "é", "x" * 10_000])
def test_an_unknown_id_is_answered_with_the_known_ones(name: str):
    with pytest.raises(ExerciseError) as caught:
        find_assignment(name)
    assert "tp2" in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_setting_that_names_no_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path / "absent"))
    with pytest.raises(ExerciseError, match="GENAI_EXERCISES_DIR"):
        find_assignment("tp2")

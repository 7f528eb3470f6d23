"""The pictures of `recognise`: whom they are asked of, what an author may write, and what their files say."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from exercises.i18n import LANGUAGES
from exercises.kinds.recognise import FOLDER, ORIGINS
from exercises.loader import ExerciseError, find_assignment, load_assignment
from lab.records.marks import marks_of
from manifests.pictures import open_picture
from tests.exercises.conftest import WriteAssignment
from tests.grading.recognised import exercise_of

ASSIGNMENT = find_assignment("recognise")
EXERCISE = exercise_of(ASSIGNMENT)


def test_each_student_has_pictures_of_their_own_in_an_order_of_their_own() -> None:
    asked = {name: EXERCISE.asked_of(ASSIGNMENT.id, name) for name in ("alice", "bob", "carol", "dave")}
    assert asked["alice"] == EXERCISE.asked_of(ASSIGNMENT.id, "alice")
    assert len({tuple(p.file for p in each) for each in asked.values()}) == 4
    for each in asked.values():
        assert len(set(each)) == len(each) == EXERCISE.asked == 12
        assert min(Counter(p.origin for p in each).values()) >= 3
    counts = {tuple(sorted(Counter(p.origin for p in each).items())) for each in asked.values()}
    assert len(counts) > 1  # nobody can count what is left


def test_all_pictures_are_alike_in_size_and_form_and_their_sources_are_named() -> None:
    folder = ASSIGNMENT.folder / FOLDER
    assert sorted(p.name for p in folder.glob("*.webp")) == sorted(p.file for p in EXERCISE.pictures)
    assert {open_picture((folder / p.file).read_bytes()).size for p in EXERCISE.pictures} == {(256, 256)}
    assert sum((folder / p.file).stat().st_size for p in EXERCISE.pictures) < 400_000
    named = re.findall(r"\b\d\d\b", (folder / "SOURCES.md").read_text(encoding="utf-8"))
    assert {"01", "10", "11", "20", "21", "30"} <= set(named)


def test_marks_say_it_of_some_nothing_of_others_and_one_of_them_lies() -> None:
    found = {p: marks_of((ASSIGNMENT.folder / FOLDER / p.file).read_bytes()) for p in EXERCISE.pictures}
    generated = [marks for p, marks in found.items() if p.origin == "generated"]
    assert {marks.generated for p, marks in found.items() if p.origin != "generated"} == {False}
    assert Counter(marks.generated for marks in generated) == {True: 7, False: 3}
    assert sum(any(mark.kind == "camera" for mark in marks.found) for marks in generated) == 1


def test_texts_are_written_in_both_languages_with_french_spaces() -> None:
    for part in (ASSIGNMENT, *ASSIGNMENT.exercises):
        assert all(len(part.texts[language]) > 200 for language in LANGUAGES)
    french = [part.texts["fr"] for part in (ASSIGNMENT, *ASSIGNMENT.exercises)]
    french += [picture.tells.fr for picture in EXERCISE.pictures]
    assert [found for text in french for found in re.findall(r".* [:;?!»](?!-).*|.*« .*|.*'.*", text)] == []


def listed(*origins: str) -> str:
    tells = 'tells = { en = "x", fr = "x" }'
    return "".join(
        f'[[exercises.pictures]]\nfile = "{n}.png"\norigin = "{origin}"\n{tells}\n'
        for n, origin in enumerate(origins)
    )


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (listed(*ORIGINS), "pictures"),
        (listed(*ORIGINS, *ORIGINS, "painted"), "pictures[7].origin"),
        ("asked = 7\n" + listed(*ORIGINS, *ORIGINS), "asked"),
        ("asked = 6\n" + listed("photo", "photo", "photo", "photo", "composed", "generated"), "pictures"),
        ("asked = 6\n" + listed(*ORIGINS, *ORIGINS, *ORIGINS), "pictures[9].file"),
        ("asked = 6\n" + listed(*ORIGINS, *ORIGINS).replace("0.png", "../0.png"), "pictures[1].file"),
    ],
    ids=["few", "origin", "asked", "each", "gone", "way out"],
)
def test_what_cannot_be_asked_is_told_at_its_field(
    write_assignment: WriteAssignment, written: str, field: str
) -> None:
    folder = write_assignment(
        f"""
points = 1
title = {{ en = "Small", fr = "Petit" }}
[[exercises]]
id = "first"
kind = "recognise"
points = 1
title = {{ en = "First", fr = "Premier" }}
{written}
"""
    )
    (folder / FOLDER).mkdir()
    for number in range(8):
        (folder / FOLDER / f"{number}.png").write_bytes(b"")
    with pytest.raises(ExerciseError) as raised:
        load_assignment(folder)
    assert f"exercises[1].{field}" in str(raised.value)


def test_the_bank_and_the_list_of_files_agree() -> None:
    data = tomllib.loads((ASSIGNMENT.folder / "assignment.toml").read_text(encoding="utf-8"))
    assert [Path(p["file"]).stem for p in data["exercises"][0]["pictures"]] == [
        f"{number:02d}" for number in range(1, 31)
    ]

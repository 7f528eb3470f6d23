"""The course's map: what the built-in assignments say of their places fits together, and so does its page."""

from pathlib import Path

import pytest

from exercises.course_map import LEVELS, MODULES, by_level, document, hours
from exercises.i18n import LANGUAGES, translator
from exercises.loader import ExerciseError, built_in, load_assignment
from tests.exercises.conftest import WriteAssignment

ASSIGNMENTS = built_in()
PLACED = {each.id: each.course for each in ASSIGNMENTS if each.course}
DOCUMENT = Path(__file__).parents[2] / "docs" / "course.md"
MADE_AGAIN = "python -m exercises.course_map > docs/course.md"


def test_every_built_in_assignment_has_a_place_and_every_level_and_module_an_assignment() -> None:
    assert {each.id for each in ASSIGNMENTS} == PLACED.keys()
    assert {place.level for place in PLACED.values()} == LEVELS.keys()
    assert {place.module for place in PLACED.values()} == MODULES.keys()


def test_what_comes_before_is_an_assignment_of_no_higher_level_and_nothing_comes_before_itself() -> None:
    for name, place in PLACED.items():
        for need in place.needs:
            assert PLACED[need].level <= place.level, (name, need)
        known, waiting = set(), set(place.needs)
        while waiting:
            known |= waiting
            waiting = {need for each in waiting for need in PLACED[each].needs} - known
        assert name not in known


def test_the_course_takes_about_fifteen_hours() -> None:
    core = [each for each in ASSIGNMENTS if each.course and each.course.module < max(MODULES)]
    assert 12 <= hours(core) <= 15.5
    shortest = sorted(place.hours for place in PLACED.values() if place.module == max(MODULES))[:2]
    assert 14 <= hours(core) + sum(shortest) <= 17.5


def test_the_documents_page_is_what_the_assignments_say() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(ASSIGNMENTS), MADE_AGAIN


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_words_are_there_for_each_level_and_module(language: str) -> None:
    t = translator("lab", language)  # type: ignore[arg-type]
    assert len({t(f"course_map.level_{level}") for level in LEVELS}) == len(LEVELS)
    assert len({t(f"course_map.module_{module}") for module in MODULES}) == len(MODULES)
    aims = [place.aims(language) for place in PLACED.values()]  # type: ignore[arg-type]
    assert len(set(aims)) == len(aims)
    assert all(aim.endswith(".") and len(aim) > 40 for aim in aims)


SMALL = """
points = 1
title = { en = "Small", fr = "Petit" }
COURSE
[[exercises]]
id = "first"
kind = "studio"
points = 1
title = { en = "First", fr = "Premier" }
"""
AIMS = 'aims = { en = "a", fr = "b" }'


def test_an_assignment_without_a_place_loads_and_is_not_on_the_map(write_assignment: WriteAssignment) -> None:
    assignment = load_assignment(write_assignment(SMALL.replace("COURSE", "")))
    assert assignment.course is None
    assert by_level([assignment]) == {}


@pytest.mark.parametrize(
    ("course", "field"),
    [
        (f"level = 4\nmodule = 1\nhours = 1.0\n{AIMS}", "course.level"),
        (f"level = 1\nmodule = 6\nhours = 1.0\n{AIMS}", "course.module"),
        (f"level = 1\nmodule = 1\nhours = 0.0\n{AIMS}", "course.hours"),
        ("level = 1\nmodule = 1\nhours = 1.0", "course.aims"),
        (f"level = 1\nmodule = 1\nhours = 1.0\nneeds = ['../x']\n{AIMS}", "course.needs"),
        (f"level = 1\nmodule = 1\nhours = 1.0\nmore = 1\n{AIMS}", "course.more"),
    ],
)
def test_a_place_that_is_none_is_told_at_its_field(
    write_assignment: WriteAssignment, course: str, field: str
) -> None:
    folder = write_assignment(SMALL.replace("COURSE", f"[course]\n{course}"))
    with pytest.raises(ExerciseError) as raised:
        load_assignment(folder)
    assert field in str(raised.value)


def test_nothing_comes_before_itself(write_assignment: WriteAssignment) -> None:
    folder = write_assignment(SMALL.replace("COURSE", ""))
    file = folder / "assignment.toml"
    place = (
        f"[course]\nlevel = 1\nmodule = 1\nhours = 1.0\nneeds = ['{folder.name}']\n{AIMS}\n\n[[exercises]]"
    )
    file.write_text(file.read_text(encoding="utf-8").replace("[[exercises]]", place), encoding="utf-8")
    with pytest.raises(ExerciseError, match=r"course\.needs"):
        load_assignment(folder)

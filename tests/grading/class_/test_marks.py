"""What a person decided stands apart from the grades, survives every regrade, and is never guessed."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.errors import UserError
from grading.class_.grade import grade_class
from grading.marks.table import MARKS, OPEN
from grading.results import Grade
from tests.grading.corpus import HONEST
from tests.grading.good import EARNED
from tests.grading.good import OPEN as OPEN_POINTS

TOPIC = "reflection/reproducibility/topic"


@pytest.fixture
def subs(tmp_path: Path, good_work: Path) -> Path:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")
    (tmp_path / "out").mkdir()
    return tmp_path / "subs"


@pytest.fixture
def graded(subs: Path, tp2: Assignment) -> Callable[[str], dict[str, Grade]]:
    """Grade the class with these lines as marks."""

    def grade(marks: str) -> dict[str, Grade]:
        (subs.parent / "out" / MARKS).write_bytes(marks.encode("utf-8-sig"))
        return {g.student: g for g in grade_class(subs, tp2, subs.parent / "out", language="en")}

    return grade


def test_a_mark_gives_the_points_of_an_open_check_and_stays(
    graded: Callable[[str], dict[str, Grade]],
) -> None:
    for _ in range(2):
        grade = graded(f"student,check,points\nalice,{TOPIC},0.5\n")["alice"]
        check = next(c for c in grade.checks if c.id == TOPIC)
        assert (check.status, check.points, check.by_person) == ("passed", 0.5, True)
        assert (grade.points, grade.open) == (EARNED + 0.5, round(OPEN_POINTS - 0.5, 2))


def test_a_mark_may_refuse(graded: Callable[[str], dict[str, Grade]]) -> None:
    grade = graded(f"student;check;points\nalice;{TOPIC};0\n")["alice"]
    assert next(c for c in grade.checks if c.id == TOPIC).status == "failed"
    assert grade.points == EARNED


def test_what_is_open_is_listed_and_the_list_filled_in_is_the_marks(
    subs: Path, tp2: Assignment, graded: Callable[[str], dict[str, Grade]]
) -> None:
    grade_class(subs, tp2, subs.parent / "out", language="en")
    with (subs.parent / "out" / OPEN).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14
    filled = "".join(f"{r['student']};{r['check']};{r['maximum'].replace('.', ',')}\n" for r in rows)
    grade = graded("student;check;points\n" + filled)["alice"]
    assert (grade.points, grade.open, grade.status) == (20, 0, "graded")


def test_lines_that_are_not_filled_in_are_still_open(graded: Callable[[str], dict[str, Grade]]) -> None:
    assert graded(f"student,check,points\nalice,{TOPIC},\n")["alice"].open == OPEN_POINTS


def test_a_name_confirmed_once_makes_its_records_the_student_s(
    subs: Path, graded: Callable[[str], dict[str, Grade]]
) -> None:
    HONEST["two-machines"](subs, "jo")
    assert graded("student,check,points\n")["jo"].points < EARNED
    grade = graded("student,check,points\njo,name:jo-laptop,\n")["jo"]
    assert (grade.points, grade.for_grader) == (EARNED, ())


def test_what_waited_for_a_check_follows_its_mark(
    subs: Path, graded: Callable[[str], dict[str, Grade]]
) -> None:
    HONEST["two-machines"](subs, "jo")
    grade = graded("student,check,points\njo,smoke/smoke/recorded,0.25\n")["jo"]
    own = [c for c in grade.checks if c.id.startswith("smoke/")]
    assert [c.status for c in own] == ["passed"] * 4
    assert sum(c.points for c in own) == 1


def test_what_waited_for_a_check_that_was_given_a_part_has_the_same_part(
    subs: Path, graded: Callable[[str], dict[str, Grade]]
) -> None:
    HONEST["two-machines"](subs, "jo")
    grade = graded("student,check,points\njo,smoke/smoke/recorded,0.1\n")["jo"]
    own = [c for c in grade.checks if c.id.startswith("smoke/")]
    assert [c.points for c in own] == [0.1] * 4


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ("student,points\nalice,1\n", "columns"),
        (f"student,check,points\nalice,{TOPIC},many\n", "line 2"),
        (f"student,check,points\nalice,{TOPIC},nan\n", "line 2"),
        (f"student,check,points\nalice,{TOPIC},-1\n", "line 2"),
        (f"student,check,points\nalcie,{TOPIC},1\n", "alcie"),
    ],
)
def test_a_mistake_in_the_marks_is_said_with_its_line_before_anything_is_graded(
    graded: Callable[[str], dict[str, Grade]], marks: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        graded(marks)


def test_a_check_that_is_not_there_is_said_and_no_mark_is_more_than_the_check(
    graded: Callable[[str], dict[str, Grade]],
) -> None:
    grade = graded(f"student,check,points\nalice,reflexion/x/y,1\nalice,{TOPIC},100\n")["alice"]
    assert "reflexion/x/y" in grade.for_grader[0]
    assert next(c for c in grade.checks if c.id == TOPIC).points == 0.5

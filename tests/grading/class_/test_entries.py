"""What stands in the folder of submissions: whose it is, and what is none."""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.errors import UserError
from grading.class_.grade import grade_class
from manifests.store import Store
from tests.grading.class_.graded import by_name, table
from tests.grading.good import EARNED
from tests.grading.wrong import zipped

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "..hidden",
    "<b>bold</b>",
    "a\nb",
    "index.html",
    "COM1",
]


def test_names_run_nowhere_and_lead_nowhere(tmp_path: Path, tp2: Assignment) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    names = [n for n in HOSTILE if not n.startswith(".")]
    for name in names:
        (subs / name).mkdir(parents=True)
    (subs / os.fsdecode(b"caf\xe9")).mkdir()
    (subs / "grades.csv").mkdir()
    grades = grade_class(subs, tp2, out, language="en")
    assert len(grades) == len(names) + 2
    folders = [path for path in out.iterdir() if path.is_dir()]
    assert len(folders) == len(grades)
    assert not any(path.name[0] in "=+-@.<" or "\n" in path.name for path in folders)
    assert all((path / "grade.json").is_file() for path in folders)
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert "<b>bold" not in (out / "index.html").read_text("utf-8")


def test_links_among_submissions_are_not_followed(
    tmp_path: Path, tp2: Assignment, make_good: Callable[[Path, str], Store]
) -> None:
    make_good(tmp_path / "elsewhere", "bob")
    (tmp_path / "subs").mkdir()
    (tmp_path / "subs" / "bob").symlink_to(tmp_path / "elsewhere")
    (grade,) = grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en")
    assert not grade.gradable
    assert "link" in grade.reasons[0]


def test_a_loop_of_links_costs_that_entry_alone(good_work: Path, tmp_path: Path, tp2: Assignment) -> None:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")
    (tmp_path / "subs" / "loop").symlink_to("loop")
    (tmp_path / "subs" / "there").symlink_to("back")
    (tmp_path / "subs" / "back").symlink_to("there")
    grades = by_name(grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en"))
    assert {n: g.gradable for n, g in grades.items()} == {
        "alice": True, "back": False, "loop": False, "there": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"),
    [("x" * 130 + "a", "x" * 130 + "b"), ("a\nb", "a\rb"), ("zoe\u202e", "zoe\u202d"), ("ab\x01", "ab?")],
)
def test_names_that_look_alike_when_shown_lose_nobody(
    good_work: Path, tmp_path: Path, tp2: Assignment, one: str, other: str
) -> None:
    for name in (one, other):
        shutil.copytree(good_work, tmp_path / "subs" / name)
    grades = grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en")
    assert [g.points for g in grades] == [EARNED, EARNED]
    assert len({g.student for g in grades}) == len(table(tmp_path / "out")) == 2


def test_an_archive_that_is_no_zip_is_called_by_its_kind(tmp_path: Path, tp2: Assignment) -> None:
    (tmp_path / "subs").mkdir()
    (tmp_path / "subs" / "bob.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    (tmp_path / "subs" / "carla").mkdir()
    (tmp_path / "subs" / "carla" / "work.rar").write_bytes(b"Rar!")
    for grade in grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en"):
        assert not grade.gradable
        assert "Only folders and zips are" in grade.reasons[0]


def test_a_folder_wins_over_a_zip_of_its_name(alice: Store, tmp_path: Path, tp2: Assignment) -> None:
    subs = tmp_path / "subs"
    subs.mkdir()
    zipped(alice.folder.parent, subs / "alice.zip")
    shutil.move(alice.folder.parent, subs / "alice")
    folder, archive = grade_class(subs, tp2, tmp_path / "out", language="en")
    assert (folder.points, archive.gradable) == (EARNED, False)


def test_results_inside_the_submissions_are_no_submission(
    alice: Store, tmp_path: Path, tp2: Assignment
) -> None:
    (tmp_path / "subs").mkdir()
    shutil.move(alice.folder.parent, tmp_path / "subs" / "alice")
    for _ in range(2):
        grades = grade_class(tmp_path / "subs", tp2, tmp_path / "subs" / "results", language="en")
        assert [g.student for g in grades] == ["alice"]


def test_what_a_system_puts_beside_the_submissions_is_no_student(tmp_path: Path, tp2: Assignment) -> None:
    names = ("Thumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store", "._alice", "ehthumbs.db", "Icon\r")
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    for name in ("__MACOSX", "$RECYCLE.BIN", "System Volume Information", "@eaDir", "alice"):
        (tmp_path / name).mkdir()
    grades = grade_class(tmp_path, tp2, tmp_path / "out", language="en")
    assert [grade.student for grade in grades] == ["alice"]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("x")])
def test_where_there_is_nothing_to_grade_it_says_so(
    tmp_path: Path, tp2: Assignment, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "subs")
    with pytest.raises(UserError):
        grade_class(tmp_path / "subs", tp2, tmp_path / "out")

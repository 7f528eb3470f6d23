"""Grading a class: who is in it, that one never stops the others, and what is written about them."""

import csv
import json
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.errors import UserError
from grading.class_ import pool
from grading.class_.collected import read_collection
from grading.class_.grade import grade_class
from grading.results import Regeneration
from grading.submission.reading import Submission
from manifests.answers import load_answers, save_answers
from manifests.store import Store
from tests.grading.class_.graded import by_name, table
from tests.grading.good import EARNED, answers_for
from tests.grading.wrong import again, remove


def test_missing_zero_and_not_gradable_are_three_things(tmp_path: Path, tp2: Assignment) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    for name in ("missing", "unreadable", "zero"):
        (subs / name).mkdir(parents=True)
    (subs / "unreadable" / "notes.txt").write_text("sorry")
    (subs / "zero" / "tp2").mkdir()
    (subs / "zero" / "tp2" / "answers.json").write_text("{}")
    grades = by_name(grade_class(subs, tp2, out, language="en"))
    assert {n: g.status for n, g in grades.items()} == {
        "missing": "missing", "unreadable": "not_gradable", "zero": "graded",
    }  # fmt: skip
    assert {n: (r["status"], r["points"]) for n, r in table(out).items()} == {
        "missing": ("missing", ""), "unreadable": ("not gradable", ""), "zero": ("graded", "0"),
    }  # fmt: skip


def test_the_tables_words_are_in_the_graders_language_whatever_the_students_is(
    tmp_path: Path, tp2: Assignment, make_good: Callable[[Path, str], Store]
) -> None:
    for name, language in (("alice", "en"), ("bob", "fr")):
        store = make_good(tmp_path / name, name)
        save_answers(store.folder, load_answers(store.folder).model_copy(update={"language": language}))
        shutil.copytree(tmp_path / name, tmp_path / "subs" / name)
    grades = by_name(grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="fr"))
    assert grades["alice"].explained != grades["bob"].explained
    with (tmp_path / "out" / "grades.csv").open(encoding="utf-8", newline="") as file:
        sums = [row["sum"] for row in csv.DictReader(file)]
    assert sums == [grades["bob"].explained] * 2


# --- one must not stop the others

WORKER = """
import os, sys, time
from grading.class_ import one
from grading.class_.worker import main
real = one.open_submission
def open_submission(path, *arguments, **options):
    if path.name == "crasher":
        os.abort()
    if path.name == "sleeper":
        time.sleep(60)
    if path.name == "spinner":
        while True:
            pass
    if path.name == "raiser":
        raise RuntimeError("secret detail")
    return real(path, *arguments, **options)
one.open_submission = open_submission
main()
"""


@pytest.fixture
def troubled(tmp_path: Path, good_work: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """`troubled(*names)`: a class of good work, whose worker has the trouble that a name says."""
    (tmp_path / "worker.py").write_text(textwrap.dedent(WORKER))
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, str(tmp_path / "worker.py")))

    def make(*names: str) -> Path:
        for name in names:
            shutil.copytree(good_work, tmp_path / "subs" / name)
        return tmp_path / "subs"

    return make


def test_a_crash_an_endless_loop_and_an_error_cost_one_student_each(
    troubled: Callable[..., Path], tmp_path: Path, tp2: Assignment
) -> None:
    done: list[tuple[int, int, str]] = []
    grades = by_name(
        grade_class(
            troubled("alice", "crasher", "raiser", "spinner", "zoe"),
            tp2,
            tmp_path / "out",
            language="en",
            seconds_per_student=3,
            patience=200,  # however little a busy machine gives the loop, it computes too much before
            workers=2,
            progress=lambda *now: done.append(now),
        )
    )
    assert {n: g.gradable for n, g in grades.items()} == {
        "alice": True, "crasher": False, "raiser": False, "spinner": False, "zoe": True,
    }  # fmt: skip
    assert grades["alice"].points == EARNED
    assert "more than 3 seconds of computing" in grades["spinner"].reasons[0]
    assert "error" in grades["crasher"].reasons[0]
    assert all((tmp_path / "out" / name / "report.html").is_file() for name in grades)
    assert "secret detail" in (tmp_path / "out" / "grading.log").read_text()
    assert "secret detail" not in (tmp_path / "out" / "raiser" / "grade.json").read_text()
    assert [n for n, _, _ in done] == [1, 2, 3, 4, 5]
    assert {name for _, _, name in done} == set(grades)


def test_who_waits_for_ever_is_given_up_and_costs_nobody_else(
    troubled: Callable[..., Path], tmp_path: Path, tp2: Assignment
) -> None:
    subs = troubled("alice", "sleeper")
    grades = by_name(grade_class(subs, tp2, tmp_path / "out", language="en", patience=8, workers=1))
    assert {n: g.gradable for n, g in grades.items()} == {"alice": True, "sleeper": False}
    assert "after 8 seconds and was given up" in grades["sleeper"].reasons[0]
    assert grades["alice"].points == EARNED


def test_modules_that_students_hand_in_are_never_imported(
    good_work: Path, tmp_path: Path, tp2: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")
    for name in ("json", "grading", "jinja2", "PIL", "sitecustomize"):
        (tmp_path / "subs" / name).mkdir()
        (tmp_path / "subs" / name / "__init__.py").write_text("open('executed', 'w')")
    monkeypatch.chdir(tmp_path / "subs")  # as a grader would stand there
    grades = by_name(grade_class(Path(), tp2, tmp_path / "out", language="en"))
    assert grades["alice"].points == EARNED
    assert not (tmp_path / "subs" / "executed").exists()


def test_an_interrupted_grading_leaves_no_worker_behind(
    good_work: Path, tmp_path: Path, tp2: Assignment
) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(good_work, tmp_path / "subs" / name)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def watched(*arguments: object, **options: object) -> "subprocess.Popen[bytes]":
        started.append(popen(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    def stop(_: Submission) -> list[Regeneration]:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", watched)
        with pytest.raises(KeyboardInterrupt):
            grade_class(tmp_path / "subs", tp2, tmp_path / "out", regenerate=stop, workers=2)
    assert started
    assert all(process.poll() is not None for process in started)


# --- what only the class shows


def test_a_copied_record_is_found_on_both_sides(
    tmp_path: Path, tp2: Assignment, make_good: Callable[[Path, str], Store]
) -> None:
    subs = tmp_path / "subs"
    make_good(subs / "alice", "alice")
    make_good(subs / "carla", "carla")
    shutil.copytree(subs / "alice", subs / "bob")
    grades = by_name(grade_class(subs, tp2, tmp_path / "out", language="en"))
    assert grades["carla"].for_grader == ()
    assert any("bob" in finding for finding in grades["alice"].for_grader)
    assert any("alice" in finding for finding in grades["bob"].for_grader)
    assert "pictures in bob" in (tmp_path / "out" / "index.html").read_text("utf-8")
    report = (tmp_path / "out" / "alice" / "report.html").read_text("utf-8")
    assert "bob" not in re.sub(r"data:image/[^\"]+", "", report)  # a picture's bytes may spell anything
    owner = {n: next(c for c in g.checks if c.id == "hand_in/record/owner") for n, g in grades.items()}
    assert {n: c.passed for n, c in owner.items()} == {"alice": True, "bob": False, "carla": True}


def test_a_copy_under_a_changed_name_is_still_found(alice: Store, tmp_path: Path, tp2: Assignment) -> None:
    subs = tmp_path / "subs"
    subs.mkdir()
    shutil.copytree(alice.folder.parent, subs / "bob")
    shutil.move(alice.folder.parent, subs / "alice")
    for path in (subs / "bob").rglob("outputs/*.json"):
        path.write_text(path.read_text().replace('"student": "alice"', '"student": "bob"'))
    grades = by_name(grade_class(subs, tp2, tmp_path / "out", language="en"))
    assert any("same moment" in f and "alice" in f for f in grades["bob"].for_grader)
    assert any("same moment" in f and "bob" in f for f in grades["alice"].for_grader)


def test_the_same_pictures_made_by_two_students_are_no_finding(tmp_path: Path, tp2: Assignment) -> None:
    for name in ("alice", "bob"):
        again("smoke")(Store(tmp_path / "subs" / name, "tp2", name))
    grades = grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en")
    assert [g.for_grader for g in grades] == [(), ()]


# --- regeneration


def test_what_regenerating_gave_counts(tmp_path: Path, good_work: Path, tp2: Assignment) -> None:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")

    def regenerate(submission: Submission) -> list[Regeneration]:
        assert submission.student == "alice"
        return [
            Regeneration(stem="smoke", verdict="different", causes=("the seed was edited",)),
            Regeneration(stem="baseline", verdict="identical"),
            Regeneration(
                stem="t2i_run02_steps15", verdict="compatible", causes=("another torch",), psnr=41.0
            ),
            Regeneration(stem="t2i_run03_steps50", verdict="not checkable", causes=("no weights here",)),
        ]

    (grade,) = grade_class(tmp_path / "subs", tp2, tmp_path / "out", regenerate, language="en")
    checks = {c.id: c for c in grade.checks}
    cause = checks["smoke/smoke/image"].cause
    assert checks["smoke/smoke/image"].passed is False
    assert cause
    assert "the seed was edited" in cause.message
    for image, word in (
        ("baseline/baseline", "identical"),
        ("sweep/t2i_run02_steps15", "another torch"),
    ):
        check = checks[f"{image}/image"]
        assert check.passed
        assert check.cause
        assert word in check.cause.message
    unproven = [c for c in grade.checks if c.id.startswith("sweep/t2i_run03_steps50/")]
    assert {c.status for c in unproven} == {"open"}
    assert unproven[0].cause
    assert "no weights here" in unproven[0].cause.message
    assert grade.points == round(EARNED - 0.75 - 0.5, 2)
    assert "the seed was edited" in grade.for_grader[0]


def test_a_failing_regeneration_is_a_finding(tmp_path: Path, good_work: Path, tp2: Assignment) -> None:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")

    def regenerate(_: Submission) -> list[Regeneration]:
        raise RuntimeError("out of memory at /secret/path")

    (grade,) = grade_class(tmp_path / "subs", tp2, tmp_path / "out", regenerate, language="en")
    assert grade.points == EARNED
    assert grade.for_grader == ("No picture could be made again to compare: RuntimeError",)


# --- languages


def test_each_student_reads_their_own_language_and_the_grader_theirs(
    tmp_path: Path, good_work: Path, tp2: Assignment
) -> None:
    from manifests.answers import save_answers

    for name in ("english", "french"):
        shutil.copytree(good_work, tmp_path / "subs" / name)
        remove("outputs/smoke.png")(Store(tmp_path / "subs" / name, "tp2", "alice"))
    save_answers(tmp_path / "subs" / "french" / "tp2", answers_for(tp2, "fr"))
    english, french = grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="fr")
    causes = [next(c.cause.message for c in g.checks if c.cause) for g in (english, french)]
    assert causes[0].startswith("The picture outputs/smoke.png is missing.")
    assert causes[1].startswith("L’image outputs/smoke.png manque")
    assert '<html lang="en">' in (tmp_path / "out" / "english" / "report.html").read_text("utf-8")
    assert '<html lang="fr">' in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_the_json_of_a_grade_has_the_fields_that_are_promised(
    tmp_path: Path, good_work: Path, tp2: Assignment
) -> None:
    shutil.copytree(good_work, tmp_path / "subs" / "alice")
    grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en")
    document = json.loads((tmp_path / "out" / "alice" / "grade.json").read_bytes())
    assert {"student", "assignment", "gradable", "reasons", "points", "maximum", "checks"} <= document.keys()
    assert (document["student"], document["points"], document["maximum"]) == ("alice", EARNED, 20.0)
    assert all({"id", "passed", "points", "maximum", "cause"} <= check.keys() for check in document["checks"])


# --- the class's contact sheet


def strip_columns(file: Path) -> list[bool]:
    """Whether each picture of a strip is there (not the grey of a gap)."""
    from PIL import Image

    from grading.reports.strip import EMPTY, GAP, SIDE

    with Image.open(file) as sheet:
        middles = range(SIDE // 2, sheet.width, SIDE + GAP)
        spots = [sheet.convert("L").crop((x - 9, 9, x + 9, SIDE - 9)).tobytes() for x in middles]
    return [any(abs(grey - EMPTY[0]) > 4 for grey in spot) for spot in spots]


def test_the_class_page_shows_everyones_planned_pictures_with_gaps_where_one_is_missing(
    alice: Store, tmp_path: Path, tp2: Assignment
) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    (subs / "nobody").mkdir(parents=True)
    shutil.copytree(alice.folder.parent, subs / "alice")
    shutil.copytree(alice.folder.parent, subs / "gap")
    (subs / "gap" / "tp2" / "outputs" / "t2i_run03_steps50.png").unlink()
    grade_class(subs, tp2, out, language="en")
    whole, gap = strip_columns(out / "alice" / "strip.jpg"), strip_columns(out / "gap" / "strip.jpg")
    assert all(whole)
    assert gap.count(False) == 1
    assert not (out / "nobody" / "strip.jpg").exists()
    page = (out / "index.html").read_text("utf-8")
    assert page.count('src="data:image/jpeg') == 2
    assert "planned pictures of alice" in page


def collected(subs: Path, **late: int | None) -> None:
    """What `cohort collect` stored: a hand-in of each student, late by so many seconds; None: no deadline."""
    due = datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC)
    snapshots = []
    for student, seconds in late.items():
        for day in (1, 2):  # two rounds, of which the newer counts
            file = f"{student}/{student}-tp2-2026112{day}T100000Z.zip"
            (subs / student).mkdir(exist_ok=True)
            with zipfile.ZipFile(subs / file, "w") as archive:
                archive.writestr("tp2/answers.json", "{}")
            snapshots.append({
                "student": student, "file": file, "bytes": 1, "sha256": "0" * 64,
                "collected": due.isoformat(), "changed": due.isoformat(),
                "handed_in": None if seconds is None else (due + timedelta(seconds=seconds)).isoformat(),
                "due": None if seconds is None else due.isoformat(),
                "late": bool(seconds), "late_seconds": (seconds or 0) if day == 2 else 999_999,
            })  # fmt: skip
    document = {"schema": "genai-lab/collected/1", "assignment": "tp2", "snapshots": snapshots, "missed": []}
    (subs / "collected.json").write_text(json.dumps(document))


def test_who_is_late_and_by_how_much_stands_in_grade_table_and_pages(tmp_path: Path, tp2: Assignment) -> None:
    subs, out = tmp_path / "subs", tmp_path / "out"
    subs.mkdir()
    collected(subs, ann=0, bob=93_784, cyd=None)
    (subs / "dan").mkdir()
    grades = by_name(grade_class(subs, tp2, out, language="en"))
    assert {name: g.lateness and g.lateness.late_seconds for name, g in grades.items()} == {
        "ann": 0, "bob": 93_784, "cyd": 0, "dan": None,
    }  # fmt: skip
    assert {name: row["late_seconds"] for name, row in table(out).items()} == {
        "ann": "0", "bob": "93784", "cyd": "", "dan": "",
    }  # fmt: skip
    assert table(out)["bob"]["handed_in"] == "2026-11-29T01:03:03+00:00"
    page = (out / "index.html").read_text()
    assert page.count("In time") == 1
    assert page.count("Late by 1 d 2 h 3 min") == 1
    report = (out / "bob" / "report.html").read_text()
    assert "Late by 1 d 2 h 3 min" in report
    assert "handed in 2026-11-29" in report
    written = json.loads((out / "bob" / "grade.json").read_text())
    assert written["lateness"]["late_seconds"] == 93_784
    assert grades["bob"].points == grades["ann"].points


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_who_was_collected(tmp_path: Path, encoding: str) -> None:
    collected(tmp_path, ann=0)
    file = tmp_path / "collected.json"
    file.write_bytes(file.read_text(encoding="utf-8").encode(encoding))
    collection = read_collection(tmp_path)
    assert collection is not None
    assert {each.student for each in collection.snapshots} == {"ann"}


def test_a_list_of_the_collected_that_cannot_be_read_is_said_before_anything_is_graded(
    tmp_path: Path, tp2: Assignment
) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "collected.json").write_text("{")
    with pytest.raises(UserError, match=r"collected\.json"):
        grade_class(tmp_path, tp2, tmp_path / "out", language="en")

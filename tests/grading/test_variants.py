"""Variants in the grade: a student's own seed is what is expected, and nobody else's."""

from dataclasses import replace
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from manifests.store import Store
from tests.grading.good import draft_of, noise


@pytest.fixture
def switched(monkeypatch: pytest.MonkeyPatch) -> Assignment:
    monkeypatch.setenv("GENAI_VARIANTS", "tp2")
    return find_assignment("tp2")


def record(work: Path, assignment: Assignment, student: str, of: Assignment, **changes: object) -> Store:
    """The baseline, recorded by a student as `of` plans it."""
    store = Store(work, assignment.id, student)
    exercise, run = next((e, r) for e, r in of.planned_runs() if r.id == "baseline")
    stated = {"variant": run.variant} | changes
    store.save(replace(draft_of(exercise.id, run), **stated), noise(1))  # type: ignore[arg-type]
    return store


def check(work: Path, assignment: Assignment, student: str) -> CheckResult:
    with closing(open_work(work, assignment.id, student)) as submission:
        found = check_submission(assignment, submission, "en")
    return next(c for c in found if c.id == "baseline/baseline/parameters")


def test_the_students_own_variant_is_what_is_expected(tmp_path: Path, switched: Assignment):
    record(tmp_path, switched, "ann", switched.of_student("ann"))
    assert check(tmp_path, switched, "ann").passed


def test_a_neighbours_variant_is_wrong(tmp_path: Path, switched: Assignment):
    record(tmp_path, switched, "ann", switched.of_student("bob"))
    found = check(tmp_path, switched, "ann")
    assert found.passed is False
    assert found.cause
    assert "seed" in found.cause.message
    assert "variant" in found.cause.message


def test_the_plan_of_everybody_is_wrong_where_variants_are_on(tmp_path: Path, switched: Assignment):
    record(tmp_path, switched, "ann", switched)
    assert check(tmp_path, switched, "ann").passed is False


def test_a_variant_that_the_manifest_does_not_state_is_wrong(tmp_path: Path, switched: Assignment):
    record(tmp_path, switched, "ann", switched.of_student("ann"), variant=None)
    assert check(tmp_path, switched, "ann").passed is False


def test_a_grader_whose_switch_is_off_still_sees_the_variants_that_the_record_states(
    tmp_path: Path, switched: Assignment, monkeypatch: pytest.MonkeyPatch
):
    record(tmp_path, switched, "ann", switched.of_student("ann"))
    monkeypatch.delenv("GENAI_VARIANTS")
    assert check(tmp_path, find_assignment("tp2"), "ann").passed


def test_without_variants_nothing_is_stated_and_nothing_expected(tmp_path: Path):
    tp2 = find_assignment("tp2")
    store = record(tmp_path, tp2, "ann", tp2.of_student("ann"))
    assert store.records()[0].manifest.variant is None
    assert check(tmp_path, tp2, "ann").passed

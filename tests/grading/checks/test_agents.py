"""Pictures made through an agent do not count where an assignment forbids it; the cause is in words."""

from dataclasses import replace
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from exercises.kinds.studio import STUDIO_RUN
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from manifests.manifest import MadeThrough
from manifests.store import Store
from tests.grading.good import draft_of, noise


def save(
    store: Store, assignment: Assignment, run: str, number: int, made_through: MadeThrough | None
) -> None:
    found = assignment.planned_run(run)
    exercise, planned = found if found else (assignment.exercise("studio"), assignment.planned_runs()[0][1])
    assert exercise is not None
    draft = draft_of(exercise.id, planned)
    store.save(replace(draft, run=run, made_through=made_through), noise(number))


def checks(store: Store, assignment: Assignment, language: Language = "en") -> dict[str, CheckResult]:
    with closing(open_work(store.folder.parent, assignment.id, store.student)) as submission:
        return {check.id: check for check in check_submission(assignment, submission, language)}


@pytest.fixture
def store(tmp_path: Path, tp2: Assignment) -> Store:
    return Store(tmp_path, tp2.id, "alice")


@pytest.fixture
def forbidding(tp2: Assignment) -> Assignment:
    return tp2.model_copy(update={"agents": False})


@pytest.mark.parametrize("run", ["smoke", STUDIO_RUN])
def test_what_an_agent_made_counts_unless_the_assignment_forbids_it(
    store: Store, tp2: Assignment, forbidding: Assignment, run: str
) -> None:
    save(store, tp2, run, 1, "mcp")
    exercise = "smoke" if run == "smoke" else "studio"
    allowed = [c for i, c in checks(store, tp2).items() if i.startswith(f"{exercise}/")]
    assert all(check.passed for check in allowed)
    for language in LANGUAGES:
        barred = [c for i, c in checks(store, forbidding, language).items() if i.startswith(f"{exercise}/")]
        assert not any(check.passed for check in barred)
        (told,) = [check for check in barred if check.status == "failed"]
        assert told.cause is not None
        assert "agent" in told.cause.message
        assert f"outputs/{run}.json" in told.cause.message


def test_the_students_own_picture_counts_whatever_an_agent_made_after_it(
    store: Store, tp2: Assignment, forbidding: Assignment
) -> None:
    for number, (run, through) in enumerate([("smoke", None), ("smoke", "mcp"), (STUDIO_RUN, None)], start=1):
        save(store, tp2, run, number, through)  # type: ignore[arg-type]
    found = checks(store, forbidding)
    assert found["smoke/smoke/recorded"].passed
    assert found["studio/pictures/studio"].passed


def test_what_was_not_begun_is_not_blamed_on_an_agent(
    store: Store, tp2: Assignment, forbidding: Assignment
) -> None:
    save(store, tp2, "t2i_run02_steps15", 1, "mcp")
    found = checks(store, forbidding)
    assert found["sweep/t2i_run02_steps15/recorded"].status == "failed"
    assert found["sweep/t2i_run01_baseline/recorded"].status == "to_do"
    assert found["studio/pictures/studio"].status == "to_do"

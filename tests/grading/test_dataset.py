"""The assignment `dataset`: finished work has its points, handed in too; the report says what is out."""

from pathlib import Path

from exercises.assignment import Assignment
from exercises.i18n import translator
from exercises.loader import find_assignment
from grading.checks import KINDS, check_submission
from grading.reports.strip import MOST, planned_runs
from grading.results import CheckResult, earned_points, open_points
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission, open_work
from tests.grading.sorted_work import make_work

DATASET: Assignment = find_assignment("dataset")


def checks(work: Path) -> list[CheckResult]:
    with closing(open_work(work, "dataset", "alice")) as submission:
        return check_submission(DATASET, submission, "en")


def test_finished_work_is_in_order_also_when_it_is_handed_in(tmp_path: Path) -> None:
    store = make_work(tmp_path, DATASET)
    found = {check.id: check for check in checks(tmp_path) if check.id.startswith("pictures/")}
    assert {check.passed for name, check in found.items() if name != "pictures/words/lesson"} == {True}
    assert found["pictures/words/lesson"].needs_person
    archive = hand_in(DATASET, store, "en")
    with closing(open_submission(archive, "dataset", name="alice")) as submission:
        frozen = check_submission(DATASET, submission, "en")
        pictures = KINDS["dataset"].pictures(DATASET.exercises[0], submission, translator("grading", "fr"))
        texts = KINDS["dataset"].texts(DATASET.exercises[0], submission, translator("grading", "fr"))
    there = [check for check in frozen if check.id.startswith("pictures/")]
    assert earned_points(there) == 4.29
    assert open_points(there) == 1.71
    assert [picture.facts is not None for picture in pictures] == [True] * 8  # five classes, three thrown out
    assert "flou" in pictures[-1].caption
    assert [text.title for text in texts][:3] == [
        "Écartées\u00a0: 3",
        "Entraîné sur tout ce qui a été gardé",
        "Entraîné avec un biais",
    ]


def test_of_hundreds_of_planned_pictures_the_strip_shows_some_of_every_class() -> None:
    shown = planned_runs(DATASET)
    assert len(shown) <= MOST
    assert {run.split("_")[1] for _, run in shown} == {"backpack", "handbag", "teapot", "mug", "umbrella"}

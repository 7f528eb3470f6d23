"""The assignment `recognise`: doing it is graded, being right is not; the figures are worked out rightly."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from exercises.i18n import LANGUAGES, translator
from exercises.kinds.recognise import ORIGINS, Mixed
from exercises.loader import find_assignment
from grading.checks import KINDS, check_submission
from grading.checks.recognise import Judged, figures_of, judged_of
from grading.class_.grade import grade_class
from grading.results import CheckResult
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_work
from manifests.answers import ExerciseAnswer, StepAnswer, load_answers, save_answers
from manifests.store import Store
from tests.grading.recognised import exercise_of, make_work

ASSIGNMENT = find_assignment("recognise")
EXERCISE = exercise_of(ASSIGNMENT)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_work(tmp_path / "work", ASSIGNMENT)


def check(store: Store) -> dict[str, CheckResult]:
    with closing(open_work(store.folder.parent, ASSIGNMENT.id, "alice")) as submission:
        found = check_submission(ASSIGNMENT, submission, "en")
    return {c.id.removeprefix(f"{EXERCISE.id}/"): c for c in found if c.id.startswith(f"{EXERCISE.id}/")}


def change(store: Store, how: Callable[[ExerciseAnswer], object]) -> None:
    answers = load_answers(store.folder)
    how(answers.exercises[EXERCISE.id])
    save_answers(store.folder, answers)


def test_finished_work_has_its_points_and_the_conclusion_is_a_persons_to_judge(
    tmp_path: Path, store: Store
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(hand_in(ASSIGNMENT, store, "en"), tmp_path / "in" / "alice.zip")
    (grade,) = grade_class(tmp_path / "in", ASSIGNMENT, tmp_path / "out")
    assert [c.id for c in grade.checks if c.passed is False] == []
    assert [c.id for c in grade.checks if c.needs_person] == [f"{EXERCISE.id}/words/about_it"]
    assert grade.points + grade.open == 10


def test_all_wrong_earns_as_much_as_all_right(store: Store) -> None:
    def err(answer: ExerciseAnswer) -> None:
        for picture in EXERCISE.pictures:
            if step := answer.steps.get(picture.stem):
                step.scores["origin"] = next(o for o in ORIGINS if o != picture.origin)

    change(store, err)
    assert not any(each.right for each in judged_of(EXERCISE, load_answers(store.folder).exercises["which"]))
    assert [c for c in check(store).values() if c.passed is False] == []


def first(answer: ExerciseAnswer) -> StepAnswer:
    return next(iter(answer.steps.values()))


def say_the_same(answer: ExerciseAnswer) -> None:
    for step in answer.steps.values():
        step.why = "It looks so"


@pytest.mark.parametrize(
    ("how", "rule", "told"),
    [
        (lambda a: a.steps.clear(), "pictures/judged", "No picture is judged yet"),
        (lambda a: a.steps.pop(next(iter(a.steps))), "pictures/judged", "Not all the pictures"),
        (lambda a: first(a).scores.update(origin="painted"), "pictures/judged", "Not all the pictures"),
        (lambda a: first(a).scores.update(sure=20), "pictures/judged", "Not all the pictures"),
        (lambda a: first(a).scores.update(sure=101), "pictures/judged", "Not all the pictures"),
        (lambda a: first(a).scores.update(sure=True), "pictures/judged", "Not all the pictures"),
        (lambda a: first(a).scores.update(sure="sure"), "pictures/judged", "Not all the pictures"),
        (lambda a: setattr(first(a), "why", "so"), "pictures/gave_away", "what gave them away"),
        (say_the_same, "pictures/gave_away", "The same reason"),
        (lambda a: setattr(a, "text", ""), "words/about_it", "No conclusion"),
        (lambda a: setattr(a, "text", "very nice"), "words/about_it", "words"),
    ],
)
def test_what_is_missing_costs_its_points_and_is_told(
    store: Store, how: Callable[[ExerciseAnswer], object], rule: str, told: str
) -> None:
    change(store, how)
    checks = check(store)
    failed = {name: c for name, c in checks.items() if c.passed is False}
    assert list(failed) == [rule]
    cause = failed[rule].cause
    assert cause is not None
    assert told in cause.message
    assert failed[rule].points == 0


def test_a_judgement_of_a_picture_that_is_none_of_these_does_not_count(store: Store) -> None:
    change(store, lambda a: a.steps.pop(next(iter(a.steps))))
    change(
        store, lambda a: a.steps.update(other=StepAnswer(why="a b c", scores={"origin": "photo", "sure": 50}))
    )
    assert check(store)["pictures/judged"].passed is False


def judgement(origin: str, said: str, sure: int) -> Judged:
    tells = {"en": "x", "fr": "x"}
    picture = Mixed.model_validate({"file": f"{origin}.png", "origin": origin, "tells": tells})
    return Judged(picture, said, sure, "why")  # type: ignore[arg-type]


def test_shares_calibration_and_brier_score_are_worked_out() -> None:
    found = figures_of(
        [
            judgement("photo", "photo", 100),
            judgement("photo", "composed", 60),
            judgement("composed", "composed", 90),
            judgement("generated", "photo", 100),
        ]
    )
    assert (found.together.right, found.together.count) == (2, 4)
    assert found.together.sure == pytest.approx(0.875)
    assert found.brier == pytest.approx((0 + 0.36 + 0.01 + 1) / 4)
    assert {origin: (s.right, s.count) for origin, s in found.by_origin.items()} == {
        "photo": (1, 2),
        "composed": (1, 1),
        "generated": (0, 1),
    }
    assert [(low, s.count, s.right) for low, _, s in found.by_sure] == [(50, 1, 0), (86, 3, 2)]
    assert figures_of([]).brier == 0


def test_always_50_percent_scores_a_quarter() -> None:
    assert figures_of([judgement("photo", said, 50) for said in ORIGINS]).brier == 0.25


def test_the_report_shows_the_figures_and_each_judgement(store: Store) -> None:
    with closing(open_work(store.folder.parent, ASSIGNMENT.id, "alice")) as submission:
        for language in LANGUAGES:
            told, conclusion = KINDS["recognise"].texts(EXERCISE, submission, translator("grading", language))
            assert "Brier" in told.body
            assert told.body.count("✓") + told.body.count("✗") == 12
            assert "blur alone" in conclusion.body

"""Kinds `grid`, `own`, `iterate` and `quiz` graded in full: good work, then one thing wrong at a time.

`seeds`, `prompts` and `comfyui` are what ships; what is right in a quiz is derived, never looked up.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds import Generate, Iterate, Own
from exercises.kinds.iterate import ITERATION_RUN
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.class_.grade import grade_class
from grading.reports.student import report_of, student_report
from grading.results import Grade, asked_points, earned_points, open_points
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission
from manifests.answers import (
    Answers,
    ExerciseAnswer,
    QuestionAnswer,
    StepAnswer,
    load_answers,
    save_answers,
)
from manifests.store import Store
from tests.grading.good import draft_of, noise
from tests.grading.prompts_work import (
    CHANGES,
    CONCLUSION,
    PROMPT,
    WHY,
    checks,
    failed,
    make_work,
    step,
)


@pytest.fixture(scope="module", params=["seeds", "prompts", "comfyui"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return find_assignment(request.param)


# What a program gives to work in order, what a person judges of it, and what is on top.
WORTH = {"seeds": (8.15, 2.85, 1), "prompts": (12.0, 10.0, 2), "comfyui": (16.17, 4.83, 1)}


def test_work_in_order_earns_every_point(tmp_path: Path, assignment: Assignment):
    make_work(tmp_path / "alice", assignment)
    results = checks(tmp_path / "alice", assignment)
    assert failed(results) == set()
    earned, waiting, on_top = WORTH[assignment.id]
    assert earned_points(results.values()) + open_points(results.values()) == assignment.points + on_top
    assert asked_points(results.values()) == assignment.points
    assert (earned_points(results.values()), open_points(results.values())) == (earned, waiting)


def test_nothing_done_earns_nothing_and_says_what_to_do(tmp_path: Path, assignment: Assignment):
    (tmp_path / "alice" / assignment.id).mkdir(parents=True)
    (tmp_path / "alice" / assignment.id / "answers.json").write_text("{}")
    results = checks(tmp_path / "alice", assignment)
    assert sum(check.points for check in results.values()) == 0
    assert all(check.cause for check in results.values())
    assert {check.status for check in results.values()} <= {"to_do", "unchecked"}


def test_the_class_is_graded_and_the_report_shows_what_was_written(tmp_path: Path, assignment: Assignment):
    for student in ("alice", "bob"):
        store = make_work(tmp_path / "work" / student, assignment, student)
        archive = hand_in(assignment, store, "en")
        shutil.copy(archive, tmp_path / f"{student}.zip")
    shutil.rmtree(tmp_path / "work")
    folder = tmp_path / "in"
    folder.mkdir()
    for student in ("alice", "bob"):
        shutil.move(tmp_path / f"{student}.zip", folder)
    grades = grade_class(folder, assignment, tmp_path / "out", language="en")
    earned, waiting, _ = WORTH[assignment.id]
    assert [(g.points, g.open, g.maximum) for g in grades] == [(earned, waiting, assignment.points)] * 2
    html = (tmp_path / "out" / "alice" / "report.html").read_text()
    assert CONCLUSION in html or WHY in html
    again = Grade.model_validate_json((tmp_path / "out" / "alice" / "grade.json").read_text())
    assert {c.id.split("/")[0] for c in again.checks if c.optional} == {
        e.id for e in assignment.exercises if e.optional
    }


def test_what_a_student_writes_is_escaped_in_the_report(tmp_path: Path, assignment: Assignment):
    store = make_work(tmp_path / "alice", assignment)
    answers, evil = load_answers(store.folder), '<img src=x onerror="alert(1)">'
    for said in answers.exercises.values():
        said.text, said.chosen = evil, evil
        for each in said.steps.values():
            each.why, each.scores = evil, dict.fromkeys(each.scores, evil)
        for question in said.questions.values():
            question.pictures, question.chosen = [evil], [evil]
    save_answers(store.folder, answers)
    for language in LANGUAGES:
        with closing(open_submission(tmp_path / "alice", assignment.id)) as submission:
            results = check_submission(assignment, submission, language)
            grade = Grade(
                student="alice",
                assignment=assignment.id,
                gradable=True,
                points=0,
                maximum=10,
                checks=tuple(results),
            )
            page = student_report(report_of(assignment, grade, language, submission))
        assert "<img src=x" not in page
        assert "onerror" in page


# --- one thing wrong at a time

Spoil = Callable[[Store, Answers], object]
SEEDS, PROMPTS = find_assignment("seeds"), find_assignment("prompts")
OWN, IMPROVE = SEEDS.exercise("free"), PROMPTS.exercise("improve")
assert isinstance(OWN, Own)
assert isinstance(IMPROVE, Iterate)


def said(exercise: str, **changes: object) -> Spoil:
    def spoil(_: Store, answers: Answers) -> None:
        for field, value in changes.items():
            setattr(answers.exercises[exercise], field, value)

    return spoil


def other_prompt_for_seed(number: int) -> Spoil:
    def spoil(store: Store, _: Answers) -> None:
        assert isinstance(OWN, Own)
        store.save(draft_of("free", OWN.runs[number], prompt="a cat", negative_prompt="dog"), noise(1))

    return spoil


def all_anew(prompt: str, negative: str) -> Spoil:
    def spoil(store: Store, _: Answers) -> None:
        assert isinstance(OWN, Own)
        for number, run in enumerate(OWN.with_prompt(prompt, negative).runs):
            store.save(draft_of("free", run), noise(10 + number))

    return spoil


def steps_stay(count: int) -> Spoil:
    def spoil(store: Store, _: Answers) -> None:
        for path in sorted(store.outputs.glob(f"{ITERATION_RUN}*.png"))[: 3 - count]:
            path.unlink()
            path.with_suffix(".json").unlink()

    return spoil


def one_more(prompt: str, *, silent: bool = False, worse: bool = False, **changes: Any) -> Spoil:
    def spoil(store: Store, answers: Answers) -> None:
        assert isinstance(IMPROVE, Iterate)
        stem = step(store, IMPROVE, prompt, 77, answers, **changes)
        if silent:
            answers.exercises["improve"].steps[stem].why = ""
        if worse:
            answers.exercises["improve"].steps[stem].scores = {c.id: 0 for c in IMPROVE.criteria}

    return spoil


def unscored(_: Store, answers: Answers) -> None:
    list(answers.exercises["improve"].steps.values())[-1].scores.popitem()


def score_of_three(_: Store, answers: Answers) -> None:
    scores = list(answers.exercises["improve"].steps.values())[-1].scores
    scores["subject"] = 3


B, S = "free/best", "improve/steps"
TOPIC, CONCLUDED = "free/improve/reasons_topic", "wordings/conclusion/concluded"
CASES: dict[str, tuple[Assignment, Spoil, set[str]]] = {
    "another prompt for the first seed": (
        SEEDS,
        other_prompt_for_seed(0),
        {"free/free_seed123/parameters", "free/free_seed999/parameters", "free/prompt/own_prompt"},
    ),
    "another prompt for the second seed": (
        SEEDS,
        other_prompt_for_seed(1),
        {"free/free_seed42/parameters", "free/free_seed999/parameters", "free/prompt/own_prompt"},
    ),
    "a prompt of few words": (SEEDS, all_anew("a cat", "red"), {"free/prompt/own_prompt"}),
    "no negative prompt": (SEEDS, all_anew(PROMPT, " "), {"free/prompt/own_prompt"}),
    "nothing chosen": (SEEDS, said("free", chosen=None), {f"{B}/best"}),
    "another exercise's picture chosen": (SEEDS, said("free", chosen="words_seed42"), {f"{B}/best"}),
    "few reasons": (SEEDS, said("free", text="It would be better."), {f"{B}/why"}),
    "the prompt for reasons": (SEEDS, said("free", text=f"{PROMPT} {PROMPT}"), {f"{B}/why", TOPIC}),
    "no conclusion of a grid": (PROMPTS, said("wordings", text=""), {CONCLUDED}),
    "a short conclusion": (PROMPTS, said("wordings", text="Precise words work."), {CONCLUDED}),
    "two steps": (PROMPTS, steps_stay(2), {f"{S}/steps", "hand_in/record/chain"}),
    "the same prompt twice": (PROMPTS, one_more(CHANGES[-1]), set()),
    "a step with more steps": (PROMPTS, one_more("a blue bag", steps=30), {f"{S}/only_prompts"}),
    "a step with another seed": (PROMPTS, one_more("a blue bag", seed=1), {f"{S}/only_prompts"}),
    "the last step worse": (PROMPTS, one_more("a blue bag", worse=True), {f"{S}/better"}),
    "a step without a why": (PROMPTS, one_more("a blue bag", silent=True), {f"{S}/why_steps"}),
    "a criterion without a score": (PROMPTS, unscored, {f"{S}/scored"}),
    "a score of three": (PROMPTS, score_of_three, {f"{S}/scored"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_fails_its_own_check_and_no_other(tmp_path: Path, name: str):
    assignment, spoil, expected = CASES[name]
    store = make_work(tmp_path / "alice", assignment)
    answers = load_answers(store.folder)
    spoil(store, answers)
    save_answers(store.folder, answers)
    assert failed(checks(tmp_path / "alice", assignment)) == expected


COMFYUI = find_assignment("comfyui")
TROUBLE = COMFYUI.exercise("trouble")
assert isinstance(TROUBLE, Generate)


@pytest.mark.parametrize(
    ("side", "steps", "counts"), [(192, 15, True), (128, 15, True), (192, 20, False), (160, 15, False)]
)
def test_a_picture_drawn_with_the_safe_settings_counts_where_the_exercise_allows_it(
    tmp_path: Path, side: int, steps: int, counts: bool
):
    store = make_work(tmp_path / "alice", COMFYUI)
    assert isinstance(TROUBLE, Generate)
    cured = next(run for run in TROUBLE.runs if run.id == "cured")
    draft = draft_of("trouble", cured, width=side, height=side, steps=steps)
    store.save(draft, noise(77, side))
    expected = set() if counts else {"trouble/cured/parameters"}
    assert failed(checks(tmp_path / "alice", COMFYUI)) == expected


def test_where_nothing_is_said_of_it_a_smaller_picture_is_not_the_run(tmp_path: Path):
    store = make_work(tmp_path / "alice", COMFYUI)
    run = COMFYUI.exercise("table").runs[0]  # type: ignore[union-attr]
    store.save(draft_of("table", run, width=192, height=192, steps=15), noise(78, 192))
    assert failed(checks(tmp_path / "alice", COMFYUI)) == {"table/table_1_1/parameters"}


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["iteration", "iteration-2", "wordings_1_2", "free_seed42", "steps"]
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
WRITTEN = st.builds(
    ExerciseAnswer,
    chosen=st.none() | TEXTS,
    text=TEXTS,
    steps=st.dictionaries(
        TEXTS, st.builds(StepAnswer, why=TEXTS, scores=st.dictionaries(st.just("subject") | TEXTS, VALUES))
    ),
    questions=st.dictionaries(
        st.sampled_from(["which_wording", "what_changed", "false_claim"]) | TEXTS,
        st.builds(
            QuestionAnswer,
            pictures=st.lists(TEXTS | st.sampled_from(["wordings_2_1", "wordings_3_2"]), max_size=3),
            chosen=st.lists(TEXTS, max_size=5),
        ),
    ),
)


@pytest.fixture(scope="module")
def prompts_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work = tmp_path_factory.mktemp("fuzz") / "alice"
    make_work(work, PROMPTS)
    return work


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(written=WRITTEN)
def test_whatever_is_written_is_graded_within_the_points(prompts_work: Path, written: ExerciseAnswer):
    ids = ("wordings", "improve", "quiz")
    save_answers(prompts_work / "prompts", Answers(exercises=dict.fromkeys(ids, written)))
    results = checks(prompts_work, PROMPTS)
    assert all(0 <= check.points <= check.maximum for check in results.values())
    assert earned_points(results.values()) <= PROMPTS.points + 2

"""Kinds `grid`, `own`, `iterate` and `quiz` graded in full: good work, then one thing wrong at a time.

`seeds`, `prompts` and `comfyui` are what ships; what is right in a quiz is derived, never looked up.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds import Generate, Iterate, Observe, Own, Quiz, Reflection, Studio
from exercises.kinds.base import Run
from exercises.kinds.iterate import ITERATION_RUN
from exercises.kinds.studio import STUDIO_RUN
from exercises.loader import find_assignment
from exercises.parameters import side_of
from grading.checks import check_submission
from grading.checks.quiz_questions import ask, ask_by_itself, place_asked_about, runs_asked_about
from grading.class_.grade import grade_class
from grading.reports.student import report_of, student_report
from grading.results import CheckResult, Grade, asked_points, earned_points, open_points
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission
from manifests.answers import (
    Answers,
    ExerciseAnswer,
    ObservationAnswers,
    QuestionAnswer,
    StepAnswer,
    load_answers,
    save_answers,
)
from manifests.store import Store
from tests.grading.good import SIDE, draft_of, noise, photo
from tests.manifests.conftest import ADHERENCE

PROMPT = "two small green turtles on a pink background with a soft shadow"
WHY = (
    "The picture of seed 123 is the best one because both animals are whole and the shadow lies under them; "
    "next I would change the background, which is too close to their colour."
)
CONCLUSION = (
    "Naming object, colour and background works under every seed. Praise such as masterpiece is skipped, "
    "and a word after without is drawn all the same, so one had better say what should be there."
)
REFLECTION = """A good wording names the object, its colour and the background.
The vague one left all of that to chance, and each seed chose differently.
Words such as masterpiece were skipped and did nothing.
Without red gave red, so I would write the colour that I want.
I trust the judge's figure for colours, but my own eye for light and shape."""
ABOUT_COMFYUI = """Ten steps left rough edges, from twenty on I saw no more detail.
At guidance 15 the colours were glaring and too saturated.
When it takes too long I would ask for fewer steps.
When memory runs out I would take the safe size, 384, and wait before the next.
One simple request as with Forge is enough for a quick picture.
A graph is worth it where I want to change a node, as in image to image."""
REFLECTIONS = {"prompts": REFLECTION, "comfyui": ABOUT_COMFYUI}
CHANGES = ("a bag", "a red handbag", "a red handbag on a white background")


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """Everything done and in order, with pictures of noise."""
    store, offset = Store(work, assignment.id, student), sum(student.encode()) * 1000
    answers, number = Answers(language="en"), offset
    source = store.add_source(photo(offset))
    for exercise in assignment.exercises:
        said = answers.exercises.setdefault(exercise.id, ExerciseAnswer(text=CONCLUSION))
        if isinstance(exercise, Own):
            said.text, said.chosen = WHY, exercise.runs[1].id
            exercise = exercise.with_prompt(PROMPT, "red, black background")
        for run in getattr(exercise, "runs", ()):
            number += 1
            wanted = source if run.parameters.mode == "img2img" else None
            size = dict.fromkeys(("width", "height"), side_of(run.parameters.width, SIDE))
            draft = replace(draft_of(exercise.id, run, wanted, **size), adherence=ADHERENCE)
            store.save(draft, noise(number, size["width"]))
        if isinstance(exercise, Observe):
            answers.observations[exercise.id] = observations(exercise)
        if isinstance(exercise, Studio):
            for seed in range(exercise.minimum):
                number += 1
                store.save(draft_of(exercise.id, studio_run(assignment), seed=seed), noise(number))
        if isinstance(exercise, Iterate):
            for prompt in CHANGES:
                number += 1
                step(store, exercise, prompt, number, answers)
        if isinstance(exercise, Reflection):
            answers.reflection = REFLECTIONS[assignment.id]
    for quiz in (e for e in assignment.exercises if isinstance(e, Quiz)):
        for question in quiz.questions:
            answer_rightly(store, quiz, question.id, answers)
    save_answers(store.folder, answers)
    return store


def studio_run(assignment: Assignment) -> Run:
    """What a picture of the studio is recorded as."""
    return Run(id=STUDIO_RUN, parameters=assignment.planned_runs()[0][1].parameters)


def observations(exercise: Observe) -> ObservationAnswers:
    """Something seen in each picture, and a conclusion for each question asked once."""
    seen = "A bar with steps and seconds, then a preview that grew clearer, for run {}."
    return ObservationAnswers(
        pictures={run: {q.id: seen.format(run) for q in exercise.questions} for run in exercise.pictures},
        conclusions={
            q.id: f"About {q.id}: the program sends a request, then it asks until the picture is ready."
            for q in exercise.conclusions
        },
    )


def step(store: Store, exercise: Iterate, prompt: str, number: int, answers: Answers, **changes: Any) -> str:
    """One more step, scored better than those before it and explained."""
    draft = draft_of(exercise.id, Run(id=ITERATION_RUN, parameters=exercise.start), prompt=prompt, **changes)
    stem = store.save(replace(draft, adherence=ADHERENCE), noise(number)).stem
    steps = answers.exercises.setdefault(exercise.id, ExerciseAnswer()).steps
    scores = [min(2, max(0, len(steps) - n)) for n, _ in enumerate(exercise.criteria)]
    steps[stem] = StepAnswer(
        why=f"I added {prompt.split()[-1]} to the prompt because the picture left it to chance.",
        scores={c.id: s for c, s in zip(exercise.criteria, scores, strict=True)},
    )
    return stem


def derived(store: Store, quiz: Quiz, question_id: str) -> tuple[list[str], list[str], list[str]]:
    """Of a question the pictures, the right choices, and the wrong ones."""
    question = next(q for q in quiz.questions if q.id == question_id)
    if question.graph is not None:
        about = place_asked_about(question, store.student, store.assignment, quiz.id)
        of_graph = ask_by_itself(question, about)
        assert of_graph is not None
        keys = [choice.key for choice in of_graph.choices]
        return [], [k for k in keys if k in of_graph.right], [k for k in keys if k not in of_graph.right]
    newest = {run: r for run in question.runs if (r := store.newest(run))}
    shown = [newest[run] for run in runs_asked_about(question, store.student, store.assignment, quiz.id)]
    asked = ask(question, [r.manifest for r in shown], {run: r.manifest for run, r in newest.items()})
    assert asked is not None
    keys = [choice.key for choice in asked.choices]
    return (
        [r.stem for r in shown],
        [k for k in keys if k in asked.right],
        [k for k in keys if k not in asked.right],
    )


def answer_rightly(
    store: Store, quiz: Quiz, question_id: str, answers: Answers, wrong_before: int = 0
) -> None:
    pictures, right, wrong = derived(store, quiz, question_id)
    chosen = [*wrong[:wrong_before], right[0]]
    questions = answers.exercises.setdefault(quiz.id, ExerciseAnswer()).questions
    question = next(q for q in quiz.questions if q.id == question_id)
    about = place_asked_about(question, store.student, store.assignment, quiz.id) if question.graph else ""
    questions[question_id] = QuestionAnswer(pictures=pictures, about=about, chosen=chosen)


@pytest.fixture(scope="module", params=["seeds", "prompts", "comfyui"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return find_assignment(request.param)


def checks(work: Path, assignment: Assignment) -> dict[str, CheckResult]:
    with closing(open_submission(work, assignment.id)) as submission:
        return {c.id: c for c in check_submission(assignment, submission, "en")}


def failed(results: dict[str, CheckResult]) -> set[str]:
    return {check.id for check in results.values() if check.passed is False}


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


# --- what memory did not do for

COMFYUI = find_assignment("comfyui")
FILES = {
    "wire": "text2img.json",
    "setting": "text2img.json",
    "wire_of_edit": "img2img.json",
    "setting_of_edit": "img2img.json",
}
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


# --- the quiz


def test_what_is_right_about_a_graph_follows_from_the_graph(tmp_path: Path):
    quiz = COMFYUI.exercise("graph")
    assert isinstance(quiz, Quiz)
    for question in quiz.questions:
        document = json.loads((COMFYUI.folder / FILES[question.id]).read_text())
        assert question.about
        for about in question.about:
            asked = ask_by_itself(question, about)
            assert asked is not None
            if question.ask == "which_source":
                node, _, name = about.partition(".")
                right = {document[node]["inputs"][name][0]}
            else:
                right = {key for key, node in document.items() if about in node["inputs"]}
            assert asked.right == right
            assert {choice.key for choice in asked.choices} == set(document)


def test_a_saved_answer_about_a_graph_is_believed_only_as_far_as_the_graph_says_so(tmp_path: Path):
    quiz = COMFYUI.exercise("graph")
    assert isinstance(quiz, Quiz)
    store = make_work(tmp_path / "alice", COMFYUI)
    answers = load_answers(store.folder)
    answer = answers.exercises["graph"].questions["wire"]
    right, wrong = derived(store, quiz, "wire")[1:]
    for about, chosen, passed in (
        (answer.about, [wrong[0]], False),
        (answer.about, [wrong[0], right[0]], True),
        ("9.model", right, None),
        ("", right, None),
        ("<b>", right, None),
    ):
        answer.about, answer.chosen = about, list(chosen)
        save_answers(store.folder, answers)
        assert checks(tmp_path / "alice", COMFYUI)["graph/wire/answered"].passed is passed


def test_neighbours_are_asked_about_other_wires_and_settings():
    quiz = COMFYUI.exercise("graph")
    assert isinstance(quiz, Quiz)
    for question in quiz.questions:
        assert len({place_asked_about(question, f"student{n}", "comfyui", "graph") for n in range(8)}) > 1


@pytest.mark.parametrize("question", ["which_wording", "what_changed", "false_claim"])
def test_a_right_answer_earns_less_at_each_try_and_nothing_after_the_last(tmp_path: Path, question: str):
    quiz = PROMPTS.exercise("quiz")
    assert isinstance(quiz, Quiz)
    store = make_work(tmp_path / "alice", PROMPTS)
    answers = load_answers(store.folder)
    earned = []
    for wrong_before in range(4):
        answer_rightly(store, quiz, question, answers, wrong_before)
        if wrong_before == 3:
            answers.exercises["quiz"].questions[question].chosen[:3] = ["wrong", "wrong", "wrong"]
        save_answers(store.folder, answers)
        earned.append(checks(tmp_path / "alice", PROMPTS)[f"quiz/{question}/answered"].points)
    assert earned == [1, 0.5, 0.25, 0]


def test_the_grade_does_not_believe_what_is_saved_about_a_question(tmp_path: Path):
    quiz = PROMPTS.exercise("quiz")
    assert isinstance(quiz, Quiz)
    store = make_work(tmp_path / "alice", PROMPTS)
    document = (store.folder / "answers.json").read_text()
    pictures, right, wrong = derived(store, quiz, "which_wording")
    assert '"right"' not in document
    answers = load_answers(store.folder)
    answer = answers.exercises["quiz"].questions["which_wording"]
    answer.chosen = [wrong[0]]
    save_answers(store.folder, answers)
    assert checks(tmp_path / "alice", PROMPTS)["quiz/which_wording/answered"].points == 0
    for other in (["wordings_1_1"], ["no-such-picture"], [], [*pictures, *pictures]):
        answer.pictures, answer.chosen = other, [right[0]]
        save_answers(store.folder, answers)
        check = checks(tmp_path / "alice", PROMPTS)["quiz/which_wording/answered"]
        assert (check.passed, check.points) == (None, 0)


def test_an_answer_stays_right_when_the_pictures_are_made_again(tmp_path: Path):
    store = make_work(tmp_path / "alice", PROMPTS)
    for number, (exercise, run) in enumerate(PROMPTS.planned_runs()):
        store.save(draft_of(exercise.id, run), noise(900_000 + number))
    results = checks(tmp_path / "alice", PROMPTS)
    assert [
        results[f"quiz/{q}/answered"].points for q in ("which_wording", "what_changed", "false_claim")
    ] == [1] * 3


def test_neighbours_are_asked_about_other_pictures_and_other_claims_are_false(tmp_path: Path):
    quiz = PROMPTS.exercise("quiz")
    assert isinstance(quiz, Quiz)
    asked, false = set(), set()
    for number in range(6):
        store = make_work(tmp_path / f"s{number}", PROMPTS, f"student{number}")
        asked.add(tuple(derived(store, quiz, "which_wording")[0]))
        false.add(tuple(derived(store, quiz, "false_claim")[1]))
    assert len(asked) > 1
    assert len(false) > 1


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

"""Quizzes graded: what is right is derived from the pictures and the graphs, and tries cost."""

import json
from pathlib import Path

import pytest

from exercises.kinds import Quiz
from exercises.loader import find_assignment
from grading.checks.quiz_questions import ask_by_itself, place_asked_about
from manifests.answers import (
    load_answers,
    save_answers,
)
from tests.grading.good import draft_of, noise
from tests.grading.prompts_work import answer_rightly, checks, derived, make_work

COMFYUI, PROMPTS = find_assignment("comfyui"), find_assignment("prompts")
FILES = {
    "wire": "text2img.json",
    "setting": "text2img.json",
    "wire_of_edit": "img2img.json",
    "setting_of_edit": "img2img.json",
}


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

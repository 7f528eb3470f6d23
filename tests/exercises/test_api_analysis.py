"""The second assignment is what the course asks for; its kinds refuse what makes no sense."""

import re
import shutil
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds import AltTexts, Analyse, Compare, Correct
from exercises.loader import ExerciseError, find_assignment, load_assignment


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("api-analysis")


def test_the_exercises_stand_in_order_and_their_points_make_twenty(assignment: Assignment):
    assert [e.kind for e in assignment.exercises] == [
        "generate", "studio", "analyse", "correct", "alt_text", "compare", "pipeline", "reflection", "hand_in"
    ]  # fmt: skip
    assert assignment.points == 20
    assert assignment.asks_apis
    assert not find_assignment("tp2").asks_apis


def test_three_pictures_are_analysed_and_one_of_them_is_poor_on_purpose(assignment: Assignment):
    exercise = assignment.exercise("analyse")
    assert isinstance(exercise, Analyse)
    assert [subject.one_of for subject in exercise.subjects] == [("product",), ("scene",), ("poor",)]
    steps = {run.id: run.parameters.steps for _, run in assignment.planned_runs()}
    assert steps == {"product": 30, "scene": 30, "poor": 2}


def test_a_correction_three_purposes_and_two_models_are_asked_for(assignment: Assignment):
    correct, alt_text, compare = (assignment.exercise(name) for name in ("correct", "alt_text", "compare"))
    assert isinstance(correct, Correct)
    assert isinstance(alt_text, AltTexts)
    assert isinstance(compare, Compare)
    assert correct.minimum == 1
    assert alt_text.purposes == ("decorative", "informative", "complex")
    assert compare.models_minimum == 2
    assert [topic.id for topic in compare.topics] == ["cost"]


def test_every_text_is_written_in_both_languages(assignment: Assignment):
    for part in (assignment, *assignment.exercises):
        assert set(part.texts) == set(LANGUAGES)
        assert part.texts["en"] != part.texts["fr"]
        assert all(len(text) > 200 for text in part.texts.values())
        assert "'" not in part.texts["fr"]


def test_french_punctuation_does_not_begin_a_line(assignment: Assignment):
    french = [part.texts["fr"] for part in (assignment, *assignment.exercises)]
    french += [part.title.fr for part in assignment.exercises]
    assert [found for text in french for found in re.findall(r".* [:;?!»](?!-).*|.*« .*", text)] == []


SECOND_TOPIC = """
[[exercises.topics]]
id = "cost"
title = { en = "cost", fr = "coût" }
words = { en = ["cost"], fr = ["coût"] }

"""

# One wrong thing each: what is replaced by what, and the field and words the author is told.
WRONG = {
    "an unknown task": ('tasks = ["describe"', 'tasks = ["grade"', "exercises[3].tasks[1]", "describe"),
    "a task twice": ('"describe", "missing"]', '"describe", "describe"]', "exercises[3].tasks", "once"),
    "no task": ('["describe", "missing"]', "[]", "exercises[3].tasks", "at least 1"),
    "a subject of no run": (
        'one_of = ["poor"]',
        'one_of = ["pooor"]',
        "exercises[3].subjects[3].one_of",
        "pooor",
    ),
    "a subject twice": ('id = "scene"\n', 'id = "product"\n', "exercises[3].subjects[2].id", "once"),
    "no correction": ("minimum = 1\nwords", "minimum = 0\nwords", "exercises[4].minimum", "at least 1"),
    "words as text": ("words_minimum = 8", 'words_minimum = "8"', "exercises[4].words_minimum", "whole"),
    "one model": ("models_minimum = 2", "models_minimum = 1", "exercises[6].models_minimum", "at least 2"),
    "an unknown purpose": (
        'kind = "alt_text"',
        'kind = "alt_text"\npurposes = ["pretty"]',
        "exercises[5].purposes[1]",
        "decorative",
    ),
    "a purpose twice": (
        'kind = "alt_text"',
        'kind = "alt_text"\npurposes = ["complex", "complex"]',
        "exercises[5].purposes",
        "once",
    ),
    "a field of another kind": ('kind = "correct"', 'kind = "compare"', "exercises[4].minimum", "spelling"),
    "a reserved run": ("poor = {", "comparison = {", "exercises[1].runs.comparison", "another id"),
    "a comparison's topic with an empty list of words": (
        'fr = ["coût", "coûte", "prix", "cher", "chère", "gratuit"',
        'fr = []\n# ["coût"',
        "exercises[6].topics[1].words.fr",
        "missing",
    ),
    "a comparison's topic twice": (
        '[[exercises]]\nid = "by_itself"',
        SECOND_TOPIC + '[[exercises]]\nid = "by_itself"',
        "exercises[6].topics[2].id",
        "once",
    ),
    "a topic without words": (
        'fr = ["coût", "coûte", "prix", "cher"',
        'de = ["x"',
        "exercises[6].topics[1].words.de",
        "en",
    ),
}


@pytest.mark.parametrize(("old", "new", "field", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, field: str, words: str):
    folder = tmp_path / "api-analysis"
    shutil.copytree(find_assignment("api-analysis").folder, folder)
    text = (folder / "assignment.toml").read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / "assignment.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert caught.value.field == field
    assert caught.value.line
    assert words in caught.value.in_language("en")
    assert caught.value.in_language("fr") != caught.value.in_language("en")

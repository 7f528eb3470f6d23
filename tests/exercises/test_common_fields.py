"""Fields that every kind has: optional, due, weights, words_minimum; and what old assignments mean."""

import pytest

import grading.checks
from exercises.kinds import KINDS
from exercises.loader import ExerciseError, assignment_ids, find_assignment, load_assignment
from tests.exercises.conftest import SMALL, WriteAssignment

FIRST = 'kind = "generate"\n'


def with_field(field: str) -> str:
    return SMALL.replace(FIRST, f"{FIRST}{field}\n", 1)


def test_an_optional_exercise_has_its_points_on_top(write_assignment: WriteAssignment):
    text = with_field("optional = true").replace("points = 6", "points = 5", 1)
    assignment = load_assignment(write_assignment(text))
    assert assignment.points == 5
    assert [exercise.optional for exercise in assignment.exercises] == [True, False, False]
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(with_field("optional = true")))
    assert caught.value.field == "points"


def test_a_due_date_is_a_moment_with_its_time_zone(write_assignment: WriteAssignment):
    text = with_field("due = 2027-03-01T23:59:00+01:00")
    due = load_assignment(write_assignment(text)).exercises[0].due
    assert due is not None
    assert due.isoformat() == "2027-03-01T23:59:00+01:00"


# A field, and the words and the place that tell what is wrong with it.
WRONG = {
    "optional = 1": ("optional", "true or false"),
    "due = 2027-03-01T23:59:00": ("due", "time zone"),
    "due = 2027-03-01": ("due", "time zone"),
    'due = "2027-03-01T23:59:00+01:00"': ("due", "time zone"),
    "weights = { image = 0 }": ("weights.image", "greater than 0"),
    "weights = { picture = 2 }": ("weights.picture", "recorded, image, parameters, distinct"),
    "words_minimum = 5": ("words_minimum", "nothing is written"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_common_field_that_makes_no_sense_is_refused(write_assignment: WriteAssignment, field: str):
    place, words = WRONG[field]
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(with_field(field)))
    assert caught.value.field == f"exercises[1].{place}"
    assert words in caught.value.in_language("en")


@pytest.mark.parametrize("assignment_id", assignment_ids())
def test_the_checks_of_a_kind_are_those_that_weights_may_name(assignment_id: str):
    from grading.submission.reading import Submission

    assignment = find_assignment(assignment_id)
    judged = grading.checks.judge(assignment, Submission("nobody", assignment_id))
    for exercise in assignment.exercises:
        assert {result.rule for result in judged[exercise.id]} <= set(KINDS[exercise.kind].rules)

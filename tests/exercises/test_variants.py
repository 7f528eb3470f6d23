"""Variants: each student's own seed or word, the same each time, and none where the switch is off."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.assignment import Assignment
from exercises.loader import ExerciseError, find_assignment, load_assignment
from exercises.variants import SEEDS, Variants
from tests.exercises.conftest import SMALL, WriteAssignment

KEY = 'key = "a key of the class"\n'
SEED = f"[variants]\n{KEY}"
WORDS = f'[variants]\n{KEY}seed = false\nwords = ["bag", "teapot", "lamp", "chair"]\n'
STUDENTS = [f"student{n}" for n in range(40)]


def written(write_assignment: WriteAssignment, variants: str) -> Path:
    return write_assignment(SMALL.replace("[[exercises]]", f"{variants}\n[[exercises]]", 1))


def seeds(assignment: Assignment) -> list[int]:
    return [run.parameters.seed for _, run in assignment.planned_runs()]


def prompts(assignment: Assignment) -> list[str]:
    return [run.parameters.prompt for _, run in assignment.planned_runs()]


def test_neighbours_have_other_seeds_and_each_the_same_seed_in_all_runs(write_assignment: WriteAssignment):
    small = load_assignment(written(write_assignment, SEED))
    each = {student: set(seeds(small.of_student(student))) for student in STUDENTS}
    assert all(len(own) == 1 for own in each.values())  # a sweep still changes one parameter
    assert len({min(own) for own in each.values()}) == len(STUDENTS)
    assert seeds(small.of_student("student1")) == seeds(small.of_student("student1"))


def test_the_word_is_one_of_the_list_and_stands_in_every_prompt_that_had_the_first(
    write_assignment: WriteAssignment,
):
    small = load_assignment(written(write_assignment, WORDS))
    found = {tuple(prompts(small.of_student(student))) for student in STUDENTS}
    assert found == {
        tuple(prompt.replace("bag", word) for prompt in prompts(small))
        for word in ("bag", "teapot", "lamp", "chair")
    }
    assert set(seeds(small.of_student("student1"))) == {42}


def test_what_is_one_students_already_stays_so(write_assignment: WriteAssignment):
    own = load_assignment(written(write_assignment, SEED)).of_student("ann")
    assert own.of_student("bob") == own.varied("bob") == own


def test_tp2_offers_it_as_a_switch(monkeypatch: pytest.MonkeyPatch):
    tp2 = find_assignment("tp2")
    assert tp2.of_student("ann") == tp2
    monkeypatch.setenv("GENAI_VARIANTS", "seeds, tp2")
    switched = find_assignment("tp2").of_student("ann")
    assert set(seeds(switched)) != {42}
    monkeypatch.setenv("GENAI_VARIANTS_KEY", "another key of a class")
    assert set(seeds(find_assignment("tp2").of_student("ann"))) not in ({42}, set(seeds(switched)))


@pytest.mark.parametrize(
    ("variants", "field"),
    [
        (f"[variants]\n{KEY}seed = false\n", "variants"),
        ("[variants]\n", "variants.key"),
        ('[variants]\nkey = "short"\n', "variants.key"),
        (f'[variants]\n{KEY}words = ["teapot", "lamp"]\n', "variants.words"),
        (f'[variants]\n{KEY}words = ["bag", "bag"]\n', "variants.words"),
        (f"[variants]\n{KEY}on = 7\n", "variants.on"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(write_assignment: WriteAssignment, variants: str, field: str):
    with pytest.raises(ExerciseError) as caught:
        load_assignment(written(write_assignment, variants))
    assert caught.value.field == field


@given(name=st.text(max_size=300), key=st.text(min_size=8, max_size=50).filter(lambda k: k.isprintable()))
def test_any_name_gives_a_seed_in_bounds_and_an_id(name: str, key: str):
    variant = Variants(key=key).of("tp2", name)
    (run, *_) = (run for _, run in find_assignment("tp2").planned_runs())
    own = variant.run(run)
    assert 0 <= own.parameters.seed < SEEDS
    assert own.variant == variant.id
    assert len(variant.id) == 16

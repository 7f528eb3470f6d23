"""Everybody who waits is served alike, whatever they ask for and however much of it."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.fair_queue import QUANTUM, FairQueue, LineFull, cost

NAMES = st.sampled_from("abcde")
WORK = st.integers(1, 3 * QUANTUM)
Job = tuple[str, int, int]  # student, number, work


def filled(jobs: list[tuple[str, int]]) -> FairQueue[Job]:
    queue: FairQueue[Job] = FairQueue()
    for number, (student, work) in enumerate(jobs):
        queue.put((student, number, work), student, work)
    return queue


def test_the_work_of_a_picture_counts_steps_pixels_and_the_second_row_of_guidance() -> None:
    assert cost(30, 256, 256, True) == 2 * cost(30, 256, 256, False) == 4 * cost(15, 256, 256, False)
    assert cost(30, 512, 512, False) == 4 * cost(30, 256, 256, False)


@given(jobs=st.lists(st.tuples(NAMES, WORK), max_size=60))
def test_all_are_served_once_and_each_students_in_their_order(jobs: list[tuple[str, int]]) -> None:
    queue = filled(jobs)
    foreseen = list(queue)
    served: list[Job] = []
    while (job := queue.take()) is not None:
        served.append(job)
    assert served == foreseen
    assert sorted(number for _, number, _ in served) == list(range(len(jobs)))
    for student in "abcde":
        own = [number for name, number, _ in served if name == student]
        assert own == sorted(own)
    assert len(queue) == 0


@given(jobs=st.lists(st.tuples(NAMES, WORK), min_size=1, max_size=80))
def test_while_all_wait_nobody_is_ahead_by_more_than_a_turn_and_their_largest(
    jobs: list[tuple[str, int]],
) -> None:
    """Shreedhar and Varghese's bound."""
    queue = filled(jobs)
    waiting = Counter(student for student, _ in jobs)
    largest = max(work for _, work in jobs)
    served: Counter[str] = Counter(dict.fromkeys(waiting, 0))
    while (job := queue.take()) is not None:
        student, _, work = job
        served[student] += work
        waiting[student] -= 1
        if not all(waiting.values()):
            break
        assert max(served.values()) - min(served.values()) <= 2 * QUANTUM + 2 * largest


def test_a_newcomer_waits_one_turn_and_not_a_hundred_pictures() -> None:
    queue = filled([("greedy", QUANTUM)] * 100)
    for _ in range(3):
        queue.take()
    queue.put(("new", 0, QUANTUM), "new", QUANTUM)
    assert [job[0] for job in queue][:2].count("new") == 1


def test_who_asks_for_large_pictures_gets_fewer_of_them() -> None:
    queue = filled([("large", 3 * QUANTUM)] * 20 + [("small", QUANTUM)] * 60)
    first = [queue.take() for _ in range(40)]
    work = Counter[str]()
    for job in first:
        assert job
        work[job[0]] += job[2]
    assert work["large"] / work["small"] == pytest.approx(1, abs=0.15)


def test_nobody_saves_turns_up_for_later() -> None:
    queue = filled([("early", 1)])
    assert queue.take()
    for number in range(5):
        queue.put(("other", number, QUANTUM), "other", QUANTUM)
        queue.put(("early", number, QUANTUM), "early", QUANTUM)
    order = [job[0] for job in queue]
    assert Counter(order[:4]) == {"early": 2, "other": 2}  # not four for who came first


def test_what_the_instructor_shows_goes_first() -> None:
    queue = filled([("a", QUANTUM)] * 3)
    queue.put(("teacher", 0, 1), "teacher", 1, first=True)
    assert queue.take() == ("teacher", 0, 1)


def test_a_line_has_an_end() -> None:
    queue: FairQueue[int] = FairQueue(most=3)
    for number in range(3):
        queue.put(number, "a", 1)
    with pytest.raises(LineFull):
        queue.put(3, "a", 1)
    queue.put(4, "b", 1)


@given(jobs=st.lists(st.tuples(NAMES, WORK), min_size=1, max_size=30), which=st.integers(0, 29))
def test_who_leaves_the_line_is_not_served_and_the_others_are(
    jobs: list[tuple[str, int]], which: int
) -> None:
    queue = filled(jobs)
    student, work = jobs[which % len(jobs)]
    gone = (student, which % len(jobs), work)
    assert queue.remove(gone)
    assert not queue.remove(gone)
    assert gone not in list(queue)
    assert len(list(queue)) == len(jobs) - 1


def test_something_very_large_does_not_take_long_to_decide() -> None:
    queue = filled([("a", 10**15), ("b", 1)])
    assert [job[0] for job in queue] == ["b", "a"]

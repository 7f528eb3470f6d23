"""What those who wait are told of when they will be done follows from the rounds that were seen."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.pace import Ahead, Pace, foreseen


def paced(fixed: float = 0.03, each: float = 0.04) -> Pace:
    """Rounds that take `fixed` and `each` for every picture in them."""
    pace = Pace()
    for work in (1, 4, 16, 2, 8):
        pace.told(work, fixed + each * work)
    return pace


def test_a_line_is_drawn_through_the_rounds() -> None:
    assert paced().seconds(10) == pytest.approx(0.43)


def test_rounds_that_were_all_alike_are_taken_in_proportion() -> None:
    pace = Pace()
    pace.told(2, 0.1)
    assert pace.seconds(4) == pytest.approx(0.2)


def test_a_pace_that_crosses_to_another_process_is_the_same_and_goes_on() -> None:
    crossed = pickle.loads(pickle.dumps(paced()))  # noqa: S301
    assert crossed.seconds(10) == paced().seconds(10)
    crossed.told(1, 5.0)
    assert crossed.seconds(1) > paced().seconds(1)


def test_where_no_round_was_seen_nothing_is_foreseen() -> None:
    assert foreseen(Pace(), [], [Ahead(10, 1)], 16) == [None]


def test_who_waits_alone_is_done_after_all_of_its_steps() -> None:
    assert list(foreseen(paced(), [], [Ahead(10, 1)], 16)) == [pytest.approx(10 * 0.07)]


def test_one_place_is_taken_in_turn() -> None:
    assert list(foreseen(paced(), [Ahead(5, 1)], [Ahead(10, 1), Ahead(20, 1)], 1)) == [
        pytest.approx(15 * 0.07),
        pytest.approx(35 * 0.07),
    ]


def test_two_at_once_take_less_than_one_after_the_other() -> None:
    ends: object = foreseen(paced(), [], [Ahead(10, 1), Ahead(20, 1)], 2)
    assert ends == [pytest.approx(10 * 0.11), pytest.approx(10 * 0.11 + 10 * 0.07)]


@given(
    drawn=st.lists(st.builds(Ahead, st.integers(1, 50), st.integers(1, 4)), max_size=5),
    waiting=st.lists(st.builds(Ahead, st.integers(1, 50), st.integers(1, 4)), max_size=20),
    most=st.integers(1, 16),
)
def test_it_is_what_a_count_round_by_round_gives(drawn: list[Ahead], waiting: list[Ahead], most: int) -> None:
    pace, now = paced(), 0.0
    ends, left = [0.0] * len(waiting), list(enumerate(waiting))
    running = [[each.steps, each.work, -1] for each in drawn]
    while running or left:
        while left and len(running) < most:
            place, each = left.pop(0)
            running.append([each.steps, each.work, place])
        now += pace.seconds(sum(work for _, work, _ in running)) or 0.0
        for each_running in running:
            each_running[0] -= 1
            if not each_running[0] and each_running[2] >= 0:
                ends[each_running[2]] = now
        running = [each_running for each_running in running if each_running[0]]
    assert foreseen(pace, drawn, waiting, most) == pytest.approx(ends)

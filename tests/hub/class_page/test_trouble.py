"""Tests of who is stuck, what counts as gained, and what a class has done question by question."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exercises.loader import find_assignment
from hub.class_page.known import Seen, gained
from hub.class_page.statistics import questions
from hub.class_page.trouble import trouble_of
from hub.cohort.told import Progress

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)
WRONG = {"check": "baseline/baseline/parameters", "attempts": 3}


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def progress(**changes: Any) -> Progress:
    told = {"points": 5.0, "maximum": 20.0, "pictures": 3, "running": 0}
    return Progress.model_validate(told | changes)


def seen(quiet: float = 1, **changes: Any) -> Seen:
    return Seen(user="ann", assignment="tp2", time=NOW, gained=ago(quiet), progress=progress(**changes))


def exercise(id_: str, **changes: Any) -> dict[str, Any]:
    return {"id": id_, "points": 0.0, "maximum": 1.0} | changes


def test_nothing_gained_for_a_while_though_at_work_is_stuck() -> None:
    found = trouble_of(seen(quiet=25), ago(2), NOW)
    assert found is not None
    assert found.again is None
    assert found.quiet == timedelta(minutes=25)
    assert trouble_of(seen(quiet=5), ago(2), NOW) is None


def test_the_same_failure_again_and_again_is_stuck_at_once_and_comes_first() -> None:
    found = trouble_of(seen(quiet=1, failing=[WRONG]), ago(1), NOW)
    quiet = trouble_of(seen(quiet=90), ago(1), NOW)
    assert found is not None
    assert quiet is not None
    assert found.again is not None
    assert found.again.attempts == 3
    assert found.urgency > quiet.urgency
    assert trouble_of(seen(quiet=1, failing=[WRONG | {"attempts": 2}]), ago(1), NOW) is None


def test_who_is_away_has_finished_or_was_never_seen_is_not_stuck() -> None:
    assert trouble_of(seen(quiet=90), ago(45), NOW) is None
    assert trouble_of(seen(quiet=90), None, NOW) is None
    assert trouble_of(None, ago(1), NOW) is None
    to_read = [exercise("reflection", maximum=2.0, open=15.0)]
    assert trouble_of(seen(quiet=90, exercises=to_read), ago(1), NOW) is None


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, False),
        ({"points": 5.5}, True),
        ({"points": 4.0}, False),
        ({"exercises": [exercise("smoke", passed=1)]}, True),
        ({"exercises": [exercise("reflection", open=1.0)]}, True),
        ({"pictures": 9, "changed": NOW.isoformat()}, False),  # more pictures alone are attempts
        ({"changed": NOW.isoformat()}, True),  # a text was saved
    ],
)
def test_points_checks_and_texts_are_gains_and_pictures_alone_are_not(
    change: dict[str, Any], counts: bool
) -> None:
    before = seen(quiet=30, changed=ago(30).isoformat())
    now = progress(**({"changed": ago(30).isoformat()} | change))
    assert gained(before, now, ago(120), NOW) == (NOW if counts else ago(30))


def test_time_does_not_count_while_the_lab_was_off_and_no_lab_gains_in_the_future() -> None:
    before = seen(quiet=60 * 24)
    assert gained(before, progress(), ago(3), NOW) == ago(3)
    tomorrow = (NOW + timedelta(days=1)).isoformat()
    assert gained(None, progress(changed=tomorrow), ago(30), NOW) == ago(30)
    assert gained(None, progress(changed=ago(10).isoformat()), ago(30), NOW) == ago(10)


def test_a_question_says_points_time_attempts_and_what_is_wrong_most_often() -> None:
    tp2 = find_assignment("tp2")
    first = [exercise("baseline", points=0.5, passed=2, checks=4, pictures=4, seconds=600.0)]
    second = [exercise("baseline", points=1.0, passed=4, checks=4, pictures=1, seconds=60.0)]
    other = {"check": "baseline/baseline/distinct", "attempts": 1}
    rows = [
        seen(exercises=first, failing=[WRONG, other, WRONG]),
        seen(exercises=first, failing=[WRONG]),
        seen(exercises=second),
        seen(exercises=[exercise("baseline")]),
    ]
    told = next(each for each in questions(tp2, rows) if each.id == "baseline")
    assert (told.began, told.full, told.seen) == (3, 1, 4)
    assert told.points == pytest.approx(0.5)
    assert told.minutes == 10
    assert told.pictures == 3
    assert told.causes == (("baseline/baseline/parameters", 2), ("baseline/baseline/distinct", 1))


def test_questions_are_the_assignments_own_whatever_labs_name() -> None:
    tp2 = find_assignment("tp2")
    rows = [
        seen(
            exercises=[exercise("<script>"), exercise("smoke", points=1e6), exercise("smoke", points=1e6)],
            failing=[{"check": "<script>/x/y", "attempts": 9}],
        )
    ]
    told = questions(tp2, rows)
    assert [each.id for each in told] == [each.id for each in tp2.exercises]
    assert told[0].points == tp2.exercises[0].points  # no more than there is, and once
    assert all(each.causes == () for each in told)
    assert questions(tp2, [])[0].points is None

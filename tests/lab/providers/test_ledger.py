"""The ledger: money is set aside before a call and settled after it; budgets hold, whatever happens."""

from pathlib import Path

import pytest

from lab.providers.ledger import BudgetReached, Ledger
from lab.providers.protocol import Alert, Cost, Usage
from lab.providers.spending import BudgetLimits
from tests.lab.providers.money import DAY, Clock, counted, reserve, settle


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite", limits=BudgetLimits(1000, 1500, 600), clock=clock)


def test_what_a_call_did_cost_takes_the_place_of_what_was_set_aside(ledger: Ledger):
    row = reserve(ledger, 300)
    assert counted(ledger) == [300, 300, 300]
    assert ledger.budgets("jane")[0].reserved == 300
    settle(ledger, row, 120)
    assert counted(ledger) == [120, 120, 120]
    assert ledger.budgets("jane")[0].reserved == 0
    found = ledger.entries()[0]
    assert (found.state, found.cost, found.origin, found.outcome) == ("settled", 120, "reported", "answered")
    assert (found.student, found.provider, found.kind, found.input_tokens) == ("jane", "p", "vision", 1)


def test_what_certainly_cost_nothing_is_released(ledger: Ledger):
    ledger.release(reserve(ledger, 300), seconds=0.1, outcome="wrong_key")
    assert counted(ledger) == [0, 0, 0]
    assert ledger.entries()[0].state == "released"


def test_an_unknown_cost_counts_as_the_most_it_can_be(ledger: Ledger):
    row = reserve(ledger, 300)
    unknown = Cost(None, "USD", "unknown", 300)
    ledger.settle(row, cost=unknown, usage=Usage(), seconds=1, outcome="timed_out")
    assert counted(ledger) == [300, 300, 300]
    assert (ledger.entries()[0].cost, ledger.entries()[0].origin) == (None, "unknown")


@pytest.mark.parametrize(
    ("budget", "before"),
    [
        ("student", [("jane", -1, 500)]),
        ("class", [("ann", 0, 500), ("bob", 0, 500)]),
        ("day", [("jane", 0, 100)]),
    ],
)
def test_each_budget_holds(ledger: Ledger, clock: Clock, budget: str, before: list[tuple[str, int, int]]):
    start = clock.now
    for student, day, amount in before:
        clock.now = start + day * DAY
        settle(ledger, reserve(ledger, amount, student), amount)
    clock.now = start
    reserve(ledger, 500)
    with pytest.raises(BudgetReached) as caught:
        reserve(ledger, 1)
    assert caught.value.budget.name == budget


def test_a_new_day_has_a_budget_of_its_own(ledger: Ledger, clock: Clock):
    settle(ledger, reserve(ledger, 600), 600)
    with pytest.raises(BudgetReached):
        reserve(ledger, 1)
    clock.now += DAY
    reserve(ledger, 400)
    with pytest.raises(BudgetReached) as caught:
        reserve(ledger, 1)
    assert caught.value.budget.name == "student"


def test_what_costs_nothing_is_allowed_over_the_budget(ledger: Ledger):
    settle(ledger, reserve(ledger, 600), 600)
    reserve(ledger, 0)
    ledger.record_hit("jane", provider="p", model="m", kind="vision")
    assert ledger.entries()[0].outcome == "cached"
    assert counted(ledger) == [600, 600, 600]


def test_classes_in_one_file_have_budgets_of_their_own(tmp_path: Path):
    one, two = (
        Ledger(tmp_path / "l", class_=name, limits=BudgetLimits(class_=100)) for name in ("one", "two")
    )
    settle(one, reserve(one, 100), 100)
    settle(two, reserve(two, 60), 60)
    assert (counted(one)[1], counted(two)[1]) == (100, 60)
    assert one.spent_by_student() == {"jane": 100}
    assert [found.class_ for found in two.entries()] == ["two"]


def test_alerts_come_at_80_90_and_100_percent_each_once(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(student=1000))
    seen = [settle(ledger, reserve(ledger, amount), amount) for amount in (700, 99, 1, 100, 50)]
    assert seen == [(), (), (), (), ()]  # it is told as soon as it is set aside, not when it is settled
    _, alerts = ledger.reserve("jane", provider="p", model="m", kind="vision", upper=50, lasts=1)
    assert alerts == (Alert("student", 100),)
    assert [(alert.percent, who) for alert, who, _ in ledger.alerts_raised()] == [
        (80, "jane"),
        (90, "jane"),
        (100, "jane"),
    ]


def test_a_refused_call_is_told_as_the_end_of_the_budget(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(class_=1000))
    reserve(ledger, 970)
    with pytest.raises(BudgetReached):
        reserve(ledger, 31)
    assert [alert for alert, _, _ in ledger.alerts_raised()][-1] == Alert("class", 100)


def test_a_raised_limit_is_watched_anew(tmp_path: Path):
    reserve(Ledger(tmp_path / "l", limits=BudgetLimits(class_=100)), 85)
    _, alerts = Ledger(tmp_path / "l", limits=BudgetLimits(class_=200)).reserve(
        "jane", provider="p", model="m", kind="vision", upper=80, lasts=1
    )
    assert alerts == (Alert("class", 80),)


def test_a_limit_of_nothing_lets_nothing_through(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(student=0))
    with pytest.raises(BudgetReached):
        reserve(ledger, 1)
    assert ledger.budgets("jane")[0].percent == 100


# A process that dies


def test_what_a_dead_process_set_aside_stays_counted(ledger: Ledger, clock: Clock):
    reserve(ledger, 300)
    clock.now += 299
    assert ledger.entries()[0].state == "reserved"
    clock.now += 2
    found = ledger.entries()[0]
    assert (found.state, found.outcome, found.cost, found.origin) == ("settled", "abandoned", None, "unknown")
    assert counted(ledger)[:2] == [300, 300]


def test_one_that_was_only_late_puts_it_right(ledger: Ledger, clock: Clock):
    late, later = reserve(ledger, 200), reserve(ledger, 200)
    clock.now += 1000
    assert ledger.entries()[0].outcome == "abandoned"
    settle(ledger, late, 50)
    ledger.release(later, seconds=1, outcome="wrong_key")
    assert counted(ledger)[:2] == [50, 50]


def test_a_settled_call_is_not_settled_twice(ledger: Ledger):
    row = reserve(ledger, 300)
    settle(ledger, row, 120)
    settle(ledger, row, 5)
    ledger.release(row, seconds=1, outcome="wrong_key")
    assert counted(ledger)[0] == 120


def test_a_group_shares_a_budget_whoever_of_it_asks(tmp_path: Path):
    limits = BudgetLimits(groups={"m1": 100, "m2": 1000})
    with_groups = Ledger(tmp_path / "l", limits=limits)

    def reserve_for(student: str, upper: int, *groups: str) -> int:
        row, _ = with_groups.reserve(
            student, provider="p", model="m", kind="vision", upper=upper, lasts=300, groups=groups
        )
        return row

    settle(with_groups, reserve_for("ann", 60, "m1", "unknown"), 50)
    with pytest.raises(BudgetReached) as caught:
        reserve_for("bob", 60, "m2", "m1")
    assert (caught.value.budget.name, caught.value.budget.group) == ("group", "m1")
    reserve_for("bob", 50, "m1")
    reserve_for("eve", 60)  # of no group
    assert [each[1] for each in with_groups.alerts_raised() if each[0].budget == "group"] == ["m1"] * 3
    assert [(b.name, b.group, b.left) for b in with_groups.budgets("bob", ["m2", "m1"])[3:]] == [
        ("group", "m1", 0),
        ("group", "m2", 1000),
    ]


def test_a_student_may_have_a_budget_of_their_own(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(student=10, students={"ann": 100, "eve": 0}))
    reserve(ledger, 100, "ann")
    reserve(ledger, 10, "bob")
    for name in ("bob", "eve"):
        with pytest.raises(BudgetReached):
            reserve(ledger, 10, name)


def test_limits_that_change_count_with_the_next_call(tmp_path: Path):
    limits = [BudgetLimits(student=10)]
    ledger = Ledger(tmp_path / "l", limits=lambda: limits[-1])
    reserve(ledger, 10)
    limits.append(BudgetLimits(student=20))
    reserve(ledger, 10)
    limits.append(BudgetLimits(student=0))
    with pytest.raises(BudgetReached):
        reserve(ledger, 1)


def test_a_ledger_from_before_there_were_groups_goes_on(tmp_path: Path):
    old = Ledger(tmp_path / "l")
    settle(old, reserve(old, 10), 10)
    old._db.execute("DROP TABLE groups")
    old.close()
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(groups={"m1": 5}))
    assert [budget.counted for budget in ledger.budgets("jane", ["m1"])] == [10, 10, 10, 0]

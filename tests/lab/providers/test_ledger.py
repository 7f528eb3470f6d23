"""The ledger: money is set aside before a call and settled after it; budgets hold, whatever happens."""

import itertools
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lab.providers.errors import ProviderError
from lab.providers.ledger import BudgetReached, Ledger, Limits
from lab.providers.protocol import Alert, Call, Cost, Message, Usage
from lab.providers.router import Router
from tests.lab.providers.conftest import entry
from tests.lab.providers.server import PlayedProvider

ROOT = Path(__file__).parents[3]
DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    return Ledger(tmp_path / "ledger.sqlite", limits=Limits(1000, 1500, 600), clock=clock)


def reserve(ledger: Ledger, upper: int, student: str = "jane") -> int:
    row, _ = ledger.reserve(student, provider="p", model="m", kind="vision", upper=upper, lasts=300)
    return row


def settle(ledger: Ledger, row: int, micros: int) -> tuple[Alert, ...]:
    cost = Cost(micros, "USD", "reported", micros)
    return ledger.settle(row, cost=cost, usage=Usage(1, 2), seconds=1.0, outcome="answered")


def counted(ledger: Ledger, student: str = "jane") -> list[int]:
    return [budget.counted for budget in ledger.budgets(student)]


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
    one, two = (Ledger(tmp_path / "l", class_=name, limits=Limits(class_=100)) for name in ("one", "two"))
    settle(one, reserve(one, 100), 100)
    settle(two, reserve(two, 60), 60)
    assert (counted(one)[1], counted(two)[1]) == (100, 60)
    assert one.spent_by_student() == {"jane": 100}
    assert [found.class_ for found in two.entries()] == ["two"]


def test_alerts_come_at_80_90_and_100_percent_each_once(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=Limits(student=1000))
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
    ledger = Ledger(tmp_path / "l", limits=Limits(class_=1000))
    reserve(ledger, 970)
    with pytest.raises(BudgetReached):
        reserve(ledger, 31)
    assert [alert for alert, _, _ in ledger.alerts_raised()][-1] == Alert("class", 100)


def test_a_raised_limit_is_watched_anew(tmp_path: Path):
    reserve(Ledger(tmp_path / "l", limits=Limits(class_=100)), 85)
    _, alerts = Ledger(tmp_path / "l", limits=Limits(class_=200)).reserve(
        "jane", provider="p", model="m", kind="vision", upper=80, lasts=1
    )
    assert alerts == (Alert("class", 80),)


def test_a_limit_of_nothing_lets_nothing_through(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=Limits(student=0))
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


CHILD = """
import sys, time
from pathlib import Path
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger, Limits
from lab.providers.protocol import Call, Message
from lab.providers.router import Router
from tests.lab.providers.conftest import entry
from concurrent.futures import ThreadPoolExecutor

path, url, student, calls, limit = sys.argv[1:]
configuration = Configuration.model_validate({"providers": [entry("one", url)]})
ledger = Ledger(Path(path), limits=Limits(class_=int(limit)))
router = Router(configuration, ledger, student=student, environment={})

def ask(number):
    try:
        router.complete(Call("vision", messages=(Message("user", f"{student} {number}"),)))
    except Exception as error:
        return getattr(error, "code", repr(error))
    return "answered"

with ThreadPoolExecutor(20) as pool:
    print(*pool.map(ask, range(int(calls))))
"""


def child(
    path: Path, server: PlayedProvider, student: str, calls: int, limit: int
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), server.url, student, str(calls), str(limit)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def server() -> Iterator[PlayedProvider]:
    with PlayedProvider() as played:
        yield played


def test_twenty_calls_at_once_from_two_processes_do_not_overrun(tmp_path: Path, server: PlayedProvider):
    server.next(*["no usage"] * 1000)  # each counts as its estimate: the most it can be
    path, limit = tmp_path / "ledger.sqlite", 20_000
    children = [child(path, server, name, 20, limit) for name in ("ann", "bob")]
    outcomes = [word for each in children for word in each.communicate(timeout=200)[0].split()]
    ledger = Ledger(path, limits=Limits(class_=limit))
    rows = ledger.entries()
    one = rows[0].reserved
    assert limit // 40 < one < limit // 2
    assert sum(row.counted for row in rows) <= limit
    assert len(server.charged) == limit // one == outcomes.count("answered")
    assert outcomes.count("over_budget") == 40 - limit // one


def test_a_process_killed_on_its_way_keeps_its_money_set_aside(tmp_path: Path, server: PlayedProvider):
    server.always("hang")
    path = tmp_path / "ledger.sqlite"
    process = child(path, server, "ann", 1, 10**9)
    while not server.calls():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    clock = Clock()
    clock.now = sqlite3.connect(path).execute("SELECT expires FROM calls").fetchone()[0]
    ledger = Ledger(path, clock=clock)
    before = counted(ledger, "ann")
    assert before[0] > 0
    assert ledger.entries()[0].state == "reserved"
    clock.now += 1
    assert ledger.entries()[0].outcome == "abandoned"
    assert counted(ledger, "ann") == before


# Random schedules: two processes' connections, crashes, time


class Schedules(RuleBasedStateMachine):
    """Whatever is reserved, settled, released, forgotten by a crash, in whatever order."""

    numbers = itertools.count()
    folder: Path

    @initialize(student=st.integers(0, 3000), class_=st.integers(0, 5000), day=st.integers(0, 2000))
    def begin(self, student: int, class_: int, day: int) -> None:
        self.clock = Clock()
        self.limits = Limits(student, class_, day)
        self.path = self.folder / f"{next(self.numbers)}.sqlite"
        self.ledgers = [self._open(), self._open()]
        self.open: list[tuple[int, int, float]] = []  # row, upper, when it was set aside
        self.expected: dict[int, int] = {}  # row: what it counts

    def _open(self) -> Ledger:
        return Ledger(self.path, limits=self.limits, clock=self.clock)

    @rule(who=st.integers(0, 1), student=st.sampled_from(["ann", "bob", "eve"]), upper=st.integers(0, 1200))
    def reserve(self, who: int, student: str, upper: int) -> None:
        before = self.ledgers[who].budgets(student)
        try:
            row = reserve(self.ledgers[who], upper, student)
        except BudgetReached:
            assert any(b.limit is not None and b.counted + upper > b.limit for b in before)
            return
        assert not upper or all(b.limit is None or b.counted + upper <= b.limit for b in before)
        self.open.append((row, upper, self.clock.now))
        self.expected[row] = upper

    @rule(who=st.integers(0, 1), data=st.data())
    def settle(self, who: int, data: st.DataObject) -> None:
        if self.open:
            row, upper, _ = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
            cost = data.draw(st.integers(0, upper))
            settle(self.ledgers[who], row, cost)
            self.expected[row] = cost

    @rule(who=st.integers(0, 1), data=st.data())
    def release(self, who: int, data: st.DataObject) -> None:
        if self.open:
            row, _, _ = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
            self.ledgers[who].release(row, seconds=0, outcome="wrong_key")
            self.expected[row] = 0

    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        """What this process had on its way is never settled."""
        self.ledgers[who].close()
        self.ledgers[who] = self._open()
        self.open = self.open[::2]

    @rule(seconds=st.sampled_from([1.0, 200.0, 400.0, DAY]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def budgets_hold_and_the_rows_add_up(self) -> None:
        if not hasattr(self, "expected"):
            return
        rows = self.ledgers[0].entries()
        assert {row.id: row.counted for row in rows} == self.expected

    def teardown(self) -> None:
        if hasattr(self, "expected"):
            assert sum(self.ledgers[1].spent_by_student().values()) == sum(self.expected.values())
        for student in ("ann", "bob", "eve") if hasattr(self, "expected") else ():
            for budget in self.ledgers[1].budgets(student):
                assert budget.limit is None or budget.counted <= budget.limit
        for ledger in getattr(self, "ledgers", []):
            ledger.close()


def test_budgets_hold_in_500_random_schedules(tmp_path: Path):
    Schedules.folder = tmp_path
    Schedules.TestCase.settings = settings(
        max_examples=500, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
    )
    Schedules.TestCase("runTest").runTest()


# A thousand calls through the router


def test_a_thousand_calls_under_random_faults(route: "Callable[..., Router]"):
    """None is lost, none is paid twice, each ends in an answer or a named error, and the ledger adds up."""
    faults = (
        *("ok", "cost", "no usage") * 6,
        *("401", "402", "404 model", "408", "409", "422", "429", "429 quota", "500", "503", "400"),
        *("hang", "drip body", "reset", "reset in the middle", "html", "truncated json", "wrong types"),
        *("embedded error", "refusal", "moderated", "cut", "empty", "gzip", "404 page"),
    )
    with PlayedProvider() as one, PlayedProvider() as two, PlayedProvider() as free:
        for seed, server in enumerate((one, two, free)):
            server.at_random(seed, faults)
        work = {"vision": {"models": ["model-a"], "seconds": 0.3}}
        router = route(
            entry("one", one.url, work=work),
            entry("two", two.url, work=work),
            entry("free", free.url, work=work, free=True),
        )
        streamed = random.Random(0)

        def ask(number: int) -> object:
            call = Call("vision", messages=(Message("user", f"call {number}"),))
            try:
                return list(router.stream(call))[-1] if streamed.random() < 0.2 else router.complete(call)
            except ProviderError as error:
                return error

        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(ask, range(1000)))

        assert len(outcomes) == 1000
        assert all(not isinstance(each, ProviderError) or each.code for each in outcomes)
        charged = one.charged + two.charged
        assert len(charged) == len(set(charged))
        rows = router.ledger.entries(newest=100_000)
        assert not [row for row in rows if row.state == "reserved"]
        told = sum(_at_most(outcome) for outcome in outcomes)
        assert sum(row.counted for row in rows) == told == router.ledger.budgets("jane")[0].counted
        paid = [row for row in rows if row.state == "settled" and row.provider in ("one", "two")]
        assert len(paid) >= len(charged)  # more where a request was given up before it arrived
        assert sum(row.outcome == "answered" for row in rows) > 300


def _at_most(outcome: object) -> int:
    """What a call may have cost, by what the person is told."""
    own = outcome.cost.at_most if outcome.cost and outcome.provider != "free" else 0  # type: ignore[attr-defined]
    tried = [each.cost.at_most for each in outcome.tried if each.cost]  # type: ignore[attr-defined]
    return sum(tried) if isinstance(outcome, ProviderError) else own + sum(tried)


def test_threads_of_one_process_share_a_ledger(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=Limits(student=100))
    refused = threading.Semaphore(0)

    def spend(_: int) -> None:
        try:
            settle(ledger, reserve(ledger, 10), 10)
        except BudgetReached:
            refused.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(spend, range(30)))
    assert counted(ledger)[0] == 100
    assert len(ledger.entries()) == 10

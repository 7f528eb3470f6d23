"""The ledger under many at once: processes, crashes, random schedules, a thousand calls."""

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
from lab.providers.ledger import BudgetReached, Ledger
from lab.providers.protocol import Call, Message
from lab.providers.router import Router
from lab.providers.spending import BudgetLimits
from tests.lab.providers.conftest import entry
from tests.lab.providers.money import DAY, Clock, counted, reserve, settle
from tests.lab.providers.server import PlayedProvider

ROOT = Path(__file__).parents[3]


CHILD = """
import sys, time
from pathlib import Path
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger
from lab.providers.spending import BudgetLimits
from lab.providers.protocol import Call, Message
from lab.providers.router import Router
from tests.lab.providers.conftest import entry
from concurrent.futures import ThreadPoolExecutor

path, url, student, calls, limit = sys.argv[1:]
configuration = Configuration.model_validate({"providers": [entry("one", url)]})
ledger = Ledger(Path(path), limits=BudgetLimits(class_=int(limit)))
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
    ledger = Ledger(path, limits=BudgetLimits(class_=limit))
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
        self.limits = BudgetLimits(student, class_, day)
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


def test_many_may_open_a_new_ledger_in_the_same_moment(tmp_path: Path):
    for number in range(200):  # one in forty such moments went wrong before there was a wait
        together = threading.Barrier(16)

        def opens(path: Path, together: threading.Barrier = together) -> None:
            together.wait()
            Ledger(path).close()

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(opens, [tmp_path / f"{number}.sqlite"] * 16))


def test_threads_of_one_process_share_a_ledger(tmp_path: Path):
    ledger = Ledger(tmp_path / "l", limits=BudgetLimits(student=100))
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

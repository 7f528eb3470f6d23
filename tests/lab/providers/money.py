"""A ledger's clock, and the two steps of every call."""

from lab.providers.ledger import Ledger
from lab.providers.protocol import Alert, Cost, Usage

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def reserve(ledger: Ledger, upper: int, student: str = "jane") -> int:
    row, _ = ledger.reserve(student, provider="p", model="m", kind="vision", upper=upper, lasts=300)
    return row


def settle(ledger: Ledger, row: int, micros: int) -> tuple[Alert, ...]:
    cost = Cost(micros, "USD", "reported", micros)
    return ledger.settle(row, cost=cost, usage=Usage(1, 2), seconds=1.0, outcome="answered")


def counted(ledger: Ledger, student: str = "jane") -> list[int]:
    return [budget.counted for budget in ledger.budgets(student)]

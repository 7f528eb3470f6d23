"""The money of one answer: set aside before a provider is asked, settled or given back after it, in any case.

A ledger that cannot be written before a call ends the call. After it, that costs nobody their answer, and
what was set aside counts.
"""

import logging
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from lab.providers.candidates import Candidate
from lab.providers.configuration import Price
from lab.providers.errors import LedgerFailed, Money, Named, NoPrice, OverBudget
from lab.providers.ledger import BudgetReached, Ledger
from lab.providers.prices import cost_of, upper_estimate
from lab.providers.protocol import Alert, Call, Cost, Usage
from lab.providers.replies import Reply

_log = logging.getLogger(__name__)

ANSWERED = "answered"  # the outcome of a call that went well; others are codes of errors
_MARGIN_SECONDS = 120.0  # beyond a call's time limit, until its reservation counts as abandoned


class Payment:
    """For what one candidate answers to a call. `alerts` gets those of the budgets that it touches."""

    def __init__(
        self,
        ledger: Ledger,
        call: Call,
        candidate: Candidate,
        price: Price | None,
        currency: str,
        alerts: list[Alert],
    ) -> None:
        self._ledger, self._call, self._candidate, self._price = ledger, call, candidate, price
        self._currency, self._alerts = currency, alerts
        self._row = self._upper = 0  # the ledger's row, and the micros set aside in it
        self.started = 0.0

    def set_aside(self, student: str, groups: Collection[str]) -> None:
        """The most that it can cost. Raises NoPrice, OverBudget, LedgerFailed."""
        ledger, candidate = self._ledger, self._candidate
        free = candidate.provider.free
        if ledger.limits and self._price is None and not free:
            raise NoPrice()
        self._upper = upper_estimate(self._call, self._price) if self._price and not free else 0
        try:
            self._row, alerts = ledger.reserve(
                student,
                provider=candidate.provider.name,
                model=candidate.model,
                kind=self._call.kind,
                upper=self._upper,
                lasts=candidate.work.seconds + _MARGIN_SECONDS,
                groups=groups,
            )
        except BudgetReached as reached:
            budget, wanted = reached.budget, reached.wanted
        except sqlite3.Error as error:
            raise LedgerFailed(path=ledger.path, reason=error) from None
        else:
            self._alerts += alerts
            self.started = time.monotonic()
            return
        raise OverBudget(
            budget=Named(f"provider.budget.{budget.name}"),
            limit=Money(budget.limit or 0, ledger.currency),
            left=Money(budget.left or 0, ledger.currency),
            wanted=Money(wanted, ledger.currency),
        )

    def settle(self, reply: Reply, outcome: str) -> Cost:
        """What it cost, as far as the reply tells, or may have cost."""
        provider = self._candidate.provider
        if provider.free:
            cost = Cost(0, self._currency, "free")
        else:
            nothing_said = reply.usage == Usage() and outcome != ANSWERED
            listed = None if nothing_said else self._price
            cost = cost_of(self._call, reply.usage, reply.reported, listed, self._upper, self._currency)
        if cost.at_most > self._upper:
            _log.warning("%s charged more than its estimate: %s", provider.name, self._candidate.model)
        with answer_counts_more():
            self._alerts += self._ledger.settle(
                self._row, cost=cost, usage=reply.usage, seconds=self._seconds(), outcome=outcome
            )
        return cost

    def give_back(self, outcome: str) -> None:
        """It certainly cost nothing."""
        with answer_counts_more():
            self._ledger.release(self._row, seconds=self._seconds(), outcome=outcome)

    def _seconds(self) -> float:
        return time.monotonic() - self.started


@contextmanager
def answer_counts_more() -> Iterator[None]:
    """A ledger that cannot be written after the call costs nobody their answer; what was set aside counts."""
    try:
        yield
    except sqlite3.Error:
        _log.exception("the ledger could not be written")

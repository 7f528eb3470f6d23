"""The ledger: what each call may cost is set aside before it, and what it did cost replaces that after.

One SQLite file, which several processes on one machine may share. Each call is one row; `counted`
is what the row counts against the budgets, in micros of the currency's unit:

    reserved   counted = the upper estimate     the call may be on its way
    settled    counted = what it cost; where nobody knows, the upper estimate
    released   counted = 0                      it is certain that nothing was charged

A row is written and the budgets are checked in one transaction that excludes all other writers, so
what counts never exceeds a budget, whatever runs at the same time. A process killed between reserve
and settle leaves its row `reserved`, and it counts in full; once it is older than any call may last it
becomes `settled` with cost unknown. Money that may have been spent is never set free.

What was committed outlives every process. A power cut leaves the file sound and may take its last rows:
waiting for the disk would cost each call more than all the rest of the way.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random

from exercises.errors import UserError
from lab.providers.protocol import Alert, BudgetName, Cost, Kind, Usage
from lab.providers.spending import Budget, BudgetLimits, Entry

LEVELS = (80, 90, 100)
_BUSY_SECONDS = 60.0
_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    student TEXT NOT NULL, class TEXT NOT NULL, day TEXT NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'released')),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    counted INTEGER NOT NULL CHECK (counted >= 0),
    cost INTEGER, currency TEXT NOT NULL, origin TEXT,
    input_tokens INTEGER, output_tokens INTEGER, images INTEGER,
    time REAL NOT NULL, expires REAL NOT NULL, seconds REAL,
    outcome TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS spending ON calls (class, student, day, counted);
CREATE INDEX IF NOT EXISTS pending ON calls (expires) WHERE state = 'reserved';
CREATE TABLE IF NOT EXISTS groups (
    class TEXT NOT NULL, name TEXT NOT NULL, call INTEGER NOT NULL, PRIMARY KEY (class, name, call)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_call ON groups (call);
CREATE TABLE IF NOT EXISTS alerts (
    class TEXT NOT NULL, budget TEXT NOT NULL, scope TEXT NOT NULL, amount INTEGER NOT NULL,
    percent INTEGER NOT NULL, time REAL NOT NULL,
    PRIMARY KEY (class, budget, scope, amount, percent)
);
"""


class BudgetReached(Exception):
    """Nothing was written: with this call `budget` would exceed its limit."""

    def __init__(self, budget: Budget, wanted: int) -> None:
        super().__init__(budget.name)
        self.budget, self.wanted = budget, wanted


class Ledger:
    """Safe in threads and processes: each operation is one transaction. Close it when done.

    `class_` is whose budget is shared. `limits` may be a function, which each reservation asks anew; what it
    raises, `reserve` raises. Raises OSError or sqlite3.Error where the file cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        class_: str = "class",
        limits: BudgetLimits | Callable[[], BudgetLimits] | None = None,
        currency: str = "USD",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.path, self.class_, self.currency, self._clock = path, class_, currency, clock
        self._limits = limits or BudgetLimits()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._write_ahead()
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self._write() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    @property
    def limits(self) -> BudgetLimits:
        """Those that hold now."""
        return self._limits() if callable(self._limits) else self._limits

    @retry(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        wait=wait_random(0.01, 0.1),
        stop=stop_after_delay(_BUSY_SECONDS),
        reraise=True,
    )
    def _write_ahead(self) -> None:
        """SQLite does not wait here, as it does elsewhere, while another process opens the same new file."""
        self._db.execute("PRAGMA journal_mode=WAL")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def reserve(
        self,
        student: str,
        *,
        provider: str,
        model: str,
        kind: Kind,
        upper: int,
        lasts: float,
        groups: Collection[str] = (),
    ) -> tuple[int, tuple[Alert, ...]]:
        """Set `upper` micros aside for a call that ends within `lasts` seconds, one way or the other.

        `groups` are the student's. Gives the row's id and the alerts this raised. Raises BudgetReached. A
        call that costs nothing (`upper` 0) is always allowed.
        """
        with self._write() as db:
            now, limits = self._clock(), self.limits  # those that hold when it is its turn to write
            day, ends = _day(now), now + lasts
            self._end_abandoned(db, now)
            budgets = self._budgets(db, limits, student, day, groups)
            full = next((b for b in budgets if b.limit is not None and b.counted + upper > b.limit), None)
            if full and upper:
                self._raise_alert(db, full, self._scope(full, student, day), 100, now)
                db.execute("COMMIT")  # the alert stays, though the reservation fails
                raise BudgetReached(full, upper)
            row = db.execute(
                "INSERT INTO calls (student, class, day, provider, model, kind, state, reserved, counted,"
                " currency, time, expires, outcome) VALUES (?,?,?,?,?,?,'reserved',?,?,?,?,?,'pending')",
                (student, self.class_, day, provider, model, kind, upper, upper, self.currency, now, ends),
            ).lastrowid
            assert row is not None  # noqa: S101 (sqlite3 types it as optional; an INSERT has one)
            db.executemany("INSERT INTO groups VALUES (?,?,?)", [(self.class_, g, row) for g in groups])
            return row, self._alerts(db, limits, student, day, groups, now)

    def settle(
        self, row: int, *, cost: Cost, usage: Usage, seconds: float, outcome: str
    ) -> tuple[Alert, ...]:
        """What a reserved call did cost. One that was given up as abandoned is put right; others stay.

        Where the limits cannot be read just now, this raises no alert.
        """
        try:
            limits = self.limits
        except UserError:
            limits = BudgetLimits()
        with self._write() as db:
            db.execute(
                "UPDATE calls SET state = 'settled', counted = ?, cost = ?, origin = ?, input_tokens = ?,"
                " output_tokens = ?, images = ?, seconds = ?, outcome = ?"
                " WHERE id = ? AND (state = 'reserved' OR outcome = 'abandoned')",
                (cost.at_most, cost.micros, cost.origin, *_numbers(usage), seconds, outcome, row),
            )
            found = db.execute("SELECT student, day FROM calls WHERE id = ?", (row,)).fetchone()
            groups = [g["name"] for g in db.execute("SELECT name FROM groups WHERE call = ?", (row,))]
            return self._alerts(db, limits, found["student"], found["day"], groups, self._clock())

    def release(self, row: int, *, seconds: float, outcome: str) -> None:
        """Certainly nothing was charged: the call counts nothing any more."""
        with self._write() as db:
            db.execute(
                "UPDATE calls SET state = 'released', counted = 0, cost = 0, origin = 'free', seconds = ?,"
                " outcome = ? WHERE id = ? AND (state = 'reserved' OR outcome = 'abandoned')",
                (seconds, outcome, row),
            )

    def record_hit(self, student: str, *, provider: str, model: str, kind: Kind) -> None:
        """An answer out of the cache: nothing was sent and nothing is charged."""
        now = self._clock()
        with self._write() as db:
            db.execute(
                "INSERT INTO calls (student, class, day, provider, model, kind, state, reserved, counted,"
                " cost, currency, origin, time, expires, seconds, outcome)"
                " VALUES (?,?,?,?,?,?,'settled',0,0,0,?,'free',?,?,0,'cached')",
                (student, self.class_, _day(now), provider, model, kind, self.currency, now, now),
            )

    def budgets(self, student: str, groups: Collection[str] = ()) -> list[Budget]:
        """The student's, the class's and the student's of today, then those of groups that have one."""
        now, limits = self._clock(), self.limits
        with self._write() as db:
            self._end_abandoned(db, now)
            return self._budgets(db, limits, student, _day(now), groups)

    def entries(self, student: str | None = None, *, newest: int = 1000) -> list[Entry]:
        """The newest rows of this class (of one student), newest first."""
        with self._write() as db:
            self._end_abandoned(db, self._clock())
            rows = db.execute(
                "SELECT * FROM calls WHERE class = ? AND (? IS NULL OR student = ?) ORDER BY id DESC LIMIT ?",
                (self.class_, student, student, newest),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def spent_by_student(self) -> dict[str, int]:
        """What counts for each student of the class, in micros."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT student, SUM(counted) AS total FROM calls WHERE class = ? GROUP BY student",
                (self.class_,),
            ).fetchall()
        return {row["student"]: row["total"] for row in rows}

    def alerts_raised(self) -> list[tuple[Alert, str, float]]:
        """This class's alerts so far: which, for whom (student, group, class, or student and day), when."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT * FROM alerts WHERE class = ? ORDER BY time, percent", (self.class_,)
            ).fetchall()
        return [(Alert(row["budget"], row["percent"]), row["scope"], row["time"]) for row in rows]

    # Below: parts of a transaction.

    def _budgets(
        self,
        db: sqlite3.Connection,
        limits: BudgetLimits,
        student: str,
        day: str,
        groups: Collection[str],
    ) -> list[Budget]:
        totals = db.execute(
            "SELECT SUM(counted) AS class, SUM(counted) FILTER (WHERE student = :s) AS student,"
            " SUM(counted) FILTER (WHERE student = :s AND day = :d) AS day"
            " FROM calls WHERE class = :c",
            {"s": student, "d": day, "c": self.class_},
        ).fetchone()
        pending = db.execute(
            "SELECT SUM(reserved) AS class, SUM(reserved) FILTER (WHERE student = :s) AS student,"
            " SUM(reserved) FILTER (WHERE student = :s AND day = :d) AS day"
            " FROM calls WHERE state = 'reserved' AND class = :c",
            {"s": student, "d": day, "c": self.class_},
        ).fetchone()
        alone: dict[BudgetName, int | None] = {
            "student": limits.students.get(student, limits.student),
            "class": limits.class_,
            "day": limits.day,
        }
        found = [Budget(name, most, totals[name] or 0, pending[name] or 0) for name, most in alone.items()]
        return found + [self._of_group(db, name, limits) for name in sorted(groups) if name in limits.groups]

    def _of_group(self, db: sqlite3.Connection, name: str, limits: BudgetLimits) -> Budget:
        counted, reserved = db.execute(
            "SELECT SUM(counted), SUM(reserved) FILTER (WHERE state = 'reserved') FROM groups"
            " JOIN calls ON calls.id = groups.call WHERE groups.class = ? AND groups.name = ?",
            (self.class_, name),
        ).fetchone()
        return Budget("group", limits.groups[name], counted or 0, reserved or 0, name)

    def _alerts(
        self,
        db: sqlite3.Connection,
        limits: BudgetLimits,
        student: str,
        day: str,
        groups: Collection[str],
        now: float,
    ) -> tuple[Alert, ...]:
        """Levels reached and not raised before, each once."""
        raised = []
        for budget in self._budgets(db, limits, student, day, groups):
            scope = self._scope(budget, student, day)
            for percent in LEVELS:
                if budget.percent >= percent and self._raise_alert(db, budget, scope, percent, now):
                    raised.append(Alert(budget.name, percent))
        return tuple(raised)

    def _scope(self, budget: Budget, student: str, day: str) -> str:
        scopes = {"student": student, "class": self.class_, "day": f"{student} {day}", "group": budget.group}
        return scopes[budget.name]

    def _raise_alert(
        self, db: sqlite3.Connection, budget: Budget, scope: str, percent: int, now: float
    ) -> bool:
        """Whether it is new: each level is told once, and once more when the limit has changed."""
        cursor = db.execute(
            "INSERT OR IGNORE INTO alerts VALUES (?,?,?,?,?,?)",
            (self.class_, budget.name, scope, budget.limit, percent, now),
        )
        if cursor.rowcount == 1:
            _log.warning("the budget of %s (%s) is %d %% used", scope, budget.name, percent)
        return cursor.rowcount == 1

    @staticmethod
    def _end_abandoned(db: sqlite3.Connection, now: float) -> None:
        """Rows of processes that died: what they set aside stays counted, as spent at most."""
        db.execute(
            "UPDATE calls SET state = 'settled', origin = 'unknown', outcome = 'abandoned'"
            " WHERE state = 'reserved' AND expires < ?",
            (now,),
        )

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that excludes other writers from its first statement on."""
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._db


def _day(now: float) -> str:
    """The day on this machine's clock and calendar."""
    return datetime.fromtimestamp(now).astimezone().date().isoformat()


def _numbers(usage: Usage) -> tuple[int | None, int | None, int | None]:
    return usage.input_tokens, usage.output_tokens, usage.images

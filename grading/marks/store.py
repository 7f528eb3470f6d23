"""`marks.sqlite`: every decision that a person took, beside the grades.

Rule: decisions are only added; the database itself refuses to change or delete one. What `save` has returned
is on the disk, whenever the process or the machine dies. Who saves says which version they saw: where
somebody was faster, nothing is written, and the one who saves gets both versions.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grading.marks.mark import NOTHING, Decision, Mark

FILE = "marks.sqlite"
BUSY_SECONDS = 30.0

SCHEMA = """
create table if not exists decisions (
    number integer primary key,
    student text not null,
    "check" text not null,
    version integer not null check (version >= 1),
    author text not null,
    time text not null,
    mark text not null,
    undoes integer,
    unique (student, "check", version)
);
create trigger if not exists kept before update on decisions begin select raise(abort, 'append only'); end;
create trigger if not exists stays before delete on decisions begin select raise(abort, 'append only'); end;
create table if not exists said (
    number integer primary key, exercise text not null, text text not null, unique (exercise, text)
);
create table if not exists settings (name text primary key, value text not null);
"""


@dataclass(frozen=True)
class Wanted:
    """A mark that somebody wants to save, with the version that they saw; 0 where they saw none."""

    student: str
    check: str
    version: int
    mark: Mark
    undoes: int | None = None


class Conflict(Exception):
    """Somebody else saved in between: nothing was written. `pairs`: what was wanted, and what is there."""

    def __init__(self, pairs: Sequence[tuple[Wanted, Decision]]) -> None:
        super().__init__(f"{len(pairs)} marks were changed by somebody else")
        self.pairs = tuple(pairs)


class MarksStore:
    """May be used from several threads and processes. Raises OSError or sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as database:
            database.executescript(SCHEMA)

    def save(self, author: str, wanted: Iterable[Wanted], time: datetime | None = None) -> list[Decision]:
        """Add a decision for each mark, all of them or none. Raises Conflict."""
        moment = time or datetime.now(UTC)
        with self._writing() as database:
            pairs, decided = [], []
            for each in wanted:
                current = _newest(database, each.student, each.check)
                if current is not None and current.version != each.version:
                    pairs.append((each, current))
                decided.append(
                    Decision(
                        student=each.student,
                        check=each.check,
                        version=current.version + 1 if current else 1,
                        author=author,
                        time=moment,
                        mark=each.mark,
                        undoes=each.undoes,
                    )
                )
            if pairs:
                raise Conflict(pairs)
            for decision in decided:
                _insert(database, decision)
        return decided

    def undo(self, author: str, student: str, check: str, version: int) -> Decision:
        """Take back the decision that holds, by a new one; undone again, the one before it. `version` is the
        newest that the person saw. Raises Conflict, and LookupError where nothing is left to undo."""
        history = self.history(student, check)
        place = standing(history)
        if place < 0:
            raise LookupError(check)
        before = history[place - 1].mark if place else NOTHING
        return self.save(author, [Wanted(student, check, version, before, undoes=place + 1)])[0]

    def newest(self, student: str | None = None) -> dict[tuple[str, str], Decision]:
        """The decision that holds, by student and check; of one student or of all."""
        where = "" if student is None else "where student = ?"
        query = f"select * from decisions {where} order by number"  # noqa: S608 - one of two constants
        with self._reading() as database:
            rows = database.execute(query, () if student is None else (student,)).fetchall()
        return {(row["student"], row["check"]): _decision(row) for row in rows}

    def by_student(self) -> dict[str, dict[str, Mark]]:
        """The marks that hold, by student and check."""
        found: dict[str, dict[str, Mark]] = {}
        for (student, check), decision in self.newest().items():
            found.setdefault(student, {})[check] = decision.mark
        return found

    def history(self, student: str, check: str) -> list[Decision]:
        """All decisions about a check, the oldest first."""
        query = 'select * from decisions where student = ? and "check" = ? order by version'
        with self._reading() as database:
            return [_decision(row) for row in database.execute(query, (student, check))]

    def everything(self, after: int = 0) -> list[Decision]:
        """All decisions in the order in which they were taken; `after` so many, only the later ones."""
        query = "select * from decisions where number > ? order by number"
        with self._reading() as database:
            return [_decision(row) for row in database.execute(query, (after,))]

    def restore(self, decisions: Iterable[Decision]) -> int:
        """Add decisions from an export as they are; those that are there already stay. Raises Conflict where
        another one stands in the place of one of them."""
        added = 0
        with self._writing() as database:
            for each in decisions:
                query = 'select * from decisions where student = ? and "check" = ? and version = ?'
                row = database.execute(query, (each.student, each.check, each.version)).fetchone()
                if row is None:
                    _insert(database, each)
                    added += 1
                elif _decision(row) != each:
                    wanted = Wanted(each.student, each.check, each.version - 1, each.mark)
                    raise Conflict([(wanted, _decision(row))])
        return added

    def saved_comments(self, exercise: str) -> list[tuple[int, str]]:
        """The comment bank of an exercise: numbers and texts, the oldest first."""
        query = "select number, text from said where exercise = ? order by number"
        with self._reading() as database:
            return [(row["number"], row["text"]) for row in database.execute(query, (exercise,))]

    def keep_comment(self, exercise: str, text: str) -> None:
        """Put a text into the bank, once."""
        with self._writing() as database:
            database.execute("insert or ignore into said (exercise, text) values (?, ?)", (exercise, text))

    def forget_comment(self, number: int) -> None:
        """Take a text out of the bank; where it was used it stays."""
        with self._writing() as database:
            database.execute("delete from said where number = ?", (number,))

    def setting(self, name: str) -> str:
        """A setting of the desk; empty where nobody made it."""
        with self._reading() as database:
            row = database.execute("select value from settings where name = ?", (name,)).fetchone()
        return str(row["value"]) if row else ""

    def set(self, name: str, value: str) -> None:
        with self._writing() as database:
            database.execute("insert or replace into settings values (?, ?)", (name, value))

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        database.row_factory = sqlite3.Row
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # what was answered is on the disk
        return database

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as database:
            yield database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with closing(self._open()) as database:
            database.execute("begin immediate")
            try:
                yield database
            except BaseException:
                database.execute("rollback")
                raise
            database.execute("commit")


def standing(history: Sequence[Decision]) -> int:
    """Where in the history the decision is that holds, undone ones and undoing aside; -1 where none does."""
    place = len(history) - 1
    while place >= 0 and (undone := history[place].undoes) is not None:
        place = undone - 2  # versions count from 1: what holds is what stood before the one undone
    return place


def _newest(database: sqlite3.Connection, student: str, check: str) -> Decision | None:
    query = 'select * from decisions where student = ? and "check" = ? order by version desc limit 1'
    row = database.execute(query, (student, check)).fetchone()
    return _decision(row) if row else None


def _insert(database: sqlite3.Connection, decision: Decision) -> None:
    query = (
        'insert into decisions (student, "check", version, author, time, mark, undoes) '
        "values (?, ?, ?, ?, ?, ?, ?)"
    )
    told = (decision.student, decision.check, decision.version, decision.author, decision.time.isoformat())
    database.execute(query, (*told, decision.mark.model_dump_json(), decision.undoes))


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        student=row["student"],
        check=row["check"],
        version=row["version"],
        author=row["author"],
        time=datetime.fromisoformat(row["time"]),
        mark=Mark.model_validate_json(row["mark"]),
        undoes=row["undoes"],
    )

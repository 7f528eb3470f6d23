"""`feedback.sqlite`: the feedback that was published for each student, and what students asked about it.

Rule: a student's document is replaced as a whole, and is theirs from its moment on; a student asks once per
exercise, and what was asked and answered stays, whatever is published later.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from grading.feedback.document import LookAgain

SCHEMA = """
create table if not exists feedback (
    student text not null, assignment text not null, begins text not null, document text not null,
    primary key (student, assignment)
);
create table if not exists requests (
    number integer primary key,
    student text not null, assignment text not null, exercise text not null,
    reason text not null, time text not null,
    answer text, answered text, by text,
    unique (student, assignment, exercise)
);
"""


class AskedBefore(Exception):
    """The student has asked about this exercise already."""


class FeedbackStore:
    """May be used from several threads and processes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(self._open()) as database:
            database.executescript(SCHEMA)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=30)
        database.row_factory = sqlite3.Row
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")
        return database

    def publish(self, student: str, assignment: str, document: str, begins: datetime) -> None:
        """The student has this from then on, in place of what there was."""
        with closing(self._open()) as database, database:
            database.execute(
                "insert or replace into feedback values (?, ?, ?, ?)",
                (student, assignment, begins.astimezone(UTC).isoformat(), document),
            )

    def withdraw(self, student: str, assignment: str) -> bool:
        """Take it back; whether there was any."""
        with closing(self._open()) as database, database:
            query = "delete from feedback where student = ? and assignment = ?"
            return database.execute(query, (student, assignment)).rowcount > 0

    def forget(self, student: str) -> int:
        """Erase all of a student's feedback and requests; how many there were."""
        with closing(self._open()) as database, database:
            documents = database.execute("delete from feedback where student = ?", (student,)).rowcount
            return documents + database.execute("delete from requests where student = ?", (student,)).rowcount

    def of(self, student: str, assignment: str, now: datetime | None = None) -> str | None:
        """The student's document, once its moment has come."""
        with closing(self._open()) as database:
            row = database.execute(
                "select begins, document from feedback where student = ? and assignment = ?",
                (student, assignment),
            ).fetchone()
        if row is None or datetime.fromisoformat(row["begins"]) > (now or datetime.now(UTC)):
            return None
        return str(row["document"])

    def ask(self, student: str, assignment: str, exercise: str, reason: str) -> None:
        """Raises AskedBefore."""
        try:
            with closing(self._open()) as database, database:
                database.execute(
                    "insert into requests (student, assignment, exercise, reason, time)"
                    " values (?, ?, ?, ?, ?)",
                    (student, assignment, exercise, reason, datetime.now(UTC).isoformat()),
                )
        except sqlite3.IntegrityError as error:
            raise AskedBefore from error

    def requests(self, assignment: str, student: str | None = None) -> list[LookAgain]:
        """What was asked, the oldest first; by one student or by all."""
        with closing(self._open()) as database:
            rows = database.execute(
                "select * from requests where assignment = ? and (? is null or student = ?) order by number",
                (assignment, student, student),
            ).fetchall()
        return [LookAgain.model_validate(dict(row)) for row in rows]

    def answer(self, number: int, answer: str, by: str) -> bool:
        """Answer a request, or answer it anew; whether there is such a request."""
        with closing(self._open()) as database, database:
            query = "update requests set answer = ?, answered = ?, by = ? where number = ?"
            done = database.execute(query, (answer, datetime.now(UTC).isoformat(), by, number))
            return done.rowcount > 0

"""Every receipt that was issued, in order: a log to which things are only added.

Rule: a student's receipts are numbered without gaps, each names the digest of the one before, and the
database itself refuses to change or delete one. Over all of them runs one more chain, whose head is signed
once a day: a record that is left out or put in later does not fit it. A request that is sent twice (the same
key) gets the receipt that it got.
"""

import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from gateway.keys import SigningKeys
from manifests.atomic import write_atomic
from manifests.receipts import Envelope, Receipt, digest_of, sign

SCHEMA = """
create table if not exists receipts (
    number integer primary key,
    student text not null,
    sequence integer not null,
    digest text not null,
    pixels text not null,
    asked text,
    envelope text not null,
    head text not null,
    unique (student, sequence),
    unique (student, asked)
);
create trigger if not exists kept before update on receipts begin select raise(abort, 'append only'); end;
create trigger if not exists stays before delete on receipts begin select raise(abort, 'append only'); end;
"""
NOTHING = "0" * 64  # the head of an empty log


@dataclass(frozen=True)
class Head:
    """Where the log stands: how many receipts, and the digest over all of them; signed."""

    number: int
    head: str
    time: datetime
    keyid: str
    signature: str  # base64, over `text`

    @property
    def text(self) -> bytes:
        """What is signed."""
        return f"genai-lab receipts {self.number} {self.head} {self.time.isoformat()}".encode()


class ReceiptLog:
    """Issues receipts and remembers them. May be used from several threads and processes."""

    def __init__(self, file: Path, keys: SigningKeys, issuer: str = "genai-lab gateway") -> None:
        self._file, self._keys, self._issuer = file, keys, issuer
        with closing(self._open()) as database:
            database.executescript(SCHEMA)

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._file, timeout=30, isolation_level=None)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # what was answered is on disk
        return database

    def issue(
        self,
        *,
        student: str,
        pixels_sha256: str,
        request: str,
        model: str,
        weights_sha256: str | None,
        kind: Literal["drawn", "witnessed"],
        asked: str | None = None,
    ) -> Envelope:
        """A receipt for a picture. `request`: its digest; `asked`: the student's key of what was asked."""
        with closing(self._open()) as database, database:  # all of it or nothing
            database.execute("begin immediate")
            if asked is not None and (known := self._known(database, student, asked)):
                return known
            last = database.execute(
                "select sequence, digest from receipts where student = ? order by sequence desc limit 1",
                (student,),
            ).fetchone()
            receipt = Receipt(
                issuer=self._issuer,
                student=student,
                time=datetime.now(UTC),
                kind=kind,
                request=request,
                model=model,
                weights_sha256=weights_sha256,
                sequence=last[0] + 1 if last else 1,
                previous=last[1] if last else None,
            )
            envelope = sign(receipt, pixels_sha256, self._keys.signing)
            digest = digest_of(envelope)
            number, head = self._last(database)
            database.execute(
                "insert into receipts values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    number + 1,
                    student,
                    receipt.sequence,
                    digest,
                    pixels_sha256,
                    asked,
                    envelope.model_dump_json(by_alias=True),
                    hashlib.sha256((head + digest).encode()).hexdigest(),
                ),
            )
            return envelope

    def of(self, student: str) -> list[Envelope]:
        """All receipts of a student, oldest first."""
        with closing(self._open()) as database:
            rows = database.execute(
                "select envelope from receipts where student = ? order by sequence", (student,)
            ).fetchall()
        return [Envelope.model_validate_json(text) for (text,) in rows]

    def head(self) -> Head:
        """The log's head now, signed."""
        with closing(self._open()) as database:
            number, head = self._last(database)
        key = self._keys.signing
        unsigned = Head(number, head, datetime.now(UTC), self._keys.public.keys[-1].keyid, "")
        signature = base64.b64encode(key.sign(unsigned.text)).decode()
        return Head(unsigned.number, unsigned.head, unsigned.time, unsigned.keyid, signature)

    def sign_daily(self, file: Path) -> None:
        """Add the head to the file, a line of JSON, unless today's stands there already."""
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        head = self.head()
        if lines and datetime.fromisoformat(json.loads(lines[-1])["time"]).date() == head.time.date():
            return
        line = json.dumps(asdict(head) | {"time": head.time.isoformat()})
        write_atomic(file, "".join(f"{each}\n" for each in [*lines, line]).encode(), mode=0o600)

    def head_over(self, number: int) -> str:
        """The head that follows from the digests of the first `number` receipts as they stand now."""
        with closing(self._open()) as database:
            rows = database.execute(
                "select digest from receipts where number <= ? order by number", (number,)
            ).fetchall()
        head = NOTHING
        for (digest,) in rows:
            head = hashlib.sha256((head + digest).encode()).hexdigest()
        return head

    @staticmethod
    def _known(database: sqlite3.Connection, student: str, asked: str) -> Envelope | None:
        row = database.execute(
            "select envelope from receipts where student = ? and asked = ?", (student, asked)
        ).fetchone()
        return Envelope.model_validate_json(row[0]) if row else None

    @staticmethod
    def _last(database: sqlite3.Connection) -> tuple[int, str]:
        row = database.execute("select number, head from receipts order by number desc limit 1").fetchone()
        return (row[0], row[1]) if row else (0, NOTHING)

"""Receipts turned into findings: forged, replayed, reassigned, of other pictures, of old keys, left out."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from typer.testing import CliRunner

from exercises.assignment import Assignment
from exercises.errors import UserError
from grading.checks.receipts import receipt_findings
from grading.submission.reading import closing, open_work
from lab.cli.grade import grade
from manifests.png import pixels_sha256
from manifests.receipts import Envelope, Key, Keys, Receipt, keyid_of, request_digest, sign
from manifests.store import Store
from tests.grading.good import draft_of, noise

GATEWAY = Ed25519PrivateKey.from_private_bytes(b"g" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


def key_of(private: Ed25519PrivateKey, since: datetime | None = None, until: datetime | None = None) -> Key:
    public = private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    start = since or datetime.now(UTC) - timedelta(days=1)
    return Key(keyid=keyid_of(public), public_key=pem, since=start, until=until)


KEYS = Keys(keys=(key_of(GATEWAY),))


class Work:
    """A student's work whose pictures have receipts, as a gateway would give them."""

    def __init__(self, folder: Path, assignment: Assignment, student: str = "alice") -> None:
        self.folder, self.assignment = folder, assignment
        self.store = Store(folder, assignment.id, student)
        self.issued = 0

    def receipt(
        self, number: int, key: Ed25519PrivateKey = GATEWAY, pixels: str = "", **changes: Any
    ) -> Envelope:
        """The receipt of picture `number`; `changes` are to what it says."""
        self.issued += 1
        said: dict[str, Any] = {
            "issuer": "gateway",
            "student": self.store.student,
            "time": datetime.now(UTC),
            "kind": "drawn",
            "request": request_digest(self.draft(number).request),
            "model": "mini",
            "sequence": self.issued,
        }
        return sign(Receipt(**(said | changes)), pixels or pixels_sha256(noise(number)), key)

    def draft(self, number: int) -> Any:
        exercise, run = self.assignment.planned_runs()[number]
        return draft_of(exercise.id, run)

    def save(self, number: int, receipt: Envelope | None) -> str:
        """Record picture `number` with this receipt; the manifest's name."""
        record = self.store.save(replace(self.draft(number), receipt=receipt), noise(number))
        return f"outputs/{record.manifest_path.name}"

    def findings(self, keys: Keys = KEYS, *, drawn_wanted: bool = False) -> list[tuple[str, Any]]:
        with closing(open_work(self.folder, self.assignment.id, self.store.student)) as submission:
            found = receipt_findings(submission, keys, drawn_wanted=drawn_wanted)
        return [(each.key, each.values.get("files", each.values.get("count"))) for each in found]


@pytest.fixture
def work(tmp_path: Path, tp2: Assignment) -> Work:
    return Work(tmp_path / "work", tp2)


def test_pictures_with_good_receipts_have_no_finding(work: Work) -> None:
    for number in range(3):
        work.save(number, work.receipt(number))
    assert work.findings(drawn_wanted=True) == []


FAULTS: dict[str, Callable[[Work], Envelope]] = {
    "receipt.unknown_key": lambda work: work.receipt(1, STRANGER),
    "receipt.pixels": lambda work: work.receipt(1, pixels="ab" * 32),
    "receipt.student": lambda work: work.receipt(1, student="bob"),
    "receipt.request": lambda work: work.receipt(1, request="ab" * 32),
    "receipt.key_not_in_use": lambda work: work.receipt(1, time=datetime.now(UTC) - timedelta(days=2)),
    "receipt.forged": lambda work: work.receipt(1).model_copy(update={"payload": work.receipt(2).payload}),
}


@pytest.mark.parametrize("key", FAULTS)
def test_each_fault_of_a_receipt_is_named_with_its_picture(work: Work, key: str) -> None:
    work.save(0, work.receipt(0))
    file = work.save(1, FAULTS[key](work))
    assert (key, (file,)) in work.findings()
    assert [found for found, files in work.findings() if files == (file,)] == [key]


def test_one_receipt_at_two_pictures_is_a_replay(work: Work) -> None:
    """The second picture has the same pixels and request, so only the number tells."""
    receipt = work.receipt(0)
    files = tuple(work.save(0, receipt) for _ in range(2))
    assert work.findings() == [("receipt.twice", files)]


def test_numbers_that_are_missing_are_counted(work: Work) -> None:
    work.receipt(5)
    work.receipt(6)
    work.save(0, work.receipt(0))
    assert work.findings() == [("receipt.gaps", 2)]


def test_pictures_without_receipts_are_named_where_there_are_others_or_one_is_asked_for(work: Work) -> None:
    file = work.save(0, None)
    assert work.findings() == []
    assert work.findings(drawn_wanted=True) == [("receipt.missing", (file,))]
    work.save(1, work.receipt(1))
    assert work.findings() == [("receipt.missing", (file,))]


def test_what_was_only_seen_is_told_where_drawn_pictures_are_asked_for(work: Work) -> None:
    file = work.save(0, work.receipt(0, kind="witnessed"))
    assert work.findings() == []
    assert work.findings(drawn_wanted=True) == [("receipt.witnessed", (file,))]


def test_an_old_key_stays_good_for_what_it_signed(work: Work) -> None:
    work.save(0, work.receipt(0))
    old = key_of(GATEWAY, until=datetime.now(UTC) + timedelta(seconds=60))
    assert work.findings(Keys(keys=(old, key_of(STRANGER)))) == []


def grade_with(work: Work, tmp_path: Path, keys: str) -> Any:
    file = tmp_path / "keys.json"
    file.write_text(keys, encoding="utf-8")
    app = typer.Typer()
    app.command()(grade)
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    if work.folder.exists():
        work.folder.rename(submissions / "alice")
    options = ["--assignment", "tp2", "--out", str(tmp_path / "out"), "--receipts", str(file)]
    return CliRunner().invoke(app, [str(submissions), *options])


def test_grade_takes_the_gateways_keys_and_tells_the_grader(work: Work, tmp_path: Path) -> None:
    file = work.save(0, work.receipt(0, student="bob"))
    done = grade_with(work, tmp_path, KEYS.model_dump_json(by_alias=True))
    assert done.exit_code == 0, done.output
    result = json.loads((tmp_path / "out" / "alice" / "grade.json").read_text())
    assert f"The receipt is of another student: {file}" in result["for_grader"]
    assert not any(
        "receipt" in finding for finding in result["findings"]
    )  # the student's page has none of it


@pytest.mark.parametrize("keys", ["", "{}", '{"keys": [1]}', "not json"])
def test_a_file_that_holds_no_keys_is_said_in_one_line(work: Work, tmp_path: Path, keys: str) -> None:
    done = grade_with(work, tmp_path, keys)
    assert done.exit_code != 0
    assert isinstance(done.exception, UserError)
    assert "keys.json" in done.exception.in_language("en")

"""What was signed stays, in order and without gaps, whoever asks at once or however often."""

import base64
import json
import sqlite3
import stat
import threading
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gateway.keys import SigningKeys
from gateway.receipt_log import NOTHING, Head, ReceiptLog
from manifests.receipts import Envelope, Keys, ReceiptError, digest_of, verify


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path / "keys")


@pytest.fixture
def log(tmp_path: Path, keys: SigningKeys) -> ReceiptLog:
    return ReceiptLog(tmp_path / "receipts.sqlite", keys)


def issue(
    log: ReceiptLog, student: str = "ada", pixels: str = "ab" * 32, asked: str | None = None
) -> Envelope:
    return log.issue(
        student=student,
        pixels_sha256=pixels,
        request="cd" * 32,
        model="mini",
        weights_sha256=None,
        kind="drawn",
        asked=asked,
    )


def test_each_student_has_a_chain_of_their_own(log: ReceiptLog, keys: SigningKeys) -> None:
    for student in ("ada", "grace", "ada", "ada", "grace"):
        issue(log, student)
    for student, count in (("ada", 3), ("grace", 2)):
        envelopes = log.of(student)
        receipts = [verify(envelope, keys.public)[0] for envelope in envelopes]
        assert [receipt.sequence for receipt in receipts] == list(range(1, count + 1))
        assert receipts[0].previous is None
        for (before, _), (_, after) in pairwise(zip(envelopes, receipts, strict=True)):
            assert after.previous == digest_of(before)


def test_many_who_ask_at_once_leave_no_gap_and_nothing_twice(log: ReceiptLog, keys: SigningKeys) -> None:
    def ask(student: str) -> None:
        for _ in range(8):
            issue(log, student)

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("ada", "ada", "grace", "ada")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = [verify(envelope, keys.public)[0].sequence for envelope in log.of("ada")]
    assert sequences == list(range(1, 25))
    assert log.head().number == 32


def test_what_is_asked_twice_gets_one_receipt(log: ReceiptLog) -> None:
    assert issue(log, asked="k1") == issue(log, asked="k1")
    assert issue(log, asked="k2") != issue(log, asked="k1")
    assert len(log.of("ada")) == 2
    assert issue(log, "grace", asked="k1") != issue(log, asked="k1")  # a key is its student's own


@pytest.mark.parametrize("statement", ["delete from receipts", "update receipts set student = 'eve'"])
def test_the_database_itself_refuses_to_forget_or_change(
    log: ReceiptLog, tmp_path: Path, statement: str
) -> None:
    issue(log)
    with pytest.raises(sqlite3.IntegrityError, match="append only"):
        sqlite3.connect(tmp_path / "receipts.sqlite").execute(statement)


def test_a_receipt_put_in_or_left_out_later_does_not_fit_the_signed_head(
    log: ReceiptLog, keys: SigningKeys, tmp_path: Path
) -> None:
    for _ in range(3):
        issue(log)
    head = log.head()
    (key,) = keys.public.keys
    assert head.keyid == key.keyid
    load_pem_public_key(key.public_key.encode()).verify(  # type: ignore[union-attr, call-arg]
        base64.b64decode(head.signature), head.text
    )
    issue(log)
    assert log.head_over(head.number) == head.head != NOTHING  # going on changes nothing of before
    database = sqlite3.connect(tmp_path / "receipts.sqlite")
    database.execute("drop trigger stays")
    database.execute("delete from receipts where number = 2")
    database.commit()
    assert log.head_over(head.number) != head.head


def test_keys_turn_over_and_what_older_ones_signed_stays_good(log: ReceiptLog, keys: SigningKeys) -> None:
    before = issue(log)
    keys.turn_over()
    after = issue(log)
    assert before.signatures[0].keyid != after.signatures[0].keyid
    assert [verify(each, keys.public)[0].sequence for each in (before, after)] == [1, 2]
    old, new = keys.public.keys
    assert old.until is not None
    assert new.until is None
    with pytest.raises(ReceiptError):
        verify(after, Keys(keys=(old,)))


def test_keys_are_found_again_and_nobody_else_may_read_them(tmp_path: Path, keys: SigningKeys) -> None:
    again = SigningKeys(tmp_path / "keys")
    assert again.public == keys.public
    private = tmp_path / "keys" / "signing.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"PRIVATE" not in (tmp_path / "keys" / "keys.json").read_bytes()


def test_a_kill_between_the_two_files_of_a_new_key_is_mended(tmp_path: Path, keys: SigningKeys) -> None:
    (tmp_path / "keys" / "keys.json").unlink()
    again = SigningKeys(tmp_path / "keys")
    log = ReceiptLog(tmp_path / "receipts.sqlite", again)
    assert verify(issue(log), again.public)[0].student == "ada"


def test_the_head_is_signed_once_a_day_and_shows_a_record_that_is_left_out(
    tmp_path: Path, log: ReceiptLog, keys: SigningKeys
) -> None:
    heads = tmp_path / "heads.jsonl"
    for _ in range(3):
        issue(log)
        log.sign_daily(heads)
    (line,) = heads.read_text().splitlines()
    told = json.loads(line)
    head = Head(**told | {"time": datetime.fromisoformat(told["time"])})
    assert (head.number, head.head) == (1, log.head_over(1))
    public = load_pem_public_key(keys.public.keys[0].public_key.encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(base64.b64decode(head.signature), head.text)
    yesterday = json.dumps(told | {"time": "2026-01-01T12:00:00+00:00"})
    heads.write_text(f"{yesterday}\n")
    log.sign_daily(heads)
    assert [json.loads(each)["number"] for each in heads.read_text().splitlines()] == [1, 3]

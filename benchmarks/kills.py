"""Whether anything is lost or drawn twice when a gateway is killed again and again under a class at work.

Clients of 30 students ask for pictures of a tiny model and stop some of them, while the gateway is killed
(SIGKILL) and started again at random moments: after a tenth to two and a half times of what it takes to
its first picture, so that some are killed before and most after it, on a busy machine too. At the end every
picture that nobody stopped must have come, once, with one receipt, and every student's receipts must be
numbered without gaps.

    python benchmarks/kills.py [--seconds 300]
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from pydantic import SecretStr

from benchmarks.gateway import STUDENTS, token_of
from exercises.parameters import SCHEDULERS
from gateway.keys import SigningKeys
from gateway.receipt_log import ReceiptLog
from lab.engine.protocol import Cancelled, Done, Failed
from lab.engine.remote import RemoteEngine
from manifests.png import pixels_sha256
from manifests.receipts import verify
from tests.hub.conftest import free_port
from tests.lab.engine.asking import asked
from tests.lab.engine.tiny import build_mini

STOPPED = 0.25  # of the pictures


class Student(threading.Thread):
    """Asks for one picture after the other until told to end; some it stops."""

    def __init__(self, number: int, url: str, until: float) -> None:
        super().__init__(daemon=True)
        self.number, self.until, self.chance = number, until, random.Random(number)
        self.engine = RemoteEngine(url, SecretStr(token_of(number)), give_up=600)
        self.done: list[str] = []  # the digests of what came
        self.stops, self.failed = 0, list[Failed]()

    def run(self) -> None:
        while time.monotonic() < self.until:
            request = asked(
                seed=self.chance.randrange(10_000),
                steps=self.chance.randrange(2, 40),
                scheduler=self.chance.choice(SCHEDULERS),
                guidance_scale=self.chance.choice((1.0, 4.0, 7.5)),
            )
            job = self.engine.submit(request, model="mini")
            if self.chance.random() < STOPPED:
                threading.Timer(self.chance.random() * 2, job.cancel).start()
            *_, last = job.events()
            match last:
                case Done(picture=picture):
                    self.done.append(pixels_sha256(picture.image))
                case Cancelled():
                    self.stops += 1
                case Failed():
                    self.failed.append(last)


def pictures(students: list[Student]) -> int:
    """How many came so far."""
    return sum(len(student.done) for student in students)


def first_picture(students: list[Student], until: float) -> float:
    """Wait for the next picture, and give the seconds that it took: a gateway loads its model anew."""
    began, before = time.monotonic(), pictures(students)
    while pictures(students) == before and time.monotonic() < until:
        time.sleep(0.05)
    return time.monotonic() - began


def started(state: Path, port: int, weights: Path) -> "subprocess.Popen[str]":
    """A gateway that answers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "gateway", "--port", str(port), "--state", str(state)],
        env=os.environ | {"GENAI_MINI_WEIGHTS": str(weights), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=(state / "gateway.log").open("a"),
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    return process


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        weights, state = build_mini(folder / "mini"), folder / "state"
        state.mkdir()
        rows = "".join(f"student{n},{token_of(n)},student\n" for n in range(STUDENTS))
        (state / "people.csv").write_text("student,token,role\n" + rows)
        process, until = started(state, port, weights), time.monotonic() + options.seconds
        students = [Student(n, f"http://127.0.0.1:{port}", until) for n in range(STUDENTS)]
        for student in students:
            student.start()
        kills, took = 0, first_picture(students, until)
        while time.monotonic() < until:
            time.sleep(random.uniform(0.1, 2.5) * took)
            process.kill()
            process.wait()
            kills += 1
            process = started(state, port, weights)
            if kills % 10 == 0:
                took = first_picture(students, until)
                print(
                    f"{kills} kills, {pictures(students)} pictures; the first takes {took:.1f} s", flush=True
                )
        for student in students:
            student.join()
        process.kill()
        keys = SigningKeys(state / "keys")
        log, wrong = ReceiptLog(state / "receipts.sqlite", keys), []
        for student in students:
            told = [verify(each, keys.public) for each in log.of(f"student{student.number}")]
            if [receipt.sequence for receipt, _ in told] != list(range(1, len(told) + 1)):
                wrong.append(f"student{student.number}: the receipts have gaps")
            missing = Counter(student.done) - Counter(pixels for _, pixels in told)
            if missing:
                wrong.append(f"student{student.number}: {missing.total()} pictures without a receipt")
            wrong += [f"student{student.number}: {each.code}" for each in student.failed]
        done, stops = pictures(students), sum(s.stops for s in students)
        print(f"{kills} kills and {stops} stops; {done} pictures came; wrong: {len(wrong)}")
        print("\n".join(wrong[:20]))
        raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()

"""A process killed at any moment loses nothing that was finished; two at once do not disturb each other."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import IO

import pytest

from manifests.chain import verify_chain
from manifests.reader import read_manifest
from manifests.store import Store
from manifests.work_folder import make_folder
from tests.manifests.conftest import make_draft, make_picture

KILLS = 60
ROOT = Path(__file__).parents[2]


class Saver:
    """A forking server of savers (see saver.py)."""

    def __init__(self, work: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.manifests.saver", str(work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdin
        assert self.process.stdout
        self.input: IO[str] = self.process.stdin
        self.output: IO[str] = self.process.stdout

    def start(self, run: str, count: int) -> None:
        self.input.write(f"{run} {count}\n")
        self.input.flush()

    def read(self) -> tuple[str, str]:
        word, value = self.output.readline().split()
        return word, value

    def close(self) -> None:
        self.input.close()
        self.process.wait(timeout=30)
        self.output.close()


@pytest.fixture
def saver(work: Path) -> Iterator[Saver]:
    saver = Saver(work)
    yield saver
    saver.close()


def kill_at_random(saver: Saver, run: str, moment: float) -> list[tuple[str, str]]:
    """Start a child, kill it `moment` seconds after its first picture; what it said it had finished."""
    saver.start(run, 0)
    said: list[tuple[str, str]] = []
    child = 0
    while not said:  # so that each kill falls into a save that follows, not into the start
        word, value = saver.read()
        if word == "child":
            child = int(value)
        else:
            said.append((word, value))
    while not child:  # the child may have spoken before its parent
        word, value = saver.read()
        if word == "child":
            child = int(value)
        else:
            said.append((word, value))
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    while (line := saver.read())[0] != "ended":
        said.append(line)
    return said


def assert_whole(store: Store) -> None:
    """Every manifest parses, every image is as recorded, the chain holds, the rest is known rubbish."""
    for folder in (store.outputs, store.bin):
        for path in folder.glob("*.json"):
            read_manifest(path.read_bytes())
    for record in store.records() + store.binned():
        assert sha256(record.image_path.read_bytes()).hexdigest() == record.manifest.image.sha256
    assert len(store.records()) + len(store.binned()) == len(store.chain())
    assert verify_chain(store.chain()) == []
    assert all(path.suffix in (".png", ".tmp") for path in store.leftovers())


def test_kills_at_random_moments(saver: Saver, store: Store):
    moments = random.Random(7)
    finished: dict[str, str] = {}  # stem -> the last thing said about it
    unfinished: set[str] = set()  # stems about which a kill left the last word open
    for number in range(KILLS):
        said = kill_at_random(saver, f"run{number % 4}", moments.uniform(0, 0.04))
        for word, stem in said:
            finished[stem] = word
        unfinished.add(said[-1][1])
        if number % 10 == 9:
            assert_whole(store)
    assert_whole(store)

    here = {record.stem for record in store.records()}
    binned = {record.stem for record in store.binned()}
    assert finished.keys() <= here | binned
    for stem in finished.keys() - unfinished:
        assert stem in (binned if finished[stem] == "deleted" else here)

    orphans = {path: path.read_bytes() for path in store.leftovers() if path.suffix == ".png"}
    for run in range(4):
        store.save(make_draft(f"run{run}"), make_picture())
    assert all(path.read_bytes() == data for path, data in orphans.items())
    assert_whole(store)


def test_two_processes_at_once(work: Path, store: Store):
    each = 25
    savers = [Saver(work), Saver(work)]
    saved: list[str] = []
    for saver in savers:
        saver.start("same", each)
    for saver in savers:
        while (line := saver.read())[0] != "ended":
            saved += [line[1]] if line[0] == "saved" else []
        saver.close()

    assert len(saved) == len(set(saved)) == 2 * each
    assert {record.stem for record in store.records()} == set(saved)
    assert [m.sequence for m in store.chain()] == list(range(1, 2 * each + 1))
    assert {m.attempt for m in store.chain()} == set(range(1, 2 * each + 1))
    assert store.leftovers() == []
    assert_whole(store)


def test_many_may_make_the_same_folder_in_the_same_moment(tmp_path: Path):
    for number in range(30):
        folder, together = tmp_path / str(number) / "tp2", threading.Barrier(8)

        def make(folder: Path = folder, together: threading.Barrier = together) -> None:
            together.wait()
            make_folder(folder)

        with ThreadPoolExecutor(8) as pool:
            for made in [pool.submit(make) for _ in range(8)]:
                made.result()
        assert folder.is_dir()

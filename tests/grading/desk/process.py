"""`genai-lab desk` as a process of its own, which may be killed and started again."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from grading.marks.mark import Mark
from grading.marks.store import MarksStore
from tests.grading.desk.serving import Fields

ROOT = Path(__file__).parents[3]


@dataclass
class DeskProcess:
    """`url` has the secret in it; `base` has not."""

    url: str
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        return self.url.partition("/?")[0]


def start(submissions: Path, out: Path, *options: str) -> DeskProcess:
    command = [sys.executable, "-m", "genai_lab", "desk", str(submissions), "--assignment", "tp2"]
    process = subprocess.Popen(
        [*command, "--out", str(out), "--port", "0", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if found is None:
        process.kill()
        raise AssertionError(f"the desk did not start: {line}{process.communicate()[1]}")
    return DeskProcess(found.group(), process)


@contextmanager
def running(submissions: Path, out: Path, *options: str) -> Iterator[DeskProcess]:
    desk = start(submissions, out, *options)
    try:
        yield desk
    finally:
        desk.process.terminate()
        desk.process.communicate(timeout=30)


class Marker:
    """Gives marks as fast as the desk answers, and remembers which of them it was told are saved."""

    def __init__(self, exercise: str, check: str) -> None:
        self.exercise, self.check = exercise, check
        self.told: dict[str, list[float]] = {}  # by student's key: the points in their order
        self.points = 0

    def work(self, desk: DeskProcess) -> None:
        """Until the desk is gone."""
        try:
            with httpx2.Client(base_url=desk.base, trust_env=False, timeout=20) as client:
                client.get(desk.url.removeprefix(desk.base))
                keys = sorted(set(re.findall(r"/mark/\w+/([0-9a-f]+)\?by=student", client.get("/").text)))
                while True:
                    for key in keys:
                        self._mark(client, key)
        except httpx2.HTTPError:
            return

    def _mark(self, client: httpx2.Client, key: str) -> None:
        place = f"/mark/{self.exercise}/{key}?by=student&show=all"
        data = Fields.of(client.get(place).text, place.partition("?")[0]).data
        self.points = (self.points + 1) % 50
        points = self.points / 100
        answer = client.post(
            place, data=data | {"action": ["save"], f"points:{self.check}": [f"{points:.2f}"]}
        )
        if answer.status_code == 303:
            self.told.setdefault(key, []).append(points)

    def lost(self, out: Path, names: dict[str, str]) -> list[str]:
        """What was said to be saved and is not there; `names` are the students' by key."""
        store, missing = MarksStore(out), []
        for key, told in self.told.items():
            kept = [d.mark.points for d in store.history(names[key], self.check)]
            at = 0
            for points in told:
                try:
                    at = kept.index(Mark(points=points).points, at) + 1
                except ValueError:
                    missing.append(f"{names[key]}: {points}")
        return missing

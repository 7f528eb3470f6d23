"""What a class gets from one gateway: how long a newcomer waits, whether all are served alike, how good the
estimates are, and what a lab below it takes of memory.

A real gateway is started on `mini` with 30 people. Printed are:
- one student sends 100 pictures, then another sends one: its time over the time of the same picture alone;
- 30 students send pictures of different sizes: Jain's index of the work done for each while all wait;
- of all of those, the median error of the estimate that each was told when it began to wait;
- the memory of a lab that has drawn through the gateway, and of one that has drawn itself.

    python benchmarks/gateway.py [--pictures 4]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil
from pydantic import SecretStr

from benchmarks.together import mixed
from lab.engine.fair_queue import cost_of_step, steps_of
from lab.engine.protocol import Done, Queued
from lab.engine.remote import RemoteEngine, RemoteJob
from manifests.manifest import Request

STUDENTS = 30
GREEDY = 100  # pictures of one student
SERVE = "import sys; sys.modules['mcp'] = None; import genai_lab; genai_lab.main()"


@dataclass
class Watched:
    """A picture that is asked for: when, when it was done, and what it was told at first."""

    student: int
    job: RemoteJob
    work: int
    asked: float = field(default_factory=time.monotonic)
    done: float = 0.0
    told: float | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._follow, daemon=True)
        self.thread.start()

    def _follow(self) -> None:
        for event in self.job.events():
            if isinstance(event, Queued) and self.told is None and event.remaining is not None:
                self.told = time.monotonic() - self.asked + event.remaining
            if isinstance(event, Done):
                self.done = time.monotonic()

    @property
    def seconds(self) -> float:
        self.thread.join()
        if not self.done:
            raise SystemExit(f"a picture was not drawn: {self.job.latest}")
        return self.done - self.asked


def token_of(student: int) -> str:
    return f"token-of-student-number-{student}"


@contextmanager
def running_gateway(folder: Path) -> Iterator[str]:
    """A gateway as a process; gives its address."""
    rows = "".join(f"student{number},{token_of(number)},student\n" for number in range(STUDENTS))
    (folder / "people.csv").write_text("student,token,role\n" + rows)
    process = subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "gateway", "--port", "0", "--state", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    url = process.stdout.readline().split()[-1].removesuffix("/v1")
    try:
        yield url
    finally:
        process.terminate()
        process.wait()


def ask(engine: Callable[[int], RemoteEngine], student: int, request: Request) -> Watched:
    job = engine(student).submit(request, model="mini")
    return Watched(student, job, steps_of(request) * cost_of_step(request))


def newcomer(engine: Callable[[int], RemoteEngine], request: Request) -> float:
    """The newcomer's time behind who sent a hundred, over its time alone."""
    alone = statistics.median(ask(engine, 0, request).seconds for _ in range(3))
    many = [ask(engine, 1, request.model_copy(update={"seed": n})) for n in range(GREEDY)]
    while sum(bool(each.done) for each in many) < 5:
        time.sleep(0.05)
    behind = ask(engine, 2, request).seconds
    for each in many:
        each.job.cancel()
    print(f"a newcomer behind {GREEDY}: {behind:.2f} s, alone {alone:.2f} s: {behind / alone:.2f} times")
    return behind / alone


def everybody(engine: Callable[[int], RemoteEngine], each_sends: int) -> None:
    """All send mixed pictures at once: how alike they are served while all wait, and the estimates."""
    requests = [r for r in mixed(STUDENTS * each_sends * 2) if r.mode == "text2img"]
    began = time.monotonic()
    watched = [
        ask(engine, student, requests[(student * 7 + number * 11) % len(requests)])
        for number in range(each_sends)
        for student in range(STUDENTS)
    ]
    for each in watched:
        each.thread.join()
    last_of = [max(each.done for each in watched if each.student == s) for s in range(STUDENTS)]
    until = min(last_of)  # up to here all have something that waits or is drawn
    served = [sum(w.work for w in watched if w.student == s and w.done <= until) for s in range(STUDENTS)]
    asked = [sum(w.work for w in watched if w.student == s) for s in range(STUDENTS)]
    jain = sum(served) ** 2 / (STUDENTS * sum(each**2 for each in served))
    errors = [abs(w.told - w.seconds) / w.seconds for w in watched if w.told is not None]
    seconds = max(each.done for each in watched) - began
    print(
        f"{STUDENTS} students, {len(watched)} mixed pictures: {len(watched) / seconds:.2f} pictures a second"
    )
    print(f"Jain's index of the work served until the first had all: {jain:.3f} (of what was asked: ", end="")
    print(f"{sum(asked) ** 2 / (STUDENTS * sum(each**2 for each in asked)):.3f})")
    print(f"median error of the estimates: {100 * statistics.median(errors):.0f} % of {len(errors)}")


def lab_memory(folder: Path, gateway: str | None) -> tuple[float, float]:
    """MiB that `genai-lab serve` holds once a picture was drawn by its REST API, and how many alone.

    As in a class's image: without the extra `mcp`, which Gradio loads wherever it is installed.
    """
    import httpx2

    environment = {k: v for k, v in os.environ.items() if not k.startswith("GENAI_GATEWAY")}
    if gateway:
        environment |= {"GENAI_GATEWAY": gateway, "GENAI_GATEWAY_TOKEN": token_of(0)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", "--port", "0", "--work", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout
    url = next(word for word in process.stdout.readline().split() if word.startswith("http"))
    try:
        with httpx2.Client(base_url=url, timeout=120, headers={"Origin": url.rstrip("/")}) as client:
            client.get("en/")
            body = {"prompt": "a red cup", "steps": 10, "seed": 1}
            made = client.post("api/v1/generations", json=body).json()
            address = f"api/v1/generations/{made['generation']['id']}"
            while not (now := client.get(address).json())["finished"]:
                time.sleep(0.2)
            if not now["image"]:
                raise SystemExit(f"the lab did not draw: {now}")
        held = psutil.Process(process.pid).memory_full_info()
        return held.rss / 2**20, held.uss / 2**20
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=4, help="that each of the 30 students sends")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, running_gateway(Path(name)) as url:

        @cache
        def engine(student: int) -> RemoteEngine:
            return RemoteEngine(url, SecretStr(token_of(student)))

        request = mixed(2)[0].model_copy(update={"steps": 30, "guidance_scale": 7.5})
        print(f"the first picture, the model's loading with it: {ask(engine, 0, request).seconds:.1f} s")
        newcomer(engine, request)
        everybody(engine, options.pictures)
        for what, gateway in (("below the gateway", url), ("that draws itself", None)):
            with tempfile.TemporaryDirectory() as work:
                held, alone = lab_memory(Path(work), gateway)
                print(f"a lab {what}: {held:.0f} MiB, of which {alone:.0f} are shared with no other process")


if __name__ == "__main__":
    main()

"""Worker processes for a class: a task that crashes or computes too much costs that task alone.

What is limited is the processor's time, which a busy machine does not shorten; the clock only ends what waits
for ever. Each thread of the pool has one worker (`grading.class_.worker`) and starts another when it is gone.
"""

import os
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer, local
from types import TracebackType

from exercises.assignment import Assignment
from grading.class_.one import Task
from grading.wording import Message, message

MAX_WORKERS = 16
START_SECONDS = 120.0  # not part of any task's limit
COMMAND = (sys.executable, "-P", "-m", "grading.class_.worker")  # -P: never import from the current folder


class TaskFailed(Exception):
    """`message` says whether it crashed or took too long."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.key)
        self.message = reason


@dataclass(frozen=True)
class Limits:
    """For one task: seconds of processor time, and seconds by the clock."""

    computing: float
    patience: float


class Pool:
    """`with Pool(...) as pool: pool.submit(task).result()`."""

    def __init__(self, assignment: Assignment, *, workers: int, limits: Limits, log: Path) -> None:
        self._assignment = assignment.model_dump_json().encode()
        self._limits = limits
        self._log = log
        self._mine = local()
        self._all: list[_Worker] = []
        self._lock = Lock()
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="grading")

    def submit(self, task: Task) -> Future[bytes]:
        """The answer to a task as JSON, in its time; the future raises TaskFailed."""
        return self._executor.submit(self._ask, task)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._end_workers()  # what they are at fails, and their threads end
        self._executor.shutdown()
        self._end_workers()

    def _ask(self, task: Task) -> bytes:
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is None or not worker.alive:
            worker = self._mine.worker = _Worker(self._log, self._limits.computing)
            with self._lock:
                self._all.append(worker)
            worker.ask(self._assignment, START_SECONDS)
        return worker.ask(task.model_dump_json().encode(), self._limits.patience)

    def _end_workers(self) -> None:
        with self._lock:
            for worker in self._all:
                worker.end()


class _Worker:
    def __init__(self, log: Path, computing: float) -> None:
        self._computing = computing
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                (*COMMAND, f"{computing:g}"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._late = False

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, line: bytes, seconds: float) -> bytes:
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        overdue = Timer(seconds, self._kill_late)
        overdue.start()
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except (OSError, ValueError):  # it is gone, or was ended from another thread
            answer = b""
        finally:
            overdue.cancel()
        if not answer.endswith(b"\n"):
            self.end()
            raise TaskFailed(self._why_ended(seconds))
        if not answer.startswith(b"+"):
            raise TaskFailed(message("submission.crashed"))
        return answer[1:]

    def _why_ended(self, seconds: float) -> Message:
        if self._late:
            return message("submission.waits", seconds=f"{seconds:g}")
        if self._process.returncode == -getattr(signal, "SIGXCPU", 0):
            return message("submission.too_slow", seconds=f"{self._computing:g}")
        return message("submission.crashed")

    def end(self) -> None:
        """Kill: a worker has nothing to save, results are written whole or not at all."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was still to be written has no reader any more
                    continue

    def _kill_late(self) -> None:
        self._late = True
        self._process.kill()


def default_workers() -> int:
    """As many as there are cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MAX_WORKERS)

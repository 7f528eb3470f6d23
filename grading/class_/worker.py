"""`python -m grading.class_.worker SECONDS`: a process that grades what its standard input tells it.

For each task it may compute so many seconds; the system ends it when it computes longer. The first line is
the assignment; each further line is a Task. Each is answered by one line: `+` and the result, or `-` where it
failed. What anything prints goes to standard error, the log.
"""

import logging
import math
import os
import signal
import sys

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

from exercises.assignment import Assignment
from grading.class_.one import Task, exhibit, grade, survey

MEMORY_BYTES = 4 * 2**30  # of address space: a bomb ends this process and not the machine


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    _limit_memory()
    lines = sys.stdin.buffer
    assignment = Assignment.model_validate_json(lines.readline())
    answers.write(b"+\n")
    answers.flush()
    for line in lines:
        _limit_computing(float(sys.argv[1]))
        answers.write(_answer(Task.model_validate_json(line), assignment) + b"\n")
        answers.flush()


def _answer(task: Task, assignment: Assignment) -> bytes:
    try:
        result = {"survey": survey, "grade": grade, "exhibit": exhibit}[task.kind](task, assignment)
        return b"+" + result.model_dump_json().encode()
    except (Exception, RecursionError, MemoryError):
        logging.getLogger(__name__).exception("%s of %r failed", task.kind, task.entry.name)
        return b"-"


def _limit_computing(seconds: float) -> None:
    """From now on; at the end of it the system sends SIGXCPU, which ends the process."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _limit_memory() -> None:
    if resource is None:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


if __name__ == "__main__":
    main()

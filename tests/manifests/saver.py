"""A process that saves, deletes and restores for as long as it lives, told to and killed by the tests.

    python -m tests.manifests.saver WORK

For each line `RUN COUNT` on standard input it forks a child, prints `child PID`, and the child
saves pictures of that run, printing `saved STEM` and the like only once that is done. A child ends
after COUNT pictures (0: never). Forking spares every child the start of an interpreter.
"""

import os
import sys
from pathlib import Path

from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def save_for_ever(work: Path, run: str, count: int) -> None:
    store = Store(work, "tp2", "ada")
    number = 0
    while count == 0 or number < count:
        number += 1
        stem = store.save(make_draft(run, seed=number), make_picture(number)).stem
        say("saved", stem)
        if count == 0 and number % 3 == 0:
            store.delete(stem)
            say("deleted", stem)
            if number % 2 == 0:
                store.restore(stem)
                say("restored", stem)


def main(work: Path) -> None:
    for line in sys.stdin:
        run, count = line.split()
        pid = os.fork()
        if pid == 0:
            save_for_ever(work, run, int(count))
            os._exit(0)
        say("child", pid)
        os.waitpid(pid, 0)
        say("ended", pid)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

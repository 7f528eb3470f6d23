"""How long the desk's pages take with a large class, and with a small one.

    python -m benchmarks.desk_pages [--students 300] [--tries 20]

Each submission is a full one of `tp2`. Times are of a whole answer over HTTP, in milliseconds: the middle one
and the slowest of the tries; the first look at a page, which reads what later ones find in memory, stands
apart. Between two looks a mark is given, so nothing is merely shown again. Bar: 300 ms with 300 students.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from benchmarks.grading import make_student
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from tests.grading.desk.serving import Served, serving

SMALL = 10


def times(served: Served, tries: int) -> dict[str, tuple[float, float, float]]:
    """By page: the first look, the middle and the slowest of the others."""
    client = served.client()
    seats = served.desk.seats.current()

    def place(exercise: str) -> Callable[[int], str]:
        return lambda n: f"/mark/{exercise}/{seats[n % len(seats)].key}?by=question&show=open"

    pages: dict[str, Callable[[int], str]] = {
        "overview": lambda _: "/",
        "reflection": place("reflection"),
        "observations": place("observations"),
        "sweep": place("sweep"),
        "like answers": lambda _: "/groups/observations?check=observations/steps/observed",
    }
    found = {}
    for name, path in pages.items():
        taken = []
        for number in range(tries + 1):
            give(served, number)
            start = time.perf_counter()
            assert client.get(path(number)).status_code == 200
            taken.append((time.perf_counter() - start) * 1000)
        found[name] = (taken[0], statistics.median(taken[1:]), max(taken[1:]))
    return found


def give(served: Served, number: int) -> None:
    """A mark, so that the next page has something new to read."""
    from grading.marks.mark import Mark
    from grading.marks.store import Wanted

    seats = served.desk.seats.current()
    seat, check = seats[number % len(seats)], "evaluation/baseline/reasons"
    mark = Mark(points=(number % 20) / 100, reason="bench")
    served.desk.seats.store.save("bench", [Wanted(seat.entry.name, check, seat.version(check), mark)])


def measure(students: int, tries: int) -> dict[str, tuple[float, float, float]]:
    tp2, folder = find_assignment("tp2"), Path(tempfile.mkdtemp(prefix="genai-lab-desk-"))
    try:
        with patch("os.fsync"):  # writing the submissions is not what is measured
            for number in range(students):
                name = f"student{number:04}"
                make_student(folder / "subs" / name, tp2, name, number * 100)
        grade_class(folder / "subs", tp2, folder / "out", language="en")
        with serving(folder / "subs", tp2, folder / "out") as served:
            return times(served, tries)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--tries", type=int, default=20)
    options = parser.parse_args()
    small, large = measure(SMALL, options.tries), measure(options.students, options.tries)
    for name, (first, middle, slowest) in large.items():
        ratio = middle / small[name][1]
        print(
            f"{name:14} {middle:5.0f} ms ({slowest:.0f} at most, {first:.0f} the first), "
            f"{ratio:.1f} times that of {SMALL} students"
        )


if __name__ == "__main__":
    main()

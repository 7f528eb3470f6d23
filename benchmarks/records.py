"""A work folder with many records: how long a look, a save and the student's checks take.

    python -m benchmarks.records [--records 10000]

A look is what each page does: all records, newest first. The first one parses every manifest, later
ones only what is new. Bar: 0.5 seconds for a look at 10,000 records, twice that for a save.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.reading import open_work
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture
from tests.manifests.many import many_records

BAR_SECONDS = 0.5


def seconds(what: Callable[[], object], times: int = 1) -> float:
    """The shortest of some tries."""
    tries = []
    for _ in range(times):
        began = time.perf_counter()
        what()
        tries.append(time.perf_counter() - began)
    return min(tries)


def measure(work: Path, records: int) -> dict[str, float]:
    """The seconds of each thing a lab does with that many records."""
    store, assignment = Store(work, "tp2", "ada"), find_assignment("tp2")
    many_records(store, records)
    return {
        "first look": seconds(store.records),
        "look": seconds(store.records, 5),
        "save": seconds(lambda: store.save(make_draft("more"), make_picture()), 3),
        "look after a save": seconds(store.records),
        "checks": seconds(lambda: check_submission(assignment, open_work(work, "tp2", "ada"), "en")),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=10_000)
    most = parser.parse_args().records
    for records in (most // 100, most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            taken = measure(Path(folder), records)
        print(f"{records:6} records: " + ", ".join(f"{name} {s:.3f} s" for name, s in taken.items()))
    assert taken["look"] <= BAR_SECONDS * most / 10_000, "a look takes too long"
    assert taken["save"] <= 2 * BAR_SECONDS * most / 10_000, "a save takes too long"


if __name__ == "__main__":
    main()

"""Find copies in a class of which some copied: how many are found, how many are false, how long it takes.

    python -m benchmarks.copies [--students 300] [--each 3] [--seed 20261127] [--tuning]

Each of eight ways of copying is planted so many times, among students who draw the same planned pictures,
quote the assignment, say what everybody says, use the teacher's photo or ask the studio for the same
simple thing: every one of them has something in common with others, honestly. `--tuning` takes the
sentences on which thresholds were tuned; they share none with those measured. Bar: of 24 at least 23
found, of the first 30 rows at most 2 false, in 60 s on two cores: grading and finding together, and what
finding alone took.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest.mock import patch

from grading.class_ import grade as grading
from grading.copies.copies import COPIES, Copies
from tests.grading.copies import class_of, words

FIRST = 30


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--keep", type=Path, help="make the class there, or take the one that is there")
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="genai-lab-bench-"))
    try:
        with patch("os.fsync"):  # writing the submissions is not what is measured
            planted = _planted(root, options)
        finding = [0.0, 0.0]
        find = grading.find_copies

        def measured(*arguments: object, **named: object) -> object:
            clock, cpu = time.perf_counter(), time.process_time()
            found = find(*arguments, **named)  # type: ignore[arg-type]
            finding[:] = time.perf_counter() - clock, time.process_time() - cpu
            return found

        before, start = os.times(), time.perf_counter()
        with patch.object(grading, "find_copies", measured):
            grading.grade_class(
                root / "in", class_of.TP2, root / "out", workers=options.workers, language="en"
            )
        seconds, used = time.perf_counter() - start, sum(os.times()[:4]) - sum(before[:4])
        _report(root, planted)
        print(f"graded and compared in {seconds:.1f} s, {used:.1f} s of CPU; load {os.getloadavg()[0]:.1f}")
        print(f"of these, comparing took {finding[0]:.1f} s, {finding[1]:.1f} s of CPU in this process")
    finally:
        if options.keep is None:
            shutil.rmtree(root)


def _planted(root: Path, options: argparse.Namespace) -> dict[tuple[str, str], str]:
    bank = words.TUNING if options.tuning else words.MEASURING
    made = root / "planted.txt"
    if not made.exists():
        start = time.perf_counter()
        planted = class_of.make_class(root / "in", options.students, options.each, options.seed, bank)
        made.write_text("".join(f"{a} {b} {kind}\n" for (a, b), kind in planted.items()))
        print(f"made {options.students} submissions in {time.perf_counter() - start:.0f} s")
    return {(a, b): kind for a, b, kind in (line.split() for line in made.read_text().splitlines())}


def _report(root: Path, planted: dict[tuple[str, str], str]) -> None:
    pairs = Copies.model_validate_json((root / "out" / COPIES).read_bytes()).pairs
    place = {pair.students: number for number, pair in enumerate(pairs, 1)}
    found = Counter(kind for pair, kind in planted.items() if pair in place)
    for pair, kind in sorted(planted.items(), key=lambda each: each[1]):
        row = place.get(pair)
        told = f"row {row}, {pairs[row - 1].kind}, {pairs[row - 1].score}" if row else "not found"
        print(f"  {kind:28} {told}")
    false = [p for p in pairs[:FIRST] if p.students not in planted]
    print(f"found {sum(found.values())} of {len(planted)}; {len(pairs)} rows")
    print(f"of the first {min(FIRST, len(pairs))} rows {len(false)} false")
    for wrong in false:
        told = "; ".join(f"{e.kind} {e.score} ({e.count})" for e in wrong.evidence)
        print(f"  false: row {place[wrong.students]}, {' '.join(wrong.students)}: {told}")


if __name__ == "__main__":
    main()

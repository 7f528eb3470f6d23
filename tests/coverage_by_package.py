"""How much of each package the tests run, from the JSON that `coverage` writes: a page per module is long.

What runs in processes of its own, as labs below a hub and pages in a browser do, is not counted.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path, PurePosixPath

ROOMS_OF = ("grading", "hub", "lab")  # large enough to be told by their folders


def place(file: str) -> str:
    """The package that a file belongs to; of a large one, the folder in it."""
    parts = PurePosixPath(file).parts
    return "/".join(parts[:2]) if parts[0] in ROOMS_OF and len(parts) > 2 else parts[0]


def by_package(report: dict[str, dict[str, dict[str, dict[str, int]]]]) -> dict[str, tuple[int, int]]:
    """Lines that ran, and lines that there are, by package and by folder of the large ones."""
    ran: dict[str, int] = defaultdict(int)
    there: dict[str, int] = defaultdict(int)
    for file, facts in report["files"].items():
        for name in {PurePosixPath(file).parts[0], place(file)}:
            ran[name] += facts["summary"]["covered_lines"]
            there[name] += facts["summary"]["num_statements"]
    return {name: (ran[name], there[name]) for name in sorted(there)}


def main() -> None:
    found = by_package(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    for name, (ran, there) in found.items():
        print(f"{100 * ran / max(1, there):4.0f} %  {there - ran:5} of {there:5} lines not run  {name}")
    ran = sum(ran for name, (ran, _) in found.items() if "/" not in name)
    there = sum(there for name, (_, there) in found.items() if "/" not in name)
    print(f"{100 * ran / max(1, there):4.0f} %  {there - ran:5} of {there:5} lines not run  in all")


if __name__ == "__main__":
    main()

"""What stands in a folder of submissions: one entry per student, whatever it is."""

import os
from pathlib import Path

from grading.class_.collected import INDEX, SUMS, read_lateness
from grading.class_.one import Entry
from grading.submission.names import is_of_a_system, safe_name
from grading.wording import Message, message, shown

COLLECTED = (INDEX, SUMS)  # what `genai-lab cohort collect` writes beside the students' folders
RESERVED = ("grades.csv", "index.html", "grading.log")  # the class's own results, beside the students'


def find_entries(submissions: Path, out: Path) -> list[tuple[Entry, Message | None]]:
    """Every folder and zip by name, each with what makes it impossible to grade, if anything does.

    Hidden files, what systems and archivers add, what `collect` says of the whole class, and the results'
    folder are not submissions. Raises ValueError if what `collect` wrote cannot be read.
    """
    lateness = read_lateness(submissions)
    found: list[tuple[Entry, Message | None]] = []
    taken, names = list(RESERVED), set()
    with os.scandir(submissions) as scan:
        listed = sorted(scan, key=lambda e: (e.name.removesuffix(".zip"), e.name))
    for each in listed:
        if is_of_a_system(each.name) or each.name in COLLECTED or Path(each.path).resolve() == out.resolve():
            continue
        name = shown(os.fsencode(each.name.removesuffix(".zip")).decode("utf-8", "backslashreplace"))
        folder = safe_name(name, taken)
        problem = _problem(each, name) or (message("submission.twice") if name in names else None)
        found.append((Entry.of(Path(each.path), name, folder, lateness.get(each.name)), problem))
        taken.append(folder)
        names.add(name)
    return found


def _problem(entry: os.DirEntry[str], name: str) -> Message | None:
    if entry.is_symlink():
        return message("submission.link", file=name)
    if entry.is_dir(follow_symlinks=False):
        return None
    if entry.is_file(follow_symlinks=False) and entry.name.endswith(".zip"):
        return None
    return message("submission.not_a_folder", file=name)

"""What stands in a folder of submissions: one entry per student, whatever it is."""

import os
from collections.abc import Collection
from itertools import count
from pathlib import Path

from grading.class_.collected import INDEX, SUMS, lateness_in, read_collection
from grading.class_.one import Entry
from grading.copies.copies import COPIES, PAGE
from grading.marks.lines import LINES
from grading.marks.store import FILE as STORE
from grading.marks.table import MARKS, OPEN
from grading.submission.locating import is_zip, no_folder_or_zip, without_zip
from grading.submission.names import is_of_a_system, safe_name
from grading.wording import MAX_SHOWN, Message, message, shown

CHANGES = "changes.html"
COLLECTED = (INDEX, SUMS)  # what `genai-lab cohort collect` writes beside the students' folders
# the class's own results, beside the students'
RESERVED = (
    "grades.csv", MARKS, OPEN, STORE, LINES, "index.html", CHANGES, "grading.log", COPIES, PAGE
)  # fmt: skip


def find_entries(submissions: Path, out: Path) -> list[tuple[Entry, Message | None]]:
    """Every folder and zip by name, each with what makes it impossible to grade, if anything does.

    Hidden files, what systems and archivers add, what `collect` says of the whole class, and the results'
    folder are not submissions. Raises ValueError if what `collect` wrote cannot be read.
    """
    collection = read_collection(submissions)
    lateness = lateness_in(collection, submissions) if collection else {}
    collected = collection.students if collection else {}
    found: list[tuple[Entry, Message | None]] = []
    taken = list(RESERVED)
    shown_names: set[str] = set()
    students: set[str] = set()
    results = os.path.realpath(out)
    with os.scandir(submissions) as scan:
        listed = sorted(scan, key=lambda e: (without_zip(e.name), e.name))
    for each in listed:
        if is_of_a_system(each.name) or each.name in COLLECTED or os.path.realpath(each.path) == results:
            continue
        student = without_zip(each.name)
        name = _told_apart(student, shown_names)
        folder = safe_name(name, taken)
        problem = _problem(each, name) or (message("submission.twice") if student in students else None)
        entry = Entry.of(Path(each.path), name, folder, lateness.get(each.name), collected.get(each.name))
        found.append((entry, problem))
        taken.append(folder)
        shown_names.add(name)
        students.add(student)
    return found


def _told_apart(student: str, taken: Collection[str]) -> str:
    """A submission's name as it is shown; one that looks like an earlier one gets a number."""
    name = shown(os.fsencode(student).decode("utf-8", "backslashreplace"))
    if name not in taken:
        return name
    cut = shown(name, MAX_SHOWN - 7)
    return next(numbered for n in count(2) if (numbered := f"{cut} ({n})") not in taken)


def _problem(entry: os.DirEntry[str], name: str) -> Message | None:
    if entry.is_symlink():
        return message("submission.link", file=name)
    if entry.is_dir(follow_symlinks=False):
        return None
    if entry.is_file(follow_symlinks=False) and is_zip(entry.name):
        return None
    return no_folder_or_zip(name)

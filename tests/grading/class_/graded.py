"""What a graded class is asked about: its table and its grades."""

import csv
from pathlib import Path

from grading.results import Grade


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def by_name(grades: list[Grade]) -> dict[str, Grade]:
    return {grade.student: grade for grade in grades}

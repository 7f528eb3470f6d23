"""Strict readers of what is exported, each after the rules of its platform, which stand first.

They refuse what the platform would refuse, and do what it would do with the rest.
"""

import csv
import io
import json
import re
from dataclasses import dataclass


class RefusedError(Exception):
    """The platform takes nothing of the file."""


@dataclass
class Canvas:
    """Canvas's gradebook import.

    1. The delimiter is guessed from the first three lines: `;` if its count is the same in each of them and
       above that of `,`.
    2. The first column's title contains `Student`, the second is `ID`, there are more than three, and the
       last of the student columns contains `Section`.
    3. A line whose first cell contains `Points Possible` holds maxima.
    4. Of any number, ids too, the last comma or point is the decimal sign.
    5. A student is found by ID, then SIS User ID, then login; whoever is not found is offered as a new one.
    6. `EX` excuses; an empty cell over a score takes it away.
    """

    by_id: dict[int, str]

    def read(self, data: bytes) -> tuple[str, dict[str, float | str | None]]:
        text = data.decode("utf-8-sig")
        lines = text.splitlines()[:3]
        semicolons = {line.count(";") for line in lines}
        wins = len(semicolons) == 1 and all(line.count(";") > line.count(",") for line in lines)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if wins else ",", strict=True))
        header = rows[0]
        sections = [i for i, name in enumerate(header) if "Section" in name]
        if "Student" not in header[0] or header[1] != "ID" or len(header) <= 3 or not sections:
            raise RefusedError("header")
        last = sections[0]
        if len(header) != last + 2:
            raise RefusedError("one assignment was exported")
        found: dict[str, float | str | None] = {}
        for row in rows[1:]:
            if len(row) != len(header):
                raise RefusedError("ragged")
            if "Points Possible" in row[0]:
                continue
            number = self.number(row[1])
            if number is None or number != int(number) or int(number) not in self.by_id:
                raise RefusedError(f"a new student would be offered: {row}")
            cell = row[-1]
            found[self.by_id[int(number)]] = "EX" if cell == "EX" else self.number(cell) if cell else None
        return header[-1], found

    @staticmethod
    def number(cell: str) -> float | None:
        match = re.fullmatch(r"\s*([+-]?[\d.,]*?)(?:[.,](\d*))?\s*", cell)
        if match is None or not cell.strip():
            return None
        return float(re.sub(r"[.,]", "", match[1] or "0") + "." + (match[2] or "0"))


@dataclass
class MoodleImport:
    """Moodle's import of grades from CSV.

    1. Commas, UTF-8; the first column names users, each of whom must be there once.
    2. One unknown user, or one value that is no number, and nothing at all is imported. `-` and empty are no
       grade. A number's decimal sign may be the site's or a point.
    3. A number above the maximum fails.
    """

    users: set[str]
    maximum: float = 100
    sign: str = "."

    def read(self, data: bytes) -> dict[str, float]:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
        found: dict[str, float] = {}
        for row in rows[1:]:
            if len(row) != len(rows[0]):
                raise RefusedError("ragged")
            who, cell = row
            if who not in self.users or who in found:
                raise RefusedError(f"user {who}")
            if cell in ("", "-"):
                continue
            try:
                found[who] = float(cell.replace(" ", "").replace(self.sign, "."))
            except ValueError:
                raise RefusedError(f"value {cell}") from None
            if found[who] > self.maximum:
                raise RefusedError(f"above {self.maximum}")
        return found


@dataclass
class MoodleWorksheet:
    """Moodle's import of the offline grading worksheet.

    1. Commas, UTF-8; every header is one that the site wrote, in its language and its order.
    2. The first cell is the site's word for a participant and a number; an unknown one is passed over.
    3. A line whose last modification is not the one the site knows is not imported.
    4. The grade is a number with the site's decimal sign, or empty for no change.
    """

    sent: bytes
    grade: int
    sign: str

    def read(self, data: bytes) -> dict[str, float]:
        if data.startswith(b"\xef\xbb\xbf") != self.sent.startswith(b"\xef\xbb\xbf"):
            raise RefusedError("byte order mark")
        before, after = (
            list(csv.reader(io.StringIO(d.decode("utf-8-sig"), newline=""), strict=True))
            for d in (self.sent, data)
        )
        if before[0] != after[0] or len(before) != len(after):
            raise RefusedError("headers or lines")
        found: dict[str, float] = {}
        for old, new in zip(before[1:], after[1:], strict=True):
            kept = [i for i in range(len(old)) if i not in (1, self.grade)]
            if [old[i] for i in kept] != [new[i] for i in kept]:
                raise RefusedError(f"changed: {old} {new}")
            if new[self.grade] != old[self.grade]:
                other = "." if self.sign == "," else ","
                if other in new[self.grade]:
                    raise RefusedError("decimal sign")
                found[new[0]] = float(new[self.grade].replace(self.sign, "."))
        return found


class Gradescope:
    """Gradescope's autograder result.

    1. UTF-8 JSON; a score at the top, or in every test; numbers, not text.
    2. `visibility` is one of four words, `status` of two; no other keys than the known.
    """

    TOP = frozenset(
        {
            "score",
            "max_score",
            "output",
            "visibility",
            "tests",
            "extra_data",
            "execution_time",
            "stdout_visibility",
        }
    )
    TEST = frozenset(
        {
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "tags",
            "visibility",
            "extra_data",
        }
    )
    VISIBLE = frozenset({"visible", "hidden", "after_due_date", "after_published"})

    def read(self, data: bytes) -> float:
        document = json.loads(data, parse_constant=lambda name: (_ for _ in ()).throw(RefusedError(name)))
        if not set(document) <= self.TOP or document.get("visibility", "visible") not in self.VISIBLE:
            raise RefusedError("top")
        for test in document["tests"]:
            if not set(test) <= self.TEST or test.get("visibility", "visible") not in self.VISIBLE:
                raise RefusedError("test")
            if test["status"] not in ("passed", "failed") or isinstance(test["score"], str | bool):
                raise RefusedError("test")
        score = document["score"]
        if isinstance(score, str | bool) or score is None:
            raise RefusedError("score")
        return float(score)

"""`pushed.jsonl`, beside the grades: each score sent to a platform, one line before and one after.

A score that was taken is never sent again. One of which only the first line is there (the network or the
machine failed between) is sent with the time of that line, so that a platform that has it takes it for
the same.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from grading.gradebook.errors import GradebookError
from manifests.reader import read_regular_file

LOG = "pushed.jsonl"
MAX_BYTES = 64 * 2**20

State = Literal["sending", "sent", "refused"]


class Line(BaseModel):
    """One line. `time` is the score's own, the same in both lines; `answer` is what the platform said."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: State
    time: AwareDatetime
    student: str
    user_id: str
    lineitem: str
    score: float
    maximum: float
    answer: str = ""

    @property
    def what(self) -> tuple[str, str, float, float]:
        """The same for two lines of one score."""
        return self.lineitem, self.user_id, self.score, self.maximum


class PushLog:
    """What was sent from a folder of grades. One process at a time holds it."""

    def __init__(self, grades: Path) -> None:
        self._path = grades / LOG
        self._last: dict[tuple[str, str], Line] = {}
        self._newest = datetime.fromtimestamp(0, UTC)
        if self._path.exists():
            for number, text in enumerate(self._lines(), 1):
                try:
                    self._remember(Line.model_validate_json(text))
                except ValidationError as error:
                    raise GradebookError("gradebook.bad_log", file=LOG, line=number) from error

    def next(self, student: str, user_id: str, lineitem: str, score: float, maximum: float) -> Line | None:
        """The line with which to send a score now; None if the platform has it."""
        now = max(datetime.now(UTC), self._newest)
        line = Line(
            state="sending",
            time=now,
            student=student,
            user_id=user_id,
            lineitem=lineitem,
            score=score,
            maximum=maximum,
        )
        last = self._last.get((lineitem, user_id))
        if last is not None and last.what == line.what:
            if last.state == "sent":
                return None
            if last.state == "sending":
                return last
        return line

    def is_open(self, line: Line) -> bool:
        """Whether it was begun before, and nobody knows what became of it."""
        return self._last.get((line.lineitem, line.user_id)) == line

    def write(self, line: Line) -> None:
        """Append and sync: what is not in the log was not sent."""
        with self._path.open("ab") as file:
            file.write((json.dumps(line.model_dump(mode="json"), ensure_ascii=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        self._remember(line)

    def _remember(self, line: Line) -> None:
        self._last[line.lineitem, line.user_id] = line
        self._newest = max(self._newest, line.time)

    def _lines(self) -> list[bytes]:
        """Whole lines; half of one, where the machine died, was never sent."""
        lines = read_regular_file(self._path, MAX_BYTES).split(b"\n")
        if lines[-1]:
            with self._path.open("r+b") as file:
                file.truncate(sum(len(line) + 1 for line in lines[:-1]))
        return [line for line in lines[:-1] if line.strip()]

"""`budgets.toml`: what the class may spend, as its instructor decides. Read anew whenever it has changed.

Rule: while it is missing or wrong, nothing that costs is sent; the log says what is wrong. So no slip of the
pen lets a class spend without bound. What the instructors' page changes leaves every other line as it is.
"""

import hashlib
import logging
import threading
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exercises.errors import UserError
from exercises.faults import faults
from exercises.toml_file import TomlFile
from lab.providers.errors import NoBudgets
from lab.providers.prices import micros
from lab.providers.settings import Budget, ProviderSettings
from lab.providers.spending import BudgetLimits
from manifests.atomic import write_atomic

log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
FIRST = {"class": Decimal(20), "student": Decimal(2), "day": Decimal(1)}  # of a gateway nobody told
Name = Annotated[str, Field(min_length=1, max_length=255)]
HEAD = """\
# What the class may spend on models behind an API, in the currency of the providers' file. It counts with the
# next call. Leave a line out for no limit of that kind.
"""
TAIL = """
[groups]        # what each group has together, by the Hub's name of it
# "master-1" = 10.00

[students]      # those who have another limit than `student`
# "jane.doe" = 5.00
"""


class BudgetsChanged(Exception):
    """Somebody else changed the file since it was read."""


class Budgets(BaseModel):
    """What the file says, in the unit of the currency; None is no limit."""

    model_config = ConfigDict(extra="forbid")

    class_: Budget | None = Field(default=None, alias="class")  # all together
    student: Budget | None = None  # each, in all
    day: Budget | None = None  # each, in a day
    groups: Annotated[dict[Name, Budget], Field(max_length=2000)] = {}
    students: Annotated[dict[Name, Budget], Field(max_length=5000)] = {}

    def limits(self) -> BudgetLimits:
        student, class_, day = (
            None if budget is None else micros(budget) for budget in (self.student, self.class_, self.day)
        )
        groups = {name: micros(budget) for name, budget in self.groups.items()}
        students = {name: micros(budget) for name, budget in self.students.items()}
        return BudgetLimits(student, class_, day, groups, students)


class BudgetFile:
    """The limits that hold now: `Ledger` asks for them with each call. Safe in threads."""

    def __init__(self, file: Path) -> None:
        self.file, self._lock = file, threading.Lock()
        self._read_at: tuple[int, int, int] | None = None
        self._limits: BudgetLimits | None = None
        if not file.exists():
            self._write_first()

    def __call__(self) -> BudgetLimits:
        """Raises NoBudgets."""
        with self._lock:
            try:
                status = self.file.stat()
            except OSError:
                changed = None
            else:
                changed = (status.st_mtime_ns, status.st_size, status.st_ino)
            if changed is None or changed != self._read_at:
                self._limits, self._read_at = self._read(), changed
            if self._limits is None:
                raise NoBudgets
            return self._limits

    def read(self) -> tuple[Budgets, str]:
        """What the file says, and which version of it that is. Raises UserError with file, line and field."""
        version = self._version()  # before the text: a change in between is then seen by `write`
        found = TomlFile.read(self.file, MAX_BYTES)
        try:
            return Budgets.model_validate(found.data), version
        except ValidationError as error:
            raise found.fault(faults(error, found.data)[0]) from error

    def write(self, budgets: Budgets, version: str) -> None:
        """Make the file say this; its other lines and comments stay. Raises BudgetsChanged, UserError."""
        with self._lock:
            if version != self._version():
                raise BudgetsChanged
            self.read()  # a file that is wrong is put right by hand: what was meant nobody here can know
            document = tomlkit.parse(self.file.read_text(encoding="utf-8-sig"))
            said = budgets.model_dump(by_alias=True)
            for name in ("class", "student", "day"):
                _put(document, name, said[name])
            for table in ("groups", "students"):
                own: Any = document.setdefault(table, tomlkit.table())
                for name in {*own, *said[table]}:
                    _put(own, name, said[table].get(name))
            write_atomic(self.file, tomlkit.dumps(document).encode(), mode=0o600)

    def _version(self) -> str:
        try:
            return hashlib.sha256(self.file.read_bytes()).hexdigest()
        except OSError:
            return ""

    def _read(self) -> BudgetLimits | None:
        try:
            return self.read()[0].limits()
        except UserError as error:
            log.error("The budgets cannot be read, and nothing that costs is sent: %s", error)
            return None

    def _write_first(self) -> None:
        """With the budgets of the settings (`GENAI_BUDGET_…`), where there are any."""
        told = ProviderSettings()
        said = {"class": told.budget_class, "student": told.budget_student, "day": told.budget_day}
        named = {name: budget for name, budget in said.items() if budget is not None} or FIRST
        lines = "".join(f"{name} = {budget:f}\n" for name, budget in named.items())
        write_atomic(self.file, f"{HEAD}{lines}{TAIL}".encode(), mode=0o600)


def _put(table: Any, name: str, budget: Decimal | None) -> None:
    """One line of the file: changed where its number is another one, taken out where there is no limit."""
    if budget is None:
        table.pop(name, None)
    elif name not in table or Decimal(str(table[name])) != budget:
        table[name] = tomlkit.float_(f"{budget:f}" if "." in f"{budget:f}" else f"{budget:f}.0")

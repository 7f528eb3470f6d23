"""Under whose account a student's job runs, and where its files lie.

Either everyone's jobs are the hub's own, with a home for each student in one folder; or each job is
its student's, by sudo. Then the hub's account may run `sbatch` and `scancel` as any student.
"""

import os
import pwd
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

FIRST = 1000  # below are the system's own accounts: no student is one of them


class NoAccount(Exception):
    """The student has no account of their own on this machine."""


class Account(ABC):
    """Of one student. `trusted`: no one else writes in that home, so the hub may read what lies there."""

    trusted: ClassVar[bool]

    @property
    @abstractmethod
    def name(self) -> str:
        """The account's own name. Raises NoAccount."""

    @property
    @abstractmethod
    def home(self) -> Path:
        """Raises NoAccount."""

    @abstractmethod
    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        """What the hub runs to have `argv` run by the account, with these variables. Raises NoAccount."""

    def variables(self) -> dict[str, str]:
        """What a job is told of itself. Raises NoAccount."""
        home = str(self.home)
        name = self.name
        return {"USER": name, "LOGNAME": name, "HOME": home, "SHELL": "/bin/sh", "GENAI_WORK": f"{home}/work"}


class HubAccount(Account):
    """The hub's own, for all students alike."""

    trusted = True

    def __init__(self, folder: Path) -> None:
        self._home = folder

    @property
    def name(self) -> str:
        return pwd.getpwuid(os.getuid()).pw_name

    @property
    def home(self) -> Path:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._home

    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        return argv


class OwnAccount(Account):
    """The student's, of the same name as they logged in with; what looks like a log there may be a link."""

    trusted = False

    def __init__(self, student: str) -> None:
        self._student = student

    def _entry(self) -> pwd.struct_passwd:
        try:
            entry = pwd.getpwnam(self._student)
        except KeyError as error:
            raise NoAccount(self._student) from error
        if entry.pw_uid < FIRST:
            raise NoAccount(self._student)
        return entry

    @property
    def name(self) -> str:
        return self._entry().pw_name

    @property
    def home(self) -> Path:
        return Path(self._entry().pw_dir)

    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        """Names of variables stand on the command line, their values stay in the environment."""
        names = ",".join(sorted(env))
        return ["sudo", "--non-interactive", f"--user={self.name}", f"--preserve-env={names}", "--", *argv]

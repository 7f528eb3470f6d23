"""Under whose account a student's job runs, and where its files are.

With `GENAI_HUB_SLURM_ACCOUNTS=hub` all jobs run as the hub's own account, with one home per student in
a common folder. With `students` each job runs as its student's account, by sudo; the hub's account must
then be allowed to run `sbatch` and `scancel` as any student.
"""

import os
import pwd
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

FIRST_STUDENT_UID = 1000  # smaller numbers belong to the system's own accounts


class NoAccount(Exception):
    """The student has no account of their own on this machine."""


class Account(ABC):
    """The account that runs one student's jobs.

    If `trusted`, nobody else writes in its home, so the hub may read the files there.
    """

    trusted: ClassVar[bool]

    @property
    @abstractmethod
    def name(self) -> str:
        """The account's name. Raises NoAccount."""

    @property
    @abstractmethod
    def home(self) -> Path:
        """The account's home folder. Raises NoAccount."""

    @abstractmethod
    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        """Return the command by which the hub runs `argv` as this account. Raises NoAccount."""

    def variables(self) -> dict[str, str]:
        """Return the variables that tell a job its account and folders. Raises NoAccount."""
        home = str(self.home)
        name = self.name
        return {"USER": name, "LOGNAME": name, "HOME": home, "SHELL": "/bin/sh", "GENAI_WORK": f"{home}/work"}


class HubAccount(Account):
    """The hub's own account, which runs the jobs of all students."""

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


class StudentAccount(Account):
    """The student's own account, which has the name they logged in with.

    It is not trusted: a file there that looks like a log may be a link to somebody else's file.
    """

    trusted = False

    def __init__(self, student: str) -> None:
        self._student = student

    def _entry(self) -> pwd.struct_passwd:
        try:
            entry = pwd.getpwnam(self._student)
        except KeyError as error:
            raise NoAccount(self._student) from error
        if entry.pw_uid < FIRST_STUDENT_UID:
            raise NoAccount(self._student)
        return entry

    @property
    def name(self) -> str:
        return self._entry().pw_name

    @property
    def home(self) -> Path:
        return Path(self._entry().pw_dir)

    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        """Run `argv` by sudo. The command line holds only the variables' names, never their values."""
        names = ",".join(sorted(env))
        return ["sudo", "--non-interactive", f"--user={self.name}", f"--preserve-env={names}", "--", *argv]

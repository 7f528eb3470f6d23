"""A student's choice, and what is handed to `sbatch` for it.

All that differs from job to job stands in arguments, each a list item of its own and made of checked
values; the script is the same for all. So there is nothing to quote and nothing to inject into.
The lab's variables, its token among them, travel in `sbatch`'s own environment: neither `ps` nor
`scontrol show job` nor `squeue` shows them, and Slurm keeps them where only its own account reads.
"""

import shlex
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from exercises.i18n import Language, nearest_language
from hub.slurm.settings import NONE, SlurmSettings

JOB_NAME = "genai-lab"  # everyone on a cluster sees the names of all jobs: no student's name in it
LOG = ".genai-lab.log"  # in the student's home; each job begins it anew


Value = TypeVar("Value", str, int)


class ChoiceRefused(ValueError):
    """A value that is not on offer; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Choice(BaseModel):
    """What a student asked for: values out of the settings' lists, and the language they asked in."""

    model_config = ConfigDict(frozen=True)

    partition: str
    minutes: int
    memory: int  # gigabytes
    gres: str
    language: Language


def choose(options: Mapping[str, object], settings: SlurmSettings, language: Language) -> Choice:
    """The choice out of a form's fields or of what came through the Hub's API, both untrusted.

    What is missing is the first of its list; other keys mean nothing. Raises ChoiceRefused.
    """
    asked = _single(options.get("language"))
    # how the cohort tools say that a lab is started for no work of the student's
    without_card = options.get("gpu") == NONE and NONE in settings.gres
    return Choice(
        partition=_one_of(options, "partition", settings.partitions),
        minutes=_one_of(options, "minutes", settings.minutes),
        memory=_one_of(options, "memory", settings.memory),
        gres=NONE if without_card else _one_of(options, "gres", settings.gres),
        language=nearest_language(asked) if isinstance(asked, str) else language,
    )


def _one_of(options: Mapping[str, object], field: str, offered: tuple[Value, ...]) -> Value:
    """The offered value itself, never the asked one."""
    asked = _single(options.get(field))
    if asked is None:
        return offered[0]
    for value in offered:
        if isinstance(asked, str | int) and str(asked) == str(value):
            return value
    raise ChoiceRefused(field)


def _single(asked: object) -> object:
    """A form gives lists of one string, the Hub's API the value itself."""
    return asked[0] if isinstance(asked, list) and len(asked) == 1 else asked


def sbatch_arguments(choice: Choice, settings: SlurmSettings, home: str) -> list[str]:
    """The options of `sbatch` for one lab."""
    chosen = {
        "job-name": JOB_NAME,
        "chdir": home,
        "output": LOG,
        "open-mode": "truncate",
        "export": "ALL",  # of sbatch's environment, which holds the lab's variables and nothing else
        "partition": choice.partition,
        "time": choice.minutes,
        "mem": f"{choice.memory}G",
        "nodes": 1,
        "ntasks": 1,
        "cpus-per-task": settings.cpus,
        "gres": None if choice.gres == NONE else choice.gres,
        "account": settings.account,
        "qos": settings.qos,
        "reservation": settings.reservation,
    }
    return [
        "--parsable",
        "--no-requeue",  # started a second time, a lab would be one that nobody waits for
        *(f"--{option}={value}" for option, value in chosen.items() if value is not None),
    ]


def script(settings: SlurmSettings) -> str:
    """What the job runs: the instructor's lines, then the lab's launcher in place of the shell."""
    launcher = shlex.join([str(settings.python), "-P", "-m", "hub.slurm.launch"])
    return f"#!/bin/sh\n{settings.setup}\nexec {launcher}\n"

"""A student's choice, and the arguments and script that `sbatch` gets for it.

Everything that differs between jobs is passed as arguments, each one a list item made of checked values.
The script is the same for all jobs, so there is nothing to quote and nothing to inject into. The lab's
variables, including its token, are passed in the environment of `sbatch`: `ps`, `scontrol show job` and
`squeue` do not show them, and Slurm stores them where only its own account can read.
"""

import shlex
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from exercises.i18n import Language, nearest_language
from hub.spawners.slurm.settings import NONE, SlurmSettings

JOB_NAME = "genai-lab"  # everyone on a cluster sees all jobs' names, so it does not hold a student's name
LOG = ".genai-lab.log"  # in the student's home; each job overwrites it

Value = TypeVar("Value", str, int)


class ChoiceRefused(ValueError):
    """A value that the instructor does not offer. `field` is the name of its field."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Choice(BaseModel):
    """The resources a student asked for, each from the settings' lists, and the student's language."""

    model_config = ConfigDict(frozen=True)

    partition: str
    minutes: int
    memory: int  # gigabytes
    gres: str
    language: Language


def choice_from_options(options: Mapping[str, object], settings: SlurmSettings, language: Language) -> Choice:
    """Check untrusted options, which come from the form or through the Hub's API. Raises ChoiceRefused.

    A missing field gets the first value of its list, and unknown fields are ignored.
    """
    asked_language = _single(options.get("language"))
    # The cohort tools set this when they start a lab only to collect work.
    without_card = options.get("gpu") == NONE and NONE in settings.gres
    return Choice(
        partition=_one_of(options, "partition", settings.partitions),
        minutes=_one_of(options, "minutes", settings.minutes),
        memory=_one_of(options, "memory", settings.memory),
        gres=NONE if without_card else _one_of(options, "gres", settings.gres),
        language=nearest_language(asked_language) if isinstance(asked_language, str) else language,
    )


def _one_of(options: Mapping[str, object], field: str, offered: tuple[Value, ...]) -> Value:
    """Return the offered value that equals the option, so that the option itself is never used."""
    option = _single(options.get(field))
    if option is None:
        return offered[0]
    for value in offered:
        if isinstance(option, str | int) and str(option) == str(value):
            return value
    raise ChoiceRefused(field)


def _single(option: object) -> object:
    """Unpack an option: a form gives lists of one string, the Hub's API gives the value itself."""
    return option[0] if isinstance(option, list) and len(option) == 1 else option


def sbatch_arguments(choice: Choice, settings: SlurmSettings, home: str) -> list[str]:
    """Return the options of `sbatch` for one lab."""
    options = {
        "job-name": JOB_NAME,
        "chdir": home,
        "output": LOG,
        "open-mode": "truncate",
        "export": "ALL",  # the environment of sbatch holds only the lab's variables
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
        "--no-requeue",  # nobody would wait for a lab that Slurm starts a second time
        *(f"--{option}={value}" for option, value in options.items() if value is not None),
    ]


def script(settings: SlurmSettings) -> str:
    """Return the job's script: the instructor's lines, then the lab's launcher in place of the shell."""
    launcher = shlex.join([str(settings.python), "-P", "-m", "hub.spawners.slurm.launch"])
    return f"#!/bin/sh\n{settings.setup}\nexec {launcher}\n"

"""Tells each lab, when it starts, which assignments its student has, from when and until when.

A student has the assignments for which a group of theirs has a deadline (`genai-lab cohort deadline`); one
may open at a later moment, for which the lab watches the clock. While none of their groups has any, the lab
is told nothing, and offers all assignments.
"""

import json
from typing import Any

from traitlets.config import Config

from hub.cohort.client import Group
from hub.cohort.deadlines import Dates, dates_for
from hub.settings import HubSettings

VARIABLE = "GENAI_OPEN"  # of `lab.session.settings`


def configure(c: Config, settings: HubSettings) -> None:
    c.Spawner.pre_spawn_hook = tell_open


def tell_open(spawner: Any) -> None:
    """Before a lab starts: its environment says which assignments there are, and their dates."""
    groups = [
        Group(name=group.name, users=[spawner.user.name], properties=group.properties or {})
        for group in spawner.user.groups
    ]
    dates = dates_for(spawner.user.name, groups)
    others = {name: value for name, value in spawner.environment.items() if name != VARIABLE}
    spawner.environment = {**others, **({VARIABLE: written(dates)} if dates else {})}


def written(dates: dict[str, Dates]) -> str:
    """The dates as the lab reads them: a deadline alone where the assignment is open at once."""
    return json.dumps(
        {
            assignment: due.isoformat()
            if opens is None
            else {"opens": opens.isoformat(), "due": due.isoformat()}
            for assignment, (opens, due) in dates.items()
        }
    )

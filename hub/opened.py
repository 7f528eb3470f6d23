"""Tells each lab, when it starts, which assignments are open to its student and until when.

An assignment is open to a student once a group of theirs has a deadline for it (`genai-lab cohort deadline`).
While none of their groups has any, the lab is told nothing, and offers all assignments.
"""

import json
from datetime import datetime
from typing import Any

from traitlets.config import Config

from hub.cohort.client import Group
from hub.cohort.deadlines import deadlines_for
from hub.settings import HubSettings

VARIABLE = "GENAI_OPEN"  # of `lab.session.settings`


def configure(c: Config, settings: HubSettings) -> None:
    c.Spawner.pre_spawn_hook = tell_open


def tell_open(spawner: Any) -> None:
    """Before a lab starts: its environment says what is open now."""
    groups = [
        Group(name=group.name, users=[spawner.user.name], properties=group.properties or {})
        for group in spawner.user.groups
    ]
    due = deadlines_for(spawner.user.name, groups)
    others = {name: value for name, value in spawner.environment.items() if name != VARIABLE}
    spawner.environment = {**others, **({VARIABLE: written(due)} if due else {})}


def written(due: dict[str, datetime]) -> str:
    """The deadlines as the lab reads them."""
    return json.dumps({assignment: moment.isoformat() for assignment, moment in due.items()})

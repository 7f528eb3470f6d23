"""What Slurm's states and expectations mean, in words for a student."""

from datetime import datetime

from exercises.i18n import Translate

UNKNOWN = "UNKNOWN"  # Slurm remembers the job no longer
HUB_RESTARTED = "HUB_RESTARTED"  # ours: the job was withdrawn

WHY = {
    "TIMEOUT": "time",
    "DEADLINE": "time",
    "OUT_OF_MEMORY": "memory",
    "NODE_FAIL": "node",
    "BOOT_FAIL": "node",
    "PREEMPTED": "preempted",
    "REVOKED": "cancelled",
    "CANCELLED": "cancelled",
    "FAILED": "crashed",
    "COMPLETED": "completed",
    HUB_RESTARTED: "hub_restarted",
    UNKNOWN: "unknown",
}


def why(t: Translate, state: str) -> str:
    """Why a job ended, as a sentence; a state we do not know is named."""
    return t(f"slurm.why_{WHY.get(state, 'other')}", state=state)


def waiting(t: Translate, position: int, start: datetime | None, reason: str) -> str:
    """A place in the queue, the start Slurm expects where it does, and Slurm's own word for the reason."""
    if start is None:
        return t("slurm.waiting", position=position, reason=reason)
    return t("slurm.waiting_until", position=position, reason=reason, at=clock(t, start))


def clock(t: Translate, moment: datetime) -> str:
    """A time of day of the hub's clock, with the date where it is not today."""
    today = datetime.now(moment.tzinfo).date()
    key = "slurm.clock" if moment.date() == today else "slurm.clock_on_day"
    return t(key, moment=moment)

"""What Slurm's states and expectations mean, in words for a student."""

from datetime import datetime

from exercises.i18n import Translate

UNKNOWN = "UNKNOWN"  # Slurm remembers the job no longer
HUB_RESTARTED = "HUB_RESTARTED"  # ours: the job was withdrawn

NO_REASON = ("None", "(null)", "")  # Slurm has not looked at the job yet

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
    key = "slurm.waiting" if start is None else "slurm.waiting_until"
    said = t(key, position=position, at=clock(t, start) if start else "")
    return said if reason in NO_REASON else f"{said} {t('slurm.reason', reason=reason)}"


def clock(t: Translate, moment: datetime) -> str:
    """A time of day of the hub's clock, with the date where it is not today."""
    today = datetime.now(moment.tzinfo).date()
    key = "slurm.clock" if moment.date() == today else "slurm.clock_on_day"
    return t(key, moment=moment)

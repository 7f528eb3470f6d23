"""What Slurm's job states and its queue mean, in sentences for a student."""

from datetime import datetime
from typing import Any

from exercises.i18n import Translate
from hub.spawners.slurm.queue import Job, Snapshot

UNKNOWN_STATE = "UNKNOWN"  # Slurm no longer remembers the job
HUB_RESTARTED = "HUB_RESTARTED"  # not a state of Slurm's: the hub withdrew the job after a restart

NO_REASON = ("None", "(null)", "")  # what squeue shows before Slurm has considered the job

# Keys of the texts `slurm.why_…`, by the state in which a job ended.
END_TEXTS = {
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
    UNKNOWN_STATE: "unknown",
}


def end_message(t: Translate, state: str) -> str:
    """Explain why a job ended. A state that is not in the table is shown by its name."""
    return t(f"slurm.why_{END_TEXTS.get(state, 'other')}", state=state)


def progress_event(t: Translate, snapshot: Snapshot, job: Job | None) -> dict[str, Any]:
    """Return what the waiting page shows. `position` is the place in the queue, where 1 is next."""
    if job is None or not job.waiting:
        return {"progress": 60, "message": t("slurm.starting")}
    if job.held:
        return {"progress": 10, "message": t("slurm.held", reason=job.reason)}
    position = snapshot.position(job)
    message = queue_message(t, position, job.start, job.reason)
    return {"progress": 10, "message": message, "position": position}


def queue_message(t: Translate, position: int, start: datetime | None, reason: str) -> str:
    """Tell the place in the queue, the expected start if Slurm knows one, and why Slurm lets the job wait."""
    key = "slurm.waiting" if start is None else "slurm.waiting_until"
    message = t(key, position=position, at=time_of_day(t, start) if start else "")
    return message if reason in NO_REASON else f"{message} {t('slurm.reason', reason=reason)}"


def time_of_day(t: Translate, moment: datetime) -> str:
    """Write a time by the hub's clock, with the date unless it is today."""
    today = datetime.now(moment.tzinfo).date()
    key = "slurm.clock" if moment.date() == today else "slurm.clock_on_day"
    return t(key, moment=moment)

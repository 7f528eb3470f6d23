"""Says in words whether work came in time."""

from exercises.i18n import Translator, listed
from grading.results import Lateness


def lateness_words(lateness: Lateness | None, t: Translator) -> str:
    """`in time` or `late by …`, to the minute; empty where there was no deadline."""
    if lateness is None or lateness.due is None:
        return ""
    if not lateness.late_seconds:
        return t("late.in_time")
    hours, minutes = divmod(max(1, lateness.late_seconds // 60), 60)
    days, hours = divmod(hours, 24)
    return t("late.late", days=days, hours=hours, minutes=minutes)


def times_words(lateness: Lateness | None, t: Translator) -> str:
    """When the work was handed in, last changed and due, each in local time; empty where nothing is known."""
    if lateness is None:
        return ""
    times = {"handed_in": lateness.handed_in, "changed": lateness.changed, "due": lateness.due}
    said = [
        t(f"late.{name}", time=f"{time.astimezone():%Y-%m-%d %H:%M}") if time else t(f"late.no_{name}")
        for name, time in times.items()
    ]
    return listed(said, t.language)

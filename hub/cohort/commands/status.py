"""`genai-lab cohort status`: the class at a glance."""

from datetime import datetime

from exercises.i18n import Translate, preferred_language
from exercises.loader import find_assignment
from grading.commands import DEFAULT_ASSIGNMENT
from grading.report import number_format
from hub.cohort.client import Hub
from hub.cohort.commands.common import (
    AsJson,
    HubUrl,
    InGroup,
    OfAssignment,
    State,
    print_json,
    print_table,
    say,
    texts,
    with_hub,
)
from hub.cohort.members import listed, members
from hub.cohort.overview import Row, overview
from hub.cohort.times import shown


def status(
    group: InGroup = None,
    assignment: OfAssignment = DEFAULT_ASSIGNMENT,
    hub: HubUrl = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show every student's lab: last activity, GPU, progress, deadline.

    What a lab that does not run holds is not known, which is not zero.
    """
    chosen = find_assignment(assignment)

    async def work(found: Hub) -> list[Row]:
        return await overview(found, await members(found, group), chosen.id)

    rows = with_hub(hub, state, work)
    if as_json:
        print_json({"assignment": chosen.id, "students": [_document(row) for row in rows]})
    elif rows:
        _show(rows, texts())
    else:
        say(texts()("cohort.nobody"))


def _document(row: Row) -> dict[str, object]:
    return {
        "user": row.user,
        "groups": list(row.groups),
        "lab": row.lab,
        "last_activity": _iso(row.last_activity),
        "gpu": row.gpu,
        "progress": row.progress.model_dump() if row.progress else None,
        "no_progress": row.silence or None,
        "deadline": _iso(row.due),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _show(rows: list[Row], t: Translate) -> None:
    titles = ("student", "groups", "lab", "activity", "gpu", "progress", "deadline")
    print_table(
        [t(f"cohort.column.{title}") for title in titles],
        [
            (
                row.user,
                ", ".join(row.groups),
                t(f"cohort.status.{row.lab}"),
                shown(row.last_activity) if row.last_activity else "–",
                row.gpu or "–",
                _progress(row, t),
                shown(row.due) if row.due else "–",
            )
            for row in rows
        ],
    )
    for reason in sorted({row.silence for row in rows if row.silence}):
        say(
            t(
                "cohort.status.silent",
                users=listed([r.user for r in rows if r.silence == reason]),
                reason=reason,
            )
        )
    running = sum(row.lab == "ready" for row in rows)
    busy = sum(row.progress is not None and row.progress.running > 0 for row in rows)
    say(t("cohort.status.sum", count=len(rows), running=running, generating=busy))


def _progress(row: Row, t: Translate) -> str:
    if row.progress is None:
        return t("cohort.status.unknown")
    number = number_format(preferred_language())
    said = t(
        "cohort.status.points",
        points=number(row.progress.points),
        maximum=number(row.progress.maximum),
        pictures=row.progress.pictures,
    )
    return said + (t("cohort.status.generating") if row.progress.running else "")

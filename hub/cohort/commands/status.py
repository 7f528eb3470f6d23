"""`genai-lab cohort status` shows the state of a whole class."""

from datetime import datetime
from functools import partial

from exercises.i18n import Translate, points, preferred_language
from exercises.loader import find_assignment
from grading.commands import DEFAULT_ASSIGNMENT
from hub.cohort.client import HubClient
from hub.cohort.commands.common import (
    AsJson,
    AssignmentOption,
    GroupOption,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    texts,
    with_hub,
)
from hub.cohort.members import students
from hub.cohort.overview import Row, overview
from hub.cohort.text import join_names
from hub.cohort.times import local_text


def status(
    group: GroupOption = None,
    assignment: AssignmentOption = DEFAULT_ASSIGNMENT,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show every student's lab: last activity, GPU, progress, deadline.

    The progress of a lab that does not run is unknown, which is not zero.
    """
    chosen = find_assignment(assignment)

    async def work(client: HubClient) -> list[Row]:
        return await overview(client, await students(client, group), chosen.id)

    rows = with_hub(hub, state, work)
    if as_json:
        print_json({"assignment": chosen.id, "students": [_document(row) for row in rows]})
    elif rows:
        _show(rows, texts())
    else:
        print_lines(texts()("cohort.nobody"))


def _document(row: Row) -> dict[str, object]:
    return {
        "user": row.user,
        "groups": list(row.groups),
        "lab": row.lab,
        "last_activity": _iso(row.last_activity),
        "gpu": row.gpu,
        "progress": row.progress.model_dump(mode="json") if row.progress else None,
        "no_progress": row.no_progress or None,
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
                local_text(row.last_activity) if row.last_activity else "–",
                row.gpu or "–",
                _progress(row, t),
                local_text(row.due) if row.due else "–",
            )
            for row in rows
        ],
    )
    for reason in sorted({row.no_progress for row in rows if row.no_progress}):
        print_lines(
            t(
                "cohort.status.silent",
                users=join_names([r.user for r in rows if r.no_progress == reason]),
                reason=reason,
            )
        )
    running = sum(row.lab == "ready" for row in rows)
    busy = sum(row.progress is not None and row.progress.running > 0 for row in rows)
    print_lines(t("cohort.status.sum", count=len(rows), running=running, generating=busy))


def _progress(row: Row, t: Translate) -> str:
    if row.progress is None:
        return t("cohort.status.unknown")
    number = partial(points, language=preferred_language())
    text = t(
        "cohort.status.points",
        points=number(row.progress.points),
        maximum=number(row.progress.maximum),
        pictures=row.progress.pictures,
    )
    return text + (t("cohort.status.generating") if row.progress.running else "")

"""`genai-lab cohort collect` stores everyone's work that counts, for grading."""

from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import SystemReason
from exercises.i18n import Translate
from exercises.loader import find_assignment
from hub.cohort.client import HubClient
from hub.cohort.collecting import collect as collect_all
from hub.cohort.collection import Missed, Result
from hub.cohort.commands.common import (
    AsJson,
    AssignmentArgument,
    GroupOption,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    progress_bar,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import students
from hub.cohort.settings import CohortSettings
from hub.cohort.times import local_text

SUBMISSIONS = "submissions"  # of the hub's state folder; its desk reads the same


def collect(
    assignment: AssignmentArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder of all snapshots of this assignment. [default: submissions/ASSIGNMENT in the "
            "hub's state folder, where its desk finds them]"
        ),
    ] = None,
    group: GroupOption = None,
    student: Annotated[list[str] | None, typer.Option(help="Only these students; may be repeated.")] = None,
    running_only: Annotated[
        bool, typer.Option("--running-only", help="Do not start labs that are stopped.")
    ] = False,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take everyone's newest hand-in before the deadline; without one, the work as it is now.

    Students go on working meanwhile, and what was collected earlier stays as it is.
    Judge it at the hub's desk (HUB/services/desk/), or grade it with: genai-lab grade OUT --assignment ID
    --out GRADES. Exits with 1 if a student's
    work could not be collected.
    """
    chosen, t = find_assignment(assignment), texts()
    folder = out or (state or CohortSettings().state) / SUBMISSIONS / chosen.id

    async def work(client: HubClient) -> list[Result]:
        users = await students(client, group)
        unknown = set(student or ()) - {user.name for user in users}
        if unknown:
            raise CohortError("cohort.no_student", user=sorted(unknown)[0])
        users = [user for user in users if not student or user.name in student]
        with progress_bar() as bar:
            task = bar.add_task(t("cohort.collect.collecting"), total=len(users))
            return await collect_all(
                client,
                users,
                chosen.id,
                folder,
                running_only=running_only,
                on_done=lambda _: bar.advance(task),
            )

    try:
        results = with_hub(hub, state, work)
    except OSError as error:
        raise CohortError("cohort.collect.disk", out=folder, reason=SystemReason(error)) from None
    if as_json:
        print_json(
            {
                "assignment": chosen.id,
                "snapshots": [r.model_dump(mode="json") for r in results if not isinstance(r, Missed)],
                "missed": [r.model_dump(mode="json") for r in results if isinstance(r, Missed)],
            }
        )
    else:
        _show(results, folder, t)
    raise typer.Exit(int(any(isinstance(r, Missed) and r.why != "nothing" for r in results)))


def _show(results: list[Result], out: Path, t: Translate) -> None:
    rows = [(result.student, *_cells(result, t)) for result in results]
    titles = [t(f"cohort.collect.{name}") for name in ("work", "handed_in", "changed", "file")]
    print_table((t("cohort.column.student"), *titles), rows)
    collected = [result for result in results if not isinstance(result, Missed)]
    print_lines(
        t(
            "cohort.collect.sum",
            count=len(collected),
            hand_ins=sum(r.handed_in is not None for r in collected),
            late=sum(r.late for r in collected),
            missed=len(results) - len(collected),
            out=out,
        )
    )


def _cells(result: Result, t: Translate) -> tuple[str, ...]:
    """Return what was collected of a student, when it was handed in and last changed, and the file."""
    if isinstance(result, Missed):
        text = t(f"cohort.collect.{result.why}")
        return (f"{text} {result.reason}" if result.reason else text), "", "", ""
    what = t("cohort.collect.state" if result.handed_in is None else "cohort.collect.hand_in")
    if result.late:
        minutes = max(1, result.late_seconds // 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        what = t("cohort.collect.late", what=what, days=days, hours=hours, minutes=minutes)
    times = (local_text(moment) if moment else "–" for moment in (result.handed_in, result.changed))
    return what, *times, result.file

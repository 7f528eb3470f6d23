"""`genai-lab cohort collect`: a snapshot of everyone's work, to grade."""

from pathlib import Path
from typing import Annotated

import typer

from exercises.i18n import Translate
from exercises.loader import find_assignment
from hub.cohort.client import Hub
from hub.cohort.collecting import Missed, Result
from hub.cohort.collecting import collect as do_collect
from hub.cohort.commands.common import (
    AsJson,
    HubUrl,
    InGroup,
    State,
    print_json,
    print_table,
    progress_bar,
    say,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import members


def collect(
    assignment: Annotated[str, typer.Argument(help="The assignment's id.")],
    out: Annotated[Path, typer.Option(help="The folder of all snapshots of this assignment.")],
    group: InGroup = None,
    student: Annotated[list[str] | None, typer.Option(help="Only these students; may be repeated.")] = None,
    running_only: Annotated[
        bool, typer.Option("--running-only", help="Do not start labs that are stopped.")
    ] = False,
    hub: HubUrl = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Take a snapshot of everyone's work while they go on; earlier ones stay as they are.

    Grade it with: genai-lab grade OUT --assignment ID --out GRADES. Exits with 1 where a student's
    work could not be had.
    """
    chosen, t = find_assignment(assignment), texts()

    async def work(found: Hub) -> list[Result]:
        users = await members(found, group)
        unknown = set(student or ()) - {user.name for user in users}
        if unknown:
            raise CohortError("cohort.no_student", user=sorted(unknown)[0])
        users = [user for user in users if not student or user.name in student]
        with progress_bar() as bar:
            task = bar.add_task(t("cohort.collect.collecting"), total=len(users))
            return await do_collect(
                found, users, chosen.id, out, running_only=running_only, notice=lambda _: bar.advance(task)
            )

    try:
        results = with_hub(hub, state, work)
    except OSError as error:
        raise CohortError("cohort.collect.disk", out=out, reason=error.strerror or error) from None
    if as_json:
        print_json(
            {
                "assignment": chosen.id,
                "snapshots": [r.model_dump(mode="json") for r in results if not isinstance(r, Missed)],
                "missed": [r.model_dump(mode="json") for r in results if isinstance(r, Missed)],
            }
        )
    else:
        _show(results, out, t)
    raise typer.Exit(int(any(isinstance(r, Missed) and r.why != "nothing" for r in results)))


def _show(results: list[Result], out: Path, t: Translate) -> None:
    rows = [(result.student, *_told(result, t)) for result in results]
    print_table((t("cohort.column.student"), t("cohort.collect.work"), t("cohort.collect.file")), rows)
    got = [result for result in results if not isinstance(result, Missed)]
    say(
        t(
            "cohort.collect.sum",
            count=len(got),
            late=sum(r.late for r in got),
            missed=len(results) - len(got),
            out=out,
        )
    )


def _told(result: Result, t: Translate) -> tuple[str, str]:
    if isinstance(result, Missed):
        said = t(f"cohort.collect.{result.why}")
        return (f"{said} {result.reason}" if result.reason else said), ""
    if not result.late:
        return t("cohort.collect.taken"), result.file
    minutes = max(1, result.late_seconds // 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return t("cohort.collect.late", days=days, hours=hours, minutes=minutes), result.file

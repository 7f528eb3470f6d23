"""`genai-lab cohort remove` exports students' work, then erases their accounts and data."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import SystemReason
from hub.cohort.client import HubClient, User
from hub.cohort.commands.common import (
    AsJson,
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
from hub.cohort.overview import lab_state
from hub.cohort.removing import Removed
from hub.cohort.removing import remove as remove_all
from hub.cohort.settings import CohortSettings


def remove(
    student: Annotated[list[str] | None, typer.Argument(metavar="STUDENT …")] = None,
    group: GroupOption = None,
    out: Annotated[Path, typer.Option(help="Where their work and the protocol go.")] = Path("removed"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say who it would be, and change nothing.")
    ] = False,
    unknown_too: Annotated[
        bool,
        typer.Option(
            "--unknown-too",
            help="Erase also work that could not be exported because nobody here knows its assignment.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Export the work of students or of a group, then erase their accounts and data. It cannot be undone.

    Who could not be exported is kept. Exits with 1 if somebody was kept.
    """
    t = texts()
    if bool(student) == bool(group):
        raise CohortError("cohort.remove.whom")
    folder = (state or CohortSettings().state).resolve()

    async def find(client: HubClient) -> list[User]:
        users = await students(client, group)
        unknown = set(student or ()) - {user.name for user in users}
        if unknown:
            raise CohortError("cohort.no_student", user=sorted(unknown)[0])
        return [user for user in users if not student or user.name in student]

    users = with_hub(hub, state, find)
    if not as_json:
        titles = [t(f"cohort.column.{name}") for name in ("student", "groups", "lab")]
        states = [t(f"cohort.status.{lab_state(user.server)}") for user in users]
        cells = [(u.name, ", ".join(u.groups), said) for u, said in zip(users, states, strict=True)]
        print_table(titles, cells)
    if dry_run:
        if as_json:
            print_json({"would_remove": [user.name for user in users]})
        else:
            print_lines(t("cohort.remove.dry", count=len(users)))
        return
    if not yes:
        question = t("cohort.remove.sure", count=len(users), state=folder)
        if as_json or not sys.stdin.isatty():
            raise CohortError("cohort.remove.ask", question=question)
        if not typer.confirm(question):
            raise typer.Abort

    async def work(client: HubClient) -> tuple[Path, list[Removed]]:
        with progress_bar() as bar:
            task = bar.add_task(t("cohort.remove.removing"), total=len(users))
            return await remove_all(
                client, users, out, folder, lambda _: bar.advance(task), unknown_too=unknown_too
            )

    try:
        file, done = with_hub(hub, state, work)
    except OSError as error:
        raise CohortError("cohort.collect.disk", out=out, reason=SystemReason(error)) from None
    kept = [each for each in done if each.outcome == "kept"]
    if as_json:
        print_json({"protocol": str(file), "students": [each.model_dump(mode="json") for each in done]})
    else:
        if kept:
            print_table(
                (t("cohort.column.student"), t("cohort.column.reason")),
                [(each.student, each.why) for each in kept],
            )
        print_lines(t("cohort.remove.done", count=len(done) - len(kept), kept=len(kept), file=file))
        if any(
            not any(part.startswith("homes/") for part in each.erased) for each in done if each not in kept
        ):
            print_lines(t("cohort.remove.elsewhere"))
    raise typer.Exit(int(bool(kept)))

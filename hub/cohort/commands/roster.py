"""`genai-lab cohort import` makes accounts and groups from a class list."""

from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import SystemReason
from exercises.i18n import Language, Translate, preferred_language
from hub.cohort.commands.common import (
    AsJson,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.importing import Plan
from hub.cohort.importing import import_roster as import_into_hub
from hub.cohort.roster import DEFAULT_GROUP, MAX_BYTES, Roster, read_roster
from hub.cohort.text import join_names
from manifests.reader import read_regular_file


def import_roster(
    roster: Annotated[Path, typer.Argument(metavar="ROSTER.csv", help="A class list with a header line.")],
    skip_wrong: Annotated[
        bool, typer.Option("--skip-wrong", help="Import the lines that are right.")
    ] = False,
    group: Annotated[str, typer.Option(help="The group of those who have none in the list.")] = DEFAULT_GROUP,
    user_column: Annotated[
        str | None,
        typer.Option(help="The title of the column with the user names, such as 'Email address'."),
    ] = None,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Make the accounts and groups of a class list. Nothing changes while a line is wrong; nobody is removed.

    Exits with 2 if lines are wrong and are not skipped.
    """
    t, language = texts(), preferred_language()
    try:
        data = read_regular_file(roster.resolve(), MAX_BYTES)
    except OSError as error:
        raise CohortError("cohort.roster.no_file", file=roster, reason=SystemReason(error)) from None
    read = read_roster(data, group, user_column)
    if read.problems and not skip_wrong:
        plan = None
    else:
        plan, read = with_hub(hub, state, lambda client: import_into_hub(client, read, skip_wrong=skip_wrong))
    if as_json:
        print_json(_document(plan, read, language))
    else:
        _show(plan, read, t, language)
    if plan is None:
        raise CohortError("cohort.roster.wrong", count=len(read.problems), file=roster.name)


def _document(plan: Plan | None, roster: Roster, language: Language) -> dict[str, object]:
    return {
        "imported": plan is not None,
        "new": list(plan.new) if plan else [],
        "known": plan.known if plan else 0,
        "new_groups": list(plan.new_groups) if plan else [],
        "joined": {name: list(users) for name, users in plan.joining.items()} if plan else {},
        "not_in_roster": {name: list(users) for name, users in plan.not_in_roster.items()} if plan else {},
        "also_in": {name: list(users) for name, users in plan.also_in.items()} if plan else {},
        "problems": [
            {"line": p.line, "code": p.code, "who": p.who, "text": p.text(language)} for p in roster.problems
        ],
        "ignored_columns": list(roster.ignored),
    }


def _show(plan: Plan | None, roster: Roster, t: Translate, language: Language) -> None:
    if roster.problems:
        problems = sorted(roster.problems, key=lambda problem: problem.line)
        rows = [(str(problem.line), problem.text(language)) for problem in problems]
        print_table((t("cohort.roster.line"), t("cohort.roster.problem")), rows)
    if roster.ignored:
        print_lines(t("cohort.roster.ignored", columns=join_names(roster.ignored)))
    if plan is None:
        return
    print_lines(t("cohort.roster.done", known=plan.known, new=len(plan.new)))
    if plan.empty:
        print_lines(t("cohort.roster.unchanged"))
    for name, users in plan.joining.items():
        print_lines(t("cohort.roster.joined", group=name, count=len(users)))
    for name, users in plan.not_in_roster.items():
        print_lines(t("cohort.roster.gone", group=name, users=join_names(users)))
    for name, users in plan.also_in.items():
        print_lines(t("cohort.roster.elsewhere", group=name, users=join_names(users)))

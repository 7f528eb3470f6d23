"""`genai-lab cohort graders GROUP` says who judges the work of a group at the hub's desk."""

from typing import Annotated

import typer

from hub.cohort.commands.common import AsJson, HubUrl, StateFolder, print_json, print_lines, texts, with_hub
from hub.cohort.graders import change_graders


def graders(
    group: Annotated[str, typer.Argument(help="The group whose submissions they judge.")],
    add: Annotated[
        list[str] | None, typer.Option(help="Name somebody, by their user name; may be repeated.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="Take somebody's right away; may be repeated.")
    ] = None,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Say who judges the submissions of a group at the desk, and nobody else's.

    They open HUB/services/desk/. Instructors judge everyone's without being named.

    For single students make a group of them: cohort import, or the admin page.

    Whose right is taken away is out within half a minute; their marks stay.
    """
    named = with_hub(hub, state, lambda client: change_graders(client, group, add or [], remove or []))
    if as_json:
        print_json({"group": group, "graders": named})
        return
    t = texts()
    key = "cohort.graders.are" if named else "cohort.graders.none"
    print_lines(t(key, group=group, graders=", ".join(named)))

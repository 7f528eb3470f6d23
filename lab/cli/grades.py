"""`genai-lab grades`: the group of `grading.gradebook`, and `publish`, which asks the class's gateway."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from exercises.errors import CatalogueError
from exercises.i18n import preferred_language, translator
from exercises.loader import find_assignment
from grading.class_.grade import read_grades
from grading.feedback.publishing import GatewayCarrier, Outcome, publish
from grading.gradebook.commands import grades
from grading.wording import shown
from lab.session.gateway import gateway_token
from lab.session.settings import LabSettings


class GradesError(CatalogueError):
    """What was asked for cannot be done with these grades."""

    package = "grading"


@grades.command("publish")
def publish_grades(
    folder: Annotated[Path, typer.Option("--grades", help="The folder that `genai-lab grade` wrote.")],
    assignment: Annotated[str, typer.Option(help="The assignment's id.")],
    student: Annotated[
        list[str] | None, typer.Option(help="Only this student; may be given several times.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            help="Only students of this group of the Hub, as they were collected; may be given several times."
        ),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"], help="When students may see it; else at once."
        ),
    ] = None,
    gateway: Annotated[
        str | None, typer.Option(help="The class's gateway (GENAI_GATEWAY, GENAI_GATEWAY_TOKEN).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Give students their feedback: in their labs by way of the gateway, else as files to send.

    Points and comments are as the marks are now, also where nobody has graded again since.

    Each gets feedback.json, which the lab shows, beside report.html in GRADES. Exits with 1 where one did not
    arrive.
    """
    t = translator("lab", preferred_language())
    chosen = find_assignment(assignment)
    of_all = {name: grade for name, grade in read_grades(folder).items() if grade.assignment == chosen.id}
    found = {
        name: grade
        for name, grade in of_all.items()
        if not (grade.missing or (student and grade.student not in student))
    }
    if group:
        known = {name for grade in found.values() for name in grade.groups}
        if unknown := set(group) - known:
            raise GradesError(
                "publish.no_group", groups=", ".join(sorted(unknown)), known=", ".join(sorted(known)) or "–"
            )
        found = {name: grade for name, grade in found.items() if set(group) & set(grade.groups)}
    if missing := set(student or ()) - {grade.student for grade in found.values()}:
        raise GradesError("publish.unknown", students=", ".join(sorted(missing)))
    if not found:
        raise GradesError("publish.nothing", folder=shown(folder), assignment=chosen.id)
    address = gateway or LabSettings().gateway
    carrier = GatewayCarrier(address, gateway_token().get_secret_value()) if address else None

    def say(outcome: Outcome) -> None:
        if as_json:
            return
        if outcome.error:
            typer.echo(t("publish.failed", student=outcome.student, reason=outcome.error), err=True)
        else:
            key = "publish.sent" if carrier else "publish.written"
            typer.echo(t(key, student=outcome.student, file=shown(outcome.file)))

    begins = at.astimezone() if at else None
    outcomes = publish(found.items(), chosen, folder, carrier, begins=begins, told=say)
    if as_json:
        told = [
            {"student": o.student, "file": str(o.file), "error": str(o.error) if o.error else None}
            for o in outcomes
        ]
        typer.echo(json.dumps({"assignment": chosen.id, "published": told}, ensure_ascii=False, indent=2))
    elif not student and not group and (absent := [g.student for g in of_all.values() if g.missing]):
        typer.echo(t("publish.not_handed_in", students=", ".join(map(shown, absent))), err=True)
    raise typer.Exit(int(any(outcome.error for outcome in outcomes)))

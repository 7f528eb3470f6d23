"""`genai-lab doctor`: the findings as a table, or as JSON."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar, cast

import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exercises.i18n import Translator, preferred_language, translator
from lab.session.doctor import Case, Finding, State, examine
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings

STYLES = {State.OK: "green", State.WARNING: "yellow", State.PROBLEM: "bold red"}

S = TypeVar("S", bound=BaseSettings)


def doctor(
    work: Annotated[Path | None, typer.Option(help="The work folder to look at.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Find everything that can be wrong, each with its fix. Exits with 1 where there is a problem."""
    place, lab = _or_defaults(WorkSettings), _or_defaults(LabSettings)
    language = preferred_language()
    case = Case(language, work or place.work, place.student, host=lab.host, port=lab.port)
    findings = examine(case)
    if as_json:
        typer.echo(json.dumps({"findings": [asdict(finding) for finding in findings]}, ensure_ascii=False))
    else:
        _show(findings, translator("lab", language))
    raise typer.Exit(int(any(finding.state is State.PROBLEM for finding in findings)))


def _show(findings: list[Finding], t: Translator) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("state", "check", "finding"):
        table.add_column(t(f"doctor.column.{column}"), overflow="fold")
    for finding in findings:
        said = Text(finding.finding)
        if finding.fix:
            said.append(f"\n→ {finding.fix}", style="bold")
        state = Text(t(f"doctor.state.{finding.state}"), style=STYLES[finding.state])
        table.add_row(state, finding.title, said)
    console = Console()
    console.print(table)
    count = Counter(finding.state for finding in findings)
    console.print("\n" + t("doctor.summary", problems=count[State.PROBLEM], warnings=count[State.WARNING]))


def _or_defaults(settings: type[S]) -> S:
    """The settings, or their defaults where one is wrong: the doctor's list says which."""
    try:
        return settings()
    except ValidationError:
        return cast(S, settings.model_construct())

"""`genai-lab check` and `genai-lab hand-in`: what a student sees of the checks without the browser."""

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from filelock import Timeout
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, labelled, preferred_language, translator
from exercises.i18n import points as as_points
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.checks.due import late
from grading.reports.student import SYMBOLS, mark
from grading.results import CheckResult, earned_points, open_points
from grading.submission.hand_in import hand_in as freeze
from grading.submission.reading import closing, open_work
from grading.wording import shown
from manifests.answers import Answers, load_answers, lock_of, save_answers
from manifests.errors import StoreError
from manifests.settings import WorkSettings
from manifests.store import Store

DEFAULT_ASSIGNMENT = "tp2"
_STYLES = {"yes": "green", "no": "red", "missing": "", "read": "yellow", "unknown": "dim"}

Work = Annotated[Path | None, typer.Option(help="The work folder (GENAI_WORK).")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def check(
    assignment: Annotated[str, typer.Argument(help="The assignment's id.")] = DEFAULT_ASSIGNMENT,
    work: Work = None,
    as_json: AsJson = False,
) -> None:
    """Show what is done and what is missing. Exits with 1 while anything is missing; what is open is not."""
    settings, language = WorkSettings(), preferred_language()
    chosen = find_assignment(assignment)
    place = work or settings.work
    with closing(open_work(place, chosen.id, settings.student)) as submission:
        checks = check_submission(chosen, submission, language)
        findings = [f.text(language) for f in (*submission.findings, *late(chosen, submission))]
    if not (place / chosen.id).is_dir():
        t = translator("grading", language)
        findings.insert(0, t("command.nothing_there", folder=shown(place / chosen.id)))
    points, still_open = earned_points(checks), open_points(checks)
    if as_json:
        document = {
            "student": settings.student,
            "assignment": chosen.id,
            "points": points,
            "maximum": chosen.points,
            "open": still_open,
            "findings": findings,
            "checks": [c.model_dump() for c in checks],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _show(chosen, checks, findings, language)
    raise typer.Exit(int(any(c.is_missing for c in checks)))


def hand_in(
    assignment: Annotated[str, typer.Argument(help="The assignment's id.")],
    work: Work = None,
    also_me: Annotated[
        list[str] | None,
        typer.Option(help="Another name that is yours, on another machine; as often as needed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Freeze a submission: a zip with all that the grader reads. Exits with 2 when there is nothing."""
    settings, language = WorkSettings(), preferred_language()
    chosen = find_assignment(assignment)
    store = Store(work or settings.work, chosen.id, settings.student)
    if also_me:
        _say_also(store.folder, also_me)
    path = freeze(chosen, store, language)
    if as_json:
        typer.echo(json.dumps({"file": str(path), "bytes": path.stat().st_size}))
    else:
        Console().print(Text(translator("grading", language)("command.handed_in", file=path)), soft_wrap=True)


def _say_also(folder: Path, also_me: list[str]) -> None:
    """Add names to the answers, onto what is on disk at that moment, as the lab's pages do."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with lock_of(folder):
            answers = load_answers(folder)
            names = list(dict.fromkeys([*answers.also_me, *also_me]))
            save_answers(folder, Answers.model_validate(answers.model_dump() | {"also_me": names}))
    except Timeout as error:
        raise StoreError("store.locked", folder=str(folder)) from error


def _show(assignment: Assignment, checks: list[CheckResult], findings: list[str], language: Language) -> None:
    t, number, console = translator("grading", language), partial(as_points, language=language), Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for exercise in assignment.exercises:
        own = [c for c in checks if c.id.startswith(f"{exercise.id}/")]
        earned = t("report.of", points=number(earned_points(own)), maximum=number(exercise.points))
        table.add_row("", Text(exercise.title(language), style="bold"), Text(earned, style="bold"))
        for each in own:
            name = mark(each)
            table.add_row(
                Text(f"{SYMBOLS[name]} {t(f'mark.{name}')}", style=_STYLES[name]),
                _said(each, t),
                Text(number(each.maximum)),
            )
        table.add_row("", "", "")
    console.print(table)
    for finding in findings:
        console.print(Text(f"! {finding}", style="yellow"))
    total = t("command.total", points=number(earned_points(checks)), maximum=number(assignment.points))
    if waiting := open_points(checks):
        total += ", " + t("report.open", points=number(waiting))
    console.print(Text(total, style="bold"))


def _said(check: CheckResult, t: Translator) -> Text:
    """The title and, where it says something, the cause below it."""
    said = Text(check.title)
    if check.cause is not None:
        said.append(f"\n{check.cause.message}", style="dim")
        for key in ("expected", "actual"):
            value = getattr(check.cause, key)
            if value is not None:
                said.append("\n" + labelled(t("report." + key), value, t.language), style="dim")
    return said

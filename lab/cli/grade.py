"""`genai-lab grade`: a folder of submissions in, a grade and a report per student and for the class out.

The rules and reports are grading's; what is added here is `--regenerate`, for which the lab makes
pictures again and hands its verdicts over as facts. Without it no model is loaded.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from exercises.assignment import Assignment
from exercises.errors import SystemReason
from exercises.i18n import Language, preferred_language, translator
from exercises.i18n import points as as_points
from exercises.loader import find_assignment
from grading.class_.grade import GradingError, grade_class
from grading.copies.copies import Earlier
from grading.copies.earlier import EarlierError
from grading.results import Grade, Regeneration
from grading.submission.reading import Submission
from grading.wording import shown
from manifests.receipts import Keys

DRAW = ".draw"  # in the folder of grades; whoever knows it knows which pictures are made again
DRAW_BYTES = 32


def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder with one folder or zip per student.")],
    assignment: Annotated[str, typer.Option(help="The assignment's id.")],
    out: Annotated[Path, typer.Option(help="Where grades and reports are written.")],
    regenerate: Annotated[
        int, typer.Option(min=0, help="Make so many pictures of each student again and compare.")
    ] = 0,
    receipts: Annotated[
        Path | None,
        typer.Option(help="The gateway's keys (GET /receipts/keys): pictures' receipts become findings."),
    ] = None,
    earlier: Annotated[
        Path | None, typer.Option(help="A folder of earlier cohorts' fingerprints, to compare with.")
    ] = None,
    remember: Annotated[
        str | None, typer.Option(help="Keep this class's fingerprints there, under this label.")
    ] = None,
    pdf: Annotated[
        bool,
        typer.Option("--pdf", help="Write report.pdf too, for those without a lab (the extra pdf)."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Grade each student's submission; one that is broken never stops the others.

    Writes OUT/STUDENT/grade.json and report.html, OUT/grades.csv, OUT/index.html, OUT/copies.html (whose work
    looks copied) and OUT/changes.html (whose grade is another one than at the last time). Marks that people
    gave are kept.
    """
    language = preferred_language()
    chosen = find_assignment(assignment)
    keys = _keys(receipts) if receipts else None
    if remember is not None and earlier is None:
        raise EarlierError("earlier.remember")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(done: int, total: int, student: str) -> None:
            bar.update(task, completed=done, total=total, description=student[:30].replace("[", "("))

        grade_all = partial(
            grade_class,
            submissions,
            chosen,
            out,
            progress=progress,
            language=language,
            receipt_keys=keys,
            pdf=pdf,
            earlier=Earlier(earlier, remember) if earlier is not None else None,
        )
        if regenerate:
            grades = _with_regeneration(grade_all, chosen, regenerate, draw_secret(out), language)
        else:
            grades = grade_all()
    if as_json:
        documents = ",".join(each.model_dump_json() for each in grades)
        typer.echo(f'{{"assignment": "{chosen.id}", "grades": [{documents}]}}')
    else:
        _show(grades, out, language)


def _keys(file: Path) -> Keys:
    """The keys that receipts are verified with. Raises GradingError."""
    try:
        return Keys.model_validate_json(file.read_bytes())
    except OSError as error:
        raise GradingError("grade.no_keys", file=shown(file), reason=SystemReason(error)) from None
    except ValidationError:
        raise GradingError("grade.bad_keys", file=shown(file)) from None


def draw_secret(out: Path) -> bytes:
    """What decides which pictures are made again: drawn once for each folder of grades, and kept in it."""
    path, temporary = out / DRAW, out / f"{DRAW}.{os.getpid()}.tmp"
    if path.is_file() and len(secret := path.read_bytes()) == DRAW_BYTES:
        return secret
    out.mkdir(parents=True, exist_ok=True)
    temporary.touch(mode=0o600)
    temporary.write_bytes(secrets.token_bytes(DRAW_BYTES))
    temporary.replace(path)
    return path.read_bytes()


def _with_regeneration(
    grade_all: Callable[..., list[Grade]],
    assignment: Assignment,
    count: int,
    secret: bytes,
    language: Language,
) -> list[Grade]:
    from lab.engine.local import LocalEngine
    from lab.records.verify import regenerate

    engine = LocalEngine()

    def verdicts(submission: Submission) -> Sequence[Regeneration]:
        chosen = submission.language or language
        return regenerate(assignment, submission, count, engine, secret=secret, language=chosen)

    try:
        return grade_all(regenerate=verdicts)
    finally:
        engine.close()


def _show(grades: list[Grade], out: Path, language: Language) -> None:
    t, number, console = translator("lab", language), partial(as_points, language=language), Console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(t("grade.student"))
    table.add_column(t("grade.points"), justify="right", no_wrap=True)
    table.add_column(t("grade.status"))
    for each in grades:
        points = f"{number(each.total)} / {number(each.maximum)}" if each.gradable else "–"
        status = t(f"grade.{each.status}", points=number(each.open))
        why = "".join(f"\n{reason}" for reason in each.reasons)
        table.add_row(Text(each.student), points, Text(status + why))
    console.print(table)
    console.print(Text(t("grade.written_report", file=out / "index.html")), soft_wrap=True)
    console.print(Text(t("grade.written_table", file=out / "grades.csv")), soft_wrap=True)

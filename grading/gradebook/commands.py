"""`genai-lab grades export` and `push`: points go to the platform's gradebook, by file or by LTI."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock
from rich.console import Console
from rich.text import Text

from exercises.errors import MissingExtra, SystemReason
from exercises.i18n import Language, preferred_language, translator
from grading.class_.output import write_whole
from grading.gradebook import canvas, gradescope, moodle, plain_csv
from grading.gradebook.errors import GradebookError
from grading.gradebook.pushed import LOG, PushLog
from grading.gradebook.result import Exported
from grading.gradebook.scores import Score, by_state, read_scores
from grading.gradebook.sheet import Sheet, read_sheet
from grading.wording import Message, message, shown

grades = typer.Typer(no_args_is_help=True, help="Bring grades into a platform's gradebook.")

HUB = "http://127.0.0.1:8000"
Export = Callable[[list[Score], Sheet | None, str | None], Exported]
FORMATS: dict[str, Export] = {
    "canvas": canvas.export,
    "moodle": moodle.export,
    "gradescope": gradescope.export,
    "csv": plain_csv.export,
}
Format = StrEnum("Format", list(FORMATS))  # type: ignore[misc]


@grades.command()
def export(
    format: Annotated[Format, typer.Option(help="What reads it.")],
    grades: Annotated[Path, typer.Option(help="The folder that `genai-lab grade` wrote.")],
    roster: Annotated[
        Path | None,
        typer.Option(help="The platform's own list: Canvas's gradebook, Moodle's worksheet or participants."),
    ] = None,
    column: Annotated[str | None, typer.Option(help="The gradebook's column.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file, or for gradescope the folder; else beside the grades.")
    ] = None,
) -> None:
    """Write grades as a platform imports them. Who is not in it, and why, is said on stderr."""
    language, scores = preferred_language(), read_scores(grades)
    exported = FORMATS[format.value](scores, read_sheet(roster) if roster else None, column)
    name = "export" if format.value == "csv" else format.value
    target = out or grades / (name if "" not in exported.files else f"{name}.csv")
    try:
        for name, data in exported.files.items():
            path = target / name if name else target
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
    except OSError as error:
        raise GradebookError("gradebook.file", file=shown(target), reason=SystemReason(error)) from error
    t = translator("grading", language)
    for note in exported.notes:
        say(note, language)
    Console().print(Text(t("gradebook.written", count=exported.written, file=target)), soft_wrap=True)


@grades.command()
def push(
    grades: Annotated[Path, typer.Option(help="The folder that `genai-lab grade` wrote.")],
    state: Annotated[
        Path, typer.Option(envvar="GENAI_HUB_STATE", help="The Hub's state folder, with the tool's key.")
    ] = Path("hub-state"),
    hub: Annotated[str, typer.Option(envvar="GENAI_HUB_URL", help="The Hub's address.")] = HUB,
    column: Annotated[
        str | None, typer.Option(help="The title of the link in the course: only launches from it count.")
    ] = None,
) -> None:
    """Send grades to the platform that students came from, by LTI 1.3. Nothing is sent twice."""
    try:
        from grading.gradebook import hub_places
        from grading.gradebook.push import push as send
    except ModuleNotFoundError as error:
        raise MissingExtra("hub", error.name or "") from error
    scores = read_scores(grades)
    tool, token = hub_places.read_tool(state)
    with FileLock(grades / f".{LOG}.lock"), hub_places.Places(hub, token) as places:
        pushed = send(scores, places.of, tool, PushLog(grades), column)
    language = preferred_language()
    for name, students in vars(pushed).items():
        if students and name != "sent":
            say(message(f"gradebook.push_{name}", students=tuple(students)), language)
    for state_, names in by_state(scores).items():
        say(message(f"gradebook.left_{state_}", students=tuple(names)), language)
    t = translator("grading", language)
    Console().print(Text(t("gradebook.push_sent", count=len(pushed.sent), file=grades / LOG)), soft_wrap=True)
    raise typer.Exit(int(bool(pushed.refused)))


def say(note: Message, language: Language) -> None:
    """A note on stderr, with every student of whom it is."""
    students = note.values.get("students", ())
    names = students if isinstance(students, tuple) else ()
    lines = [Message(note.key, {**note.values, "count": len(names)}).text(language)]
    lines += [f"  {shown(name)}" for name in names]
    Console(stderr=True).print(Text("\n".join(lines)), soft_wrap=True)

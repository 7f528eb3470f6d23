"""The lab that the library's functions work on: the one opened last, or the settings' own.

There is one at a time in a process, as a notebook works on one assignment; opening another closes the first.
"""

import atexit
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exercises.errors import CatalogueError
from exercises.i18n import Language, Translator, preferred_language, translator
from lab.session.lab import Lab
from lab.session.opening import open_lab as open_session
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings


class LibraryError(CatalogueError):
    """What a notebook asked for cannot be."""

    package = "lab"


@dataclass(frozen=True)
class OpenedLab:
    """One student's lab on one assignment, with the language in which it speaks."""

    session: Lab
    language: Language

    @property
    def t(self) -> Translator:
        return translator("lab", self.language)

    def __repr__(self) -> str:
        assignment = self.session.assignment
        return self.t(
            "library.opened",
            title=assignment.title(self.language),
            assignment=assignment.id,
            student=self.session.student,
            model=self.session.settings.model,
            folder=self.session.folder,
        )


_current: OpenedLab | None = None


def open_lab(
    assignment: str | None = None,
    *,
    work: str | Path | None = None,
    model: str | None = None,
    language: Language | None = None,
) -> OpenedLab:
    """Open the lab on an assignment; what the library's other functions do goes there from now on.

    What is left out comes from the settings (`GENAI_ASSIGNMENT`, `GENAI_WORK`, `GENAI_MODEL`,
    `GENAI_LANGUAGE`), as for the pages and the command line; so does the student's name. Nothing is loaded
    before it is needed. `language` holds for this process from then on, for errors too. Raises UserError for
    an unknown assignment or model, or one that is not open yet.
    """
    global _current
    if language is not None:
        os.environ["GENAI_LANGUAGE"] = language
    settings = LabSettings() if model is None else LabSettings(model=model)
    wanted = assignment or settings.assignment
    settings = settings.model_copy(update={"assignment": wanted})
    session = open_session(settings, WorkSettings() if work is None else WorkSettings(work=Path(work)))
    found = next((each for each in session.offered if each.assignment.id == wanted), None)
    if found is None or not found.is_open():
        session.close()
        names = ", ".join(each.assignment.id for each in session.opened)
        raise LibraryError("library.not_open", assignment=wanted, open=names or "–")
    close_lab()
    _current = OpenedLab(session.on(found.assignment), preferred_language())
    return _current


def close_lab() -> None:
    """Close the lab and let go of its model's memory; the next function opens one again."""
    global _current
    closing, _current = _current, None
    if closing is not None:
        closing.session.close()


def current() -> OpenedLab:
    """The lab that was opened last; where there is none, that of the settings."""
    return _current or open_lab()


@atexit.register
def _close_at_exit() -> None:
    with suppress(Exception):  # the process ends anyway
        close_lab()

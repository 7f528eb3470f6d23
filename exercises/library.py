"""Prompts and styles to begin with, by subject and in both languages: `library.toml`.

    [[prompts]]                      [[styles]]
    subject = { en = "…", fr = "…" }   name = { en = "…", fr = "…" }
    text = { en = "…", fr = "…" }      text = { en = "…", fr = "…" }    # what is added to a prompt

The built-in ones stand beside this module; an assignment's folder may have a `library.toml` of its own, which
adds to them. Whatever is wrong in one raises ExerciseError.
"""

from pathlib import Path

from pydantic import Field, ValidationError

from exercises.faults import faults
from exercises.i18n import Bilingual
from exercises.kinds.base import Frozen
from exercises.toml_file import TomlFile, raise_all

FILE = "library.toml"
BUILT_IN = Path(__file__).with_name(FILE)
MAX_BYTES = 256 * 1024
MOST = 500


class PromptIdea(Frozen):
    """A whole prompt, found by its subject."""

    subject: Bilingual
    text: Bilingual


class Style(Frozen):
    """What is added to a prompt, by its name."""

    name: Bilingual
    text: Bilingual


class Library(Frozen):
    """All prompts and styles there are."""

    prompts: tuple[PromptIdea, ...] = Field(default=(), max_length=MOST)
    styles: tuple[Style, ...] = Field(default=(), max_length=MOST)


def library(assignment_folder: Path) -> Library:
    """The assignment's own, if it has any, then the built-in ones. Raises ExerciseError."""
    own = assignment_folder / FILE
    read = [*([_read(own)] if own.exists() else []), _read(BUILT_IN)]
    return Library(
        prompts=tuple(prompt for each in read for prompt in each.prompts),
        styles=tuple(style for each in read for style in each.styles),
    )


def _read(path: Path) -> Library:
    file = TomlFile.read(path, MAX_BYTES)
    try:
        return Library.model_validate(
            {name: tuple(value) if isinstance(value, list) else value for name, value in file.data.items()}
        )
    except ValidationError as error:
        raise_all([file.fault(fault) for fault in faults(error, file.data)])
        raise

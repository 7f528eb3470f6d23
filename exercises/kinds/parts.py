"""Parts that several kinds of exercise have: pictures to judge, points to touch, tasks and purposes."""

from collections.abc import Collection
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from exercises.faults import Path as KeyPath
from exercises.i18n import LANGUAGES, Bilingual, Language
from exercises.kinds.base import Frozen, check_unique
from exercises.parameters import Slug
from exercises.toml_file import TomlFile

Stem = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Task = Literal["describe", "quality", "missing", "text", "alt_text", "question", "improve"]
TASKS: tuple[Task, ...] = get_args(Task)
Purpose = Literal["decorative", "informative", "complex"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)


class Subject(Frozen):
    """A picture that the student works on: any one of the runs named."""

    id: Slug
    title: Bilingual
    one_of: tuple[Slug, ...] = Field(min_length=1)


class Topic(Frozen):
    """A point that a text must touch, and the stems of words by which that is seen, by language.

    A stem is seen where a word of the text begins with it (or the text holds it, where it has
    several words), case and accents aside. A text may mix both languages.
    """

    id: Slug
    title: Bilingual
    words: dict[Language, tuple[Stem, ...]]


def check_subjects(file: TomlFile, at: KeyPath, subjects: Collection[Subject], runs: Collection[str]) -> None:
    """Subjects have different ids and name runs of the assignment. Raises ExerciseError."""
    seen: set[str] = set()
    for index, subject in enumerate(subjects):
        check_unique(file, (*at, "subjects", index, "id"), subject.id, seen)
        for run in subject.one_of:
            if run not in runs:
                raise file.error((*at, "subjects", index, "one_of"), "a_run", run=run)


def check_topics(file: TomlFile, at: KeyPath, topics: Collection[Topic]) -> None:
    """Topics have different ids, and words in both languages. Raises ExerciseError."""
    seen: set[str] = set()
    for index, topic in enumerate(topics):
        check_unique(file, (*at, "topics", index, "id"), topic.id, seen)
        for language in LANGUAGES:
            if not topic.words.get(language):
                raise file.error((*at, "topics", index, "words", language), "missing")

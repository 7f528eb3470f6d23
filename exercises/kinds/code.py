"""Kind `code`: a Python text with blanks, which draws planned pictures once they are filled in."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from exercises.faults import Path as KeyPath
from exercises.i18n import LANGUAGES, Language
from exercises.kinds.base import ExerciseBase
from exercises.kinds.planned import runs_in
from exercises.parameters import Slug, is_slug
from exercises.toml_file import TomlFile, read_text

MAX_CODE = 16_000  # characters, also of what a student writes
BLANK = "_______"

CodeText = Annotated[str, StringConstraints(max_length=MAX_CODE)]


class Code(ExerciseBase):
    """`draws`: the run as which the code's picture is recorded, and the planned run whose picture it must be.

    `starts`: the text with blanks, by language, from `<exercise>.blanks.<language>.txt`.
    """

    kind: Literal["code"] = "code"
    draws: dict[Slug, Slug] = Field(min_length=1, max_length=10)
    starts: dict[Language, CodeText]

    rules: ClassVar[tuple[str, ...]] = ("recorded", "image", "drawn", "code")

    @property
    def recorded(self) -> tuple[str, ...]:
        return tuple(self.draws)

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.draws, "code")

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """Read the texts; what is to be drawn is planned. Raises ExerciseError."""
        if "starts" in table:
            raise file.error((*at, "starts"), "unknown")
        folder, name = file.path.parent, table["id"]
        table["starts"] = {
            language: read_text(folder / f"{name}.blanks.{language}.txt", MAX_CODE) for language in LANGUAGES
        }
        planned = {run for runs in runs_in(file).values() for run in runs}
        draws = table.get("draws")
        for run, of in draws.items() if isinstance(draws, dict) else ():
            if not is_slug(run):
                raise file.error((*at, "draws", run), "slug")
            if not isinstance(of, str) or of not in planned:
                raise file.error((*at, "draws", run), "a_run", run=str(of)[:80])

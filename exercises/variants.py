"""Variants: what an assignment takes from the student, so that neighbours have different pictures.

Each planned seed becomes another one, equal ones equal ones; and the first of `words`, where it stands in a
prompt, one of them. Both follow from a keyed hash of the assignment's id and the student's name, so that the
same student always gets the same, and the grade can say which.
"""

import hashlib
import hmac
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from exercises.faults import Path as KeyPath
from exercises.i18n import ShortText
from exercises.kinds.base import Frozen, Run
from exercises.toml_file import TomlFile

SEEDS = 1_000_000  # so many different ones; short enough to be read out
SHOWN = 16  # hexadecimal digits of the hash that stand in a manifest


class Variants(Frozen):
    """`on`: whether it holds without the instructor's setting `GENAI_VARIANTS`; `key` is of the hash."""

    on: bool = True
    key: Annotated[str, StringConstraints(min_length=8, max_length=200)]
    seed: bool = True
    words: tuple[ShortText, ...] = Field(default=(), max_length=50)

    def of(self, assignment: str, student: str) -> "Variant":
        return Variant(self, assignment, student)


class Variant:
    """One student's."""

    def __init__(self, variants: Variants, assignment: str, student: str) -> None:
        self._variants, self._name = variants, f"{assignment}\0{student}"

    @property
    def id(self) -> str:
        """What a manifest says of it."""
        return self._hash("id").hex()[:SHOWN]

    def run(self, run: Run) -> Run:
        """A planned run as this student makes it."""
        parameters, changes = run.parameters, dict[str, Any]()
        if self._variants.seed:
            changes["seed"] = self._number(f"seed {parameters.seed}", SEEDS)
        if words := self._variants.words:
            word = words[self._number("word", len(words))]
            changes["prompt"] = parameters.prompt.replace(words[0], word)
        own = parameters.model_copy(update=changes)
        return run.model_copy(update={"parameters": own, "variant": self.id})

    def _number(self, what: str, below: int) -> int:
        return int.from_bytes(self._hash(what)) % below

    def _hash(self, what: str) -> bytes:
        said = f"{self._name}\0{what}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._variants.key.encode(), said, hashlib.sha256)


def check_variants(file: TomlFile, at: KeyPath, variants: Variants, prompts: list[str]) -> None:
    """Something varies, and the word to exchange stands in the prompts. Raises ExerciseError."""
    if not variants.seed and not variants.words:
        raise file.error(at, "varies")
    if variants.words:
        if len(set(variants.words)) < 2:
            raise file.error((*at, "words"), "items_at_least", min_length=2)
        if not any(variants.words[0] in prompt for prompt in prompts):
            raise file.error((*at, "words"), "word_in_prompt", word=variants.words[0])

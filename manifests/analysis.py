"""The notebook's two kinds of entry: what a model said about pictures, and what the student made of it.

An analysis is never changed: a correction, an alternative text or a conclusion is an entry of its
own, after it. Reading is strict, as for a picture's manifest: these files come from outside.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, JsonValue, StringConstraints, Tag

from exercises.i18n import Language
from exercises.kinds.parts import Purpose, Task
from exercises.parameters import AssignmentId, Slug
from manifests.manifest import Charge, Name, Part, Seconds, Sha256, Tried
from manifests.moments import Moment

ANALYSIS_SCHEMA: Literal["genai-lab/analysis/1"] = "genai-lab/analysis/1"
WORDS_SCHEMA: Literal["genai-lab/words/1"] = "genai-lab/words/1"

MAX_TEXT = 20_000  # characters of what was asked, and of what was answered
MAX_WORDS = 4_000  # of each thing a student writes
MAX_PICTURES = 8

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Words = Annotated[str, StringConstraints(max_length=MAX_WORDS)]
Stem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,63}(-[1-9][0-9]{0,5})?$")]
Number = Annotated[int, Field(ge=1, le=1_000_000)]


class Seen(Part):
    """A picture a model was shown: whose record it is, and the hash of the file's bytes."""

    assignment: AssignmentId
    stem: Stem
    sha256: Sha256


class Asked(Part):
    """What was sent, without address and key. `follows`: the analysis it goes on from, by its number."""

    task: Task
    language: Language
    text: Text
    images: tuple[Seen, ...] = Field(max_length=MAX_PICTURES)
    follows: Number | None = None


class Answered(Part):
    """The answer as it came, and typed where a type was asked for. `finish`: whole, or cut at its length."""

    text: Text
    data: dict[str, JsonValue] | None = None
    finish: Literal["stop", "length"] = "stop"

    def statements(self) -> list[str]:
        """Every text in the answer, in its order: what a claim can be found in."""
        return [self.text] if self.data is None else list(_texts(self.data))


class _Entry(Part):
    model_config = ConfigDict(populate_by_name=True)

    student: Name
    assignment: AssignmentId
    exercise: Slug
    time: Moment
    sequence: Number
    previous: Sha256 | None
    digest: Sha256


class Analysis(_Entry):
    """One answer of a model. `seconds` is the call that answered; `tried` are those before it."""

    schema_: Literal["genai-lab/analysis/1"] = Field(default=ANALYSIS_SCHEMA, alias="schema")
    asked: Asked
    answered: Answered
    provider: Name
    model: Name
    tried: tuple[Tried, ...] = Field(max_length=100)
    cached: bool
    seconds: Seconds
    cost: Charge


class Correction(Part):
    """A claim of the answer `about`, what is true instead, and how the student noticed."""

    kind: Literal["correction"] = "correction"
    about: Number
    claim: Words
    truth: Words
    noticed: Words


class AltText(Part):
    """The alternative text of a picture for one use of it. `about`: the analysis that drafted it."""

    kind: Literal["alt_text"] = "alt_text"
    image: Seen
    purpose: Purpose
    use: Words
    alt: Words
    long: Words
    about: Number | None = None


class Conclusion(Part):
    """Which of the compared pictures the student would take, and why."""

    kind: Literal["conclusion"] = "conclusion"
    pictures: tuple[Stem, ...] = Field(max_length=50)
    chosen: Stem
    reason: Words


Said = Annotated[Correction | AltText | Conclusion, Field(discriminator="kind")]


class Note(_Entry):
    """Something the student wrote."""

    schema_: Literal["genai-lab/words/1"] = Field(default=WORDS_SCHEMA, alias="schema")
    said: Said


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "words" if value.get("schema") == WORDS_SCHEMA else "analysis"
    return "words" if isinstance(value, Note) else "analysis"


Entry = Annotated[Annotated[Analysis, Tag("analysis")] | Annotated[Note, Tag("words")], Discriminator(_kind)]


def _texts(value: JsonValue) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]

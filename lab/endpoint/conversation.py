"""A conversation as both protocols hold it: turns of text and pictures, and what form the answer is to have.

Nothing is decoded or understood yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant"]
Form = Literal["text", "json", "schema"]


@dataclass(frozen=True)
class PictureRef:
    """A picture as it was sent, not decoded yet; `param` says where it stood in the request."""

    url: str
    param: str


@dataclass(frozen=True)
class Turn:
    role: Role
    text: str
    pictures: tuple[PictureRef, ...] = ()


@dataclass(frozen=True)
class Conversation:
    """`schema` is the JSON Schema of the answer where `form` is "schema"; `param` is where that stood."""

    turns: tuple[Turn, ...]
    form: Form = "text"
    schema: Mapping[str, Any] | None = None
    param: str = "response_format"

    @property
    def question(self) -> str:
        """The last thing a person said."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def pictures(self) -> tuple[PictureRef, ...]:
        """Those of the last turn that has any: later questions are about them."""
        return next((turn.pictures for turn in reversed(self.turns) if turn.pictures), ())

    @property
    def instructions(self) -> str:
        """All that was said to the model rather than asked of it."""
        return "\n".join(turn.text for turn in self.turns if turn.role == "system")

    @property
    def prompt(self) -> str | None:
        """What stands between the last `<prompt>` and `</prompt>`: what the picture was to show."""
        texts = "\n".join(turn.text for turn in self.turns if turn.role != "assistant")
        end = texts.rfind("</prompt>")
        begin = texts.rfind("<prompt>", 0, max(end, 0))
        return None if begin < 0 else texts[begin + len("<prompt>") : end].strip()

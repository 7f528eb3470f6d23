"""A prompt beside a picture: what of it is there, what is not, and what nobody here can tell.

Of a prompt the judge can look for one object, that object's colour and the background's colour; they are read
as `mini` reads them. Everything else in it is not checked, and said to be.
"""

from dataclasses import dataclass
from typing import Literal

from lab.analyser.analysis import Seen
from lab.analyser.wording import Look
from lab.mini.words import known_tokens, unknown_words, vocabulary

Status = Literal["present", "missing", "unsure"]
MOST_PROMPT = 2000  # characters, as in a request


@dataclass(frozen=True)
class Part:
    """One thing a prompt asks for: its words for a person, and whether the picture has it."""

    kind: Literal["object", "color", "background"]
    words: str
    status: Status


@dataclass(frozen=True)
class Adherence:
    """`not_checked`: the prompt's words that the judge cannot look for."""

    parts: tuple[Part, ...]
    not_checked: tuple[str, ...]

    def of(self, status: Status) -> list[str]:
        return [part.words for part in self.parts if part.status == status]


def adherence(look: Look) -> Adherence | None:
    """What of the prompt is in the picture; None where no prompt was given."""
    if look.prompt is None:
        return None
    prompt = look.prompt[:MOST_PROMPT]
    words, tokens = vocabulary(), known_tokens(prompt)
    behind = {i for i, token in enumerate(tokens) if token in words.backgrounds and _is_behind(tokens, i)}
    asked = {
        "object": next((token for token in tokens if token in words.objects), None),
        "color": next((t for i, t in enumerate(tokens) if t in words.colors and i not in behind), None),
        "background": next((tokens[i] for i in sorted(behind)), None),
    }
    seen = {
        "object": look.analysis.object,
        "color": look.analysis.color,
        "background": look.analysis.background,
    }
    parts = tuple(
        Part(kind, _words(look, kind, asked[kind]), _status(seen[kind], asked[kind]))  # type: ignore[arg-type]
        for kind in ("object", "color", "background")
        if asked[kind] is not None
    )
    others = [t for t in tokens if t not in asked.values() and t not in ("on", "background")]
    return Adherence(parts, tuple(dict.fromkeys([*others, *unknown_words(prompt)])))


def _is_behind(tokens: list[str], i: int) -> bool:
    """Whether the colour at `i` is the background's: "on gray", "gray background"."""
    return (i > 0 and tokens[i - 1] == "on") or tokens[i + 1 : i + 2] == ["background"]


def _words(look: Look, kind: str, token: str | None) -> str:
    if kind == "object":
        return look.t(f"object.{token}")
    return look.t(f"analyser.asked_{kind}", color=look.t(f"color.{token}"))


def _status(seen: Seen, asked: str | None) -> Status:
    if seen.sure is None:
        return "unsure"
    return "present" if seen.sure == asked else "missing"

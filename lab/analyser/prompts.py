"""A prompt beside a picture: what of it is there, what is not, and what nobody here can tell.

Of a prompt the judge can look for one object, that object's colour and the background's colour; they are read
as `mini` reads them. Everything else in it is not checked, and said to be.
"""

from dataclasses import dataclass
from typing import Literal

from lab.analyser.analysis import Seen
from lab.analyser.wording import Look
from lab.mini.words import known_tokens, unknown_words, vocabulary

Kind = Literal["object", "color", "background"]
Status = Literal["present", "missing", "unsure"]
MOST_PROMPT = 2000  # characters, as in a request


@dataclass(frozen=True)
class Part:
    """One thing a prompt asks for: its words for a person, and whether the picture has it."""

    kind: Kind
    words: str
    status: Status


@dataclass(frozen=True)
class Adherence:
    """`not_checked`: the prompt's words that the judge cannot look for."""

    parts: tuple[Part, ...]
    not_checked: tuple[str, ...]

    def of(self, status: Status) -> list[str]:
        return [part.words for part in self.parts if part.status == status]


def sought(prompt: str) -> dict[Kind, str]:
    """What of a prompt the judge can look for, as tokens of the vocabulary; only what the prompt names."""
    words, tokens = vocabulary(), known_tokens(prompt[:MOST_PROMPT])
    behind = {i for i, token in enumerate(tokens) if token in words.backgrounds and _is_behind(tokens, i)}
    asked: dict[Kind, str | None] = {
        "object": next((token for token in tokens if token in words.objects), None),
        "color": next((t for i, t in enumerate(tokens) if t in words.colors and i not in behind), None),
        "background": next((tokens[i] for i in sorted(behind)), None),
    }
    return {kind: token for kind, token in asked.items() if token is not None}


def adherence(look: Look) -> Adherence | None:
    """What of the prompt is in the picture; None where no prompt was given."""
    if look.prompt is None:
        return None
    prompt = look.prompt[:MOST_PROMPT]
    asked = sought(prompt)
    seen: dict[Kind, Seen] = {
        "object": look.analysis.object,
        "color": look.analysis.color,
        "background": look.analysis.background,
    }
    parts = tuple(
        Part(kind, _words(look, kind, token), _status(seen[kind], token)) for kind, token in asked.items()
    )
    others = [t for t in known_tokens(prompt) if t not in asked.values() and t not in ("on", "background")]
    return Adherence(parts, tuple(dict.fromkeys([*others, *unknown_words(prompt)])))


def _is_behind(tokens: list[str], i: int) -> bool:
    """Whether the colour at `i` is the background's: "on gray", "gray background"."""
    return (i > 0 and tokens[i - 1] == "on") or tokens[i + 1 : i + 2] == ["background"]


def _words(look: Look, kind: Kind, token: str) -> str:
    if kind == "object":
        return look.t(f"object.{token}")
    return look.t(f"analyser.asked_{kind}", color=look.t(f"color.{token}"))


def _status(seen: Seen, asked: str) -> Status:
    if seen.sure is None:
        return "unsure"
    return "present" if seen.sure == asked else "missing"

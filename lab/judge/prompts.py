"""Compares a prompt with a picture: what of it is there, what is not, and what cannot be told.

Of a prompt the judge can look for one object, that object's colour and the background's colour; they are read
as `mini` reads them. Everything else in it is not checked, and said to be.
"""

from collections.abc import Container
from dataclasses import dataclass

from lab.judge.presence import Kind, look_for
from lab.judge.wording import Look
from lab.models.mini.vocabulary import known_tokens, unknown_words, vocabulary
from manifests.manifest import Sought

MOST_PROMPT = 2000  # characters, as in a request


@dataclass(frozen=True)
class PromptCheck:
    """What of a prompt is in a picture. `words`: each part in the reader's words.

    `not_checked`: the prompt's words that the judge cannot look for.
    """

    parts: tuple[Sought, ...]
    words: tuple[str, ...]
    not_checked: tuple[str, ...]

    def of(self, status: str) -> list[str]:
        """The parts that are `found`, `not_found` or `unsure`, in words."""
        return [words for part, words in zip(self.parts, self.words, strict=True) if part.status == status]


def asked_for(prompt: str) -> dict[Kind, str]:
    """What of a prompt the judge can look for, as tokens of the vocabulary; only what the prompt names."""
    words, tokens = vocabulary(), known_tokens(prompt[:MOST_PROMPT])
    thing = next((i for i, token in enumerate(tokens) if token in words.objects), None)
    behind = _behind(tokens)
    colors = [i for i, token in enumerate(tokens) if token in words.colors and i != behind]
    beside = [i for i in colors if thing is not None and i in (thing - 1, thing + 1)]
    asked: dict[Kind, int | None] = {
        "object": thing,
        "color": next(iter([*beside, *colors]), None),
        "background": behind,
    }
    return {kind: tokens[i] for kind, i in asked.items() if i is not None}


def check_prompt(look: Look) -> PromptCheck | None:
    """What of the prompt is in the picture; None where no prompt was given."""
    if look.prompt is None:
        return None
    prompt = look.prompt[:MOST_PROMPT]
    asked = asked_for(prompt)
    parts = look_for(asked, look.findings.classifications)
    silent = {*asked.values(), "on", "background"}
    others = [_name(look, token) for token in known_tokens(prompt) if token not in silent]
    return PromptCheck(
        parts,
        tuple(_words(look, kind, token) for kind, token in asked.items()),
        tuple(dict.fromkeys([*others, *unknown_words(prompt)])),
    )


def _behind(tokens: list[str]) -> int | None:
    """Where the background's colour stands: "gray background", "fond gris", or "on gray" if none is named.

    Between an object and the background a colour may be either's ("sac rouge, fond blanc"; "red bag, white
    background"): it is the object's if that has none before it and the background has another behind it.
    """
    words = vocabulary()

    def is_one_of(names: Container[str], i: int) -> bool:
        return 0 <= i < len(tokens) and tokens[i] in names

    for i in (i for i, word in enumerate(tokens) if word == "background"):
        before, after = is_one_of(words.backgrounds, i - 1), is_one_of(words.backgrounds, i + 1)
        of_object = is_one_of(words.objects, i - 2) and not is_one_of(words.colors, i - 3)
        if before and not (after and of_object):
            return i - 1
        if after:
            return i + 1
    first = next((i for i, token in enumerate(tokens) if token in words.objects), len(tokens))
    for i, word in enumerate(tokens):
        of_other = i > first and is_one_of(words.objects, i + 2)  # "a cat on a red chair"
        if word == "on" and is_one_of(words.backgrounds, i + 1) and not of_other:
            return i + 1
    return None


def _name(look: Look, token: str) -> str:
    if token in vocabulary().objects:
        return look.t(f"object.{token}")
    return look.t(f"color.{token}" if token in vocabulary().colors else f"grammar.{token}")


def _words(look: Look, kind: Kind, token: str) -> str:
    if kind == "object":
        return look.t(f"object.{token}")
    return look.t(f"analyser.asked_{kind}", color=look.t(f"color.{token}"))

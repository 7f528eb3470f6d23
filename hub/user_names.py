"""What a user name may look like, why another name is none, and the folder that belongs to a name.

A user name becomes part of web addresses, folders and the proxy's routing rules, so only characters
that are harmless in all three are allowed.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from exercises.i18n import Language, translator

MOST = 60  # characters
# Letters, digits and . _ @ + -, beginning with a letter or digit. A backtick would end a pattern in
# the proxy's rules, and a slash would lead to another folder.
USER_NAME = rf"^[^\W_][\w.@+-]{{0,{MOST - 1}}}\Z"

_NOT_ALLOWED = re.compile(r"[^\w.@+-]")
_UNSAFE_IN_FOLDER = re.compile(r"[^\w.@+-]|^\.")


@dataclass(frozen=True)
class NameFault:
    """Which rule a name breaks, what breaks it, and a similar name that breaks none, if there is one."""

    rule: Literal["empty", "characters", "beginning", "length"]
    what: str
    proposal: str

    def text(self, language: Language) -> str:
        """Say the rule, and propose the name."""
        t = translator("hub", language)
        said = t(f"user_name.{self.rule}", what=self.what, most=MOST)
        return f"{said} {t('user_name.proposal', name=self.proposal)}" if self.proposal else said


def normalized(name: str) -> str:
    """Return a name as it is compared everywhere: lower case, composed accents, no needless white space."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).lower().split()))


def fault_of(name: str) -> NameFault | None:
    """Return why a normalized name cannot be a user name, or None if it can."""
    if re.match(USER_NAME, name):
        return None
    proposal = _proposal(name)
    wrong = list(dict.fromkeys(_NOT_ALLOWED.findall(name)))
    if not name:
        return NameFault("empty", "", "")
    if wrong:
        return NameFault("characters", " ".join(map(_shown, wrong[:5])), proposal)
    if len(name) > MOST:
        return NameFault("length", str(len(name)), proposal)
    return NameFault("beginning", name[0], proposal)


def folder_name(user: str) -> str:
    """Return a folder name for a user: one path component, never hidden, and different for every user."""
    return _UNSAFE_IN_FOLDER.sub(
        lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), user
    )


def _proposal(name: str) -> str:
    """Return the name with white space as full stops and without what else is not allowed."""
    dotted = re.sub(r"\s+", ".", name)
    kept = "".join(c if not _NOT_ALLOWED.match(c) else unicodedata.normalize("NFKD", c) for c in dotted)
    allowed = normalized(_NOT_ALLOWED.sub("", kept)).lstrip("._@+-")[:MOST]
    return allowed if re.match(USER_NAME, allowed) else ""


def _shown(character: str) -> str:
    """Return a character as a message can show it; one that cannot be seen by its code point."""
    if character == " ":
        return "␣"
    seen = character.isprintable() and not unicodedata.combining(character)
    return character if seen else f"U+{ord(character):04X}"

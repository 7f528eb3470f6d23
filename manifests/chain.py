"""The chain that ties a student's manifests: each holds its own digest and the one of the manifest before.

The digest is SHA-256 over a version line and the canonical JSON (keys sorted, no spaces) of all
other fields, `previous` among them. So an edited field shows at the manifest it stands in, and
a manifest taken out, put in or rewritten with a fresh digest shows at the link. A student who
rebuilds the whole chain is not found out by it: that takes a countersignature.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Protocol

from exercises.i18n import Language, translator
from manifests.manifest import Manifest

VERSION = "genai-lab/chain/1"
UNSEALED = "0" * 64


class Link(Protocol):
    """A record in a chain: a picture's manifest, or an entry of the notebook."""

    @property
    def sequence(self) -> int: ...
    @property
    def previous(self) -> str | None: ...
    @property
    def digest(self) -> str: ...
    def model_dump(self, *, mode: str, by_alias: bool, exclude: set[str]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ChainBreak:
    """One place where the chain does not hold.

    `sequence`: the number of the manifest at fault. `kind`: `edited` (its fields are not those
    its digest was made of), `missing` (there is none of that number), `duplicate` (there are
    several), `link` (it does not follow the manifest before it).
    """

    sequence: int
    kind: Literal["edited", "missing", "duplicate", "link"]

    def text(self, language: Language) -> str:
        return translator("manifests", language)(f"chain.{self.kind}", sequence=self.sequence)


def digest(link: Link) -> str:
    """SHA-256, in hexadecimal, over everything in the record but its `digest`."""
    fields = link.model_dump(mode="json", by_alias=True, exclude={"digest"})
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(f"{VERSION}\n{canonical}".encode()).hexdigest()


def is_sealed(link: Link) -> bool:
    """Whether a record is as it was when its digest was made."""
    return digest(link) == link.digest


def sealed(**fields: Any) -> Manifest:
    """A manifest of these fields (all but `digest`) with its digest."""
    manifest = Manifest(**fields, digest=UNSEALED)
    return manifest.model_copy(update={"digest": digest(manifest)})


def verify_chain(manifests: Iterable[Link]) -> list[ChainBreak]:
    """Where the chain of one student and assignment does not hold, by sequence; empty when it is whole.

    Takes all manifests, those in the bin among them, in any order. What was cut off at the end
    cannot be seen.
    """
    chain = sorted(manifests, key=lambda manifest: manifest.sequence)
    breaks = [ChainBreak(m.sequence, "edited") for m in chain if not is_sealed(m)]
    if chain:
        breaks += [ChainBreak(number, "missing") for number in _gap(0, chain[0].sequence)]
        if chain[0].sequence == 1 and chain[0].previous is not None:
            breaks.append(ChainBreak(1, "link"))
    for before, after in pairwise(chain):
        if after.sequence == before.sequence:
            breaks.append(ChainBreak(after.sequence, "duplicate"))
        elif after.sequence > before.sequence + 1:
            breaks += [ChainBreak(number, "missing") for number in _gap(before.sequence, after.sequence)]
        elif after.previous != before.digest:
            breaks.append(ChainBreak(after.sequence, "link"))
    return sorted(set(breaks), key=lambda each: (each.sequence, each.kind))


def _gap(before: int, after: int) -> range:
    """The numbers missing between two; at most the first of them, for a forged number may be huge."""
    return range(before + 1, min(after, before + 2))

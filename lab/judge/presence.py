"""Whether something asked for is in a picture: the one rule, for manifest, gallery, analysis and endpoint.

Found: the judge is sure, and what it is sure of is what was asked. Not found: it is sure of something else.
Unsure: it is sure of nothing, which is an answer too.
"""

from collections.abc import Mapping
from typing import Literal

from lab.judge.findings import Classification
from manifests.manifest import Sought

Kind = Literal["object", "color", "background"]


def look_for(asked: Mapping[Kind, str], seen: Mapping[Kind, Classification]) -> tuple[Sought, ...]:
    """What was asked for, each with the judge's answer; names are tokens of `mini`'s vocabulary."""
    return tuple(_sought(kind, token, seen[kind]) for kind, token in asked.items())


def _sought(kind: Kind, token: str, seen: Classification) -> Sought:
    first = seen.guesses[0].name
    probability = next((guess.probability for guess in seen.guesses if guess.name == token), 0.0)
    status: Literal["found", "not_found", "unsure"] = "found" if first == token else "not_found"
    if seen.sure is None:
        status = "unsure"
    return Sought(kind=kind, asked=token, probability=probability, first=first, status=status)

"""A quiz's questions and their answers, derived from the manifests: the same for the page and for the grade.

Which pictures, or what of a workflow's graph, a student is asked about, and in which order the choices stand,
a hash of who is asked what decides, so that neighbours are asked differently. What is right follows from the
manifests of those pictures, or from that graph, alone. Nothing here is kept.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exercises.kinds.quiz import Question, different
from exercises.parameters import SCHEDULERS, Parameters
from manifests.manifest import Manifest, Request

CLAIMED = ("steps", "guidance_scale", "scheduler", "seed")
ASKED_FOR = tuple(name for name in Parameters.model_fields if name not in ("mode", "strength"))
COLORS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "black",
    "white",
    "brown",
    "gray",
    "turquoise",
)
JUDGED = "judge_"  # before the kind of what the judge found, in the key of a claim


@dataclass(frozen=True)
class Choice:
    """One answer to choose: what is saved of it, and the values of parameters, or of the judge, it names."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A question as it is asked about certain pictures; `right` are the keys of the right choices."""

    choices: tuple[Choice, ...]
    right: frozenset[str]


def runs_asked_about(question: Question, *who: str) -> tuple[str, ...]:
    """The runs whose pictures are shown to somebody: one, or the first and one that differs from it."""
    if question.ask == "which_parameter":
        return question.runs[0], _first(question.runs[1:], *who, question.id)
    return (_first(question.runs, *who, question.id),)


def place_asked_about(question: Question, *who: str) -> str:
    """What of its graph somebody is asked for: the place of a link, or the name of a value; else nothing."""
    return "" if question.graph is None else _first(question.about, *who, question.id)


def ask_by_itself(question: Question, about: str) -> Asked | None:
    """The question about that place or value, or as it is written; None where its graph has none such."""
    if question.ask == "choice":
        return Asked(tuple(Choice(str(n)) for n in range(1, len(question.choices) + 1)), frozenset({"1"}))
    graph = question.graph
    if graph is None or about not in question.about:
        return None
    if question.ask == "which_source":
        right = {link.source for link in graph.links if link.place == about}
    else:
        right = {node.id for node in graph.nodes if about in dict(node.values)}
    return Asked(tuple(Choice(node.id) for node in graph.nodes), frozenset(right))


def shuffled(choices: Sequence[Choice], *who: str) -> list[Choice]:
    """The choices in the order in which somebody sees them."""
    return sorted(choices, key=lambda choice: _rank(*who, choice.key))


def ask(question: Question, shown: Sequence[Manifest], newest: Mapping[str, Manifest]) -> Asked | None:
    """The question about the pictures shown; None where it cannot be asked about them.

    `newest` are the pictures of all its runs.
    """
    runs = [manifest.run for manifest in shown]
    pair = question.ask == "which_parameter"
    if pair != (len(runs) == 2) or not runs or not set(runs) <= set(question.runs):
        return None
    if pair and (runs[0] != question.runs[0] or runs[1] == runs[0]):
        return None
    if set(question.runs) - newest.keys() or not all(isinstance(m.request, Request) for m in shown):
        return None
    asked = {"which_run": _which_run, "which_parameter": _which_parameter, "which_claim": _which_claim}
    found = asked[question.ask](question, shown, newest)
    return found if found.right else None


def _which_run(question: Question, shown: Sequence[Manifest], newest: Mapping[str, Manifest]) -> Asked:
    """Runs that gave the very same pixels are all right."""
    telling = [
        name
        for name in ASKED_FOR
        if len({str(getattr(newest[run].request, name, None)) for run in question.runs}) > 1
    ]
    choices = tuple(
        Choice(run, {name: getattr(newest[run].request, name, None) for name in telling})
        for run in question.runs
    )
    pixels = shown[0].image.pixels_sha256
    same = {run for run in question.runs if newest[run].image.pixels_sha256 == pixels}
    return Asked(choices, frozenset(same | {shown[0].run}))


def _which_parameter(question: Question, shown: Sequence[Manifest], _: Mapping[str, Manifest]) -> Asked:
    changed = set(different(shown[0].request, shown[1].request))
    names = [name for name in ASKED_FOR if name not in ("width", "height")]
    return Asked(tuple(Choice(name) for name in names), frozenset(changed & set(names)))


def _which_claim(question: Question, shown: Sequence[Manifest], newest: Mapping[str, Manifest]) -> Asked:
    """Claims about how the picture was made and what the judge found in it, one of them changed."""
    manifest = shown[0]
    claims: dict[str, object] = {name: getattr(manifest.request, name) for name in CLAIMED}
    for part in manifest.adherence.parts if manifest.adherence else ():
        if part.kind != "object" and part.verdict == "found" and part.asked in COLORS:
            claims[JUDGED + part.kind] = part.asked
    false = _first(tuple(claims), manifest.digest)
    claims[false] = _untrue(false, claims[false], newest, manifest.digest)
    return Asked(tuple(Choice(key, {key: value}) for key, value in claims.items()), frozenset({false}))


def _untrue(key: str, value: object, newest: Mapping[str, Manifest], digest: str) -> object:
    """Another value: one that another of the runs has, where there is such a one."""
    if key.startswith(JUDGED):
        return _first(tuple(color for color in COLORS if color != value), digest, key)
    others = {str(v): v for m in newest.values() if (v := getattr(m.request, key, value)) != value}
    if others:
        return others[_first(tuple(sorted(others)), digest, key)]
    if key == "scheduler":
        return _first(tuple(name for name in SCHEDULERS if name != value), digest, key)
    assert isinstance(value, int | float)  # noqa: S101 - the claims are numbers but for the scheduler
    return value + 1 if key == "seed" else value + (4 if key == "guidance_scale" else 10)


def _first(names: tuple[str, ...], *who: str) -> str:
    """One of the names, another one for each `who`."""
    return min(names, key=lambda name: _rank(*who, name))


def _rank(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

"""A flowchart written as text, in a small part of Mermaid's words, read into nodes and arrows.

    flowchart TD                     first the direction: TD (or TB) downwards, LR to the right
      a[Prompt] --> b(Text encoder)  a box, a round one, and {…} a diamond; a node's label is written once
      b -->|vectors| c["U-Net"]      a label on the arrow; quotes round signs that would mean something
      c -.-> d --- e                 a broken arrow, a line without a head; several in a row
      %% nobody draws this

Rule: what is read is bounded and nothing of it is executed; whatever else Mermaid knows is refused by name,
with the line and what to write there.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from crafts.errors import CraftError

Direction = Literal["TD", "LR"]
Form = Literal["box", "round", "diamond"]
Line = Literal["solid", "dotted"]

MAX_SOURCE, MAX_LINES, MAX_LABEL = 4000, 120, 48  # characters, lines, characters
MOST_NODES, MOST_ARROWS, MOST_LABELS = 20, 40, 20  # as many as one page holds

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}(?![A-Za-z0-9_])")
_LINK = re.compile(r"(-->|---|-\.->)(?![->])")
_FIRST = re.compile(r"(?:flowchart|graph)[ \t]+(TD|TB|LR)[ \t]*;?")
_ENDS: dict[str, tuple[str, Form]] = {"[": ("]", "box"), "(": (")", "round"), "{": ("}", "diamond")}
_OTHER = re.compile(r"(subgraph|end|style|classDef|class|click|linkStyle|direction)\b")
_LINKS: dict[str, tuple[Line, bool]] = {  # how it is drawn, and whether it has a head
    "-->": ("solid", True),
    "---": ("solid", False),
    "-.->": ("dotted", True),
}


@dataclass(frozen=True)
class Node:
    id: str
    label: str
    form: Form


@dataclass(frozen=True)
class Arrow:
    """From node to node, by their ids."""

    tail: str
    head: str
    label: str
    line: Line
    pointed: bool


@dataclass(frozen=True)
class Flowchart:
    direction: Direction
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def label(self, node_id: str) -> str:
        return next(node.label for node in self.nodes if node.id == node_id)

    @property
    def labels(self) -> list[str]:
        """All that is written on it, each once: the nodes', then the arrows'."""
        written = [node.label for node in self.nodes] + [arrow.label for arrow in self.arrows if arrow.label]
        return list(dict.fromkeys(written))

    @property
    def sentences(self) -> list[str]:
        """The arrows as text, for those who do not see the drawing."""
        return [
            f"{self.label(a.tail)} {'→' if a.pointed else '–'} {self.label(a.head)}"
            + (f" ({a.label})" if a.label else "")
            for a in self.arrows
        ]


def read(source: str) -> Flowchart:
    """Raises CraftError: the line, and what to write there."""
    lines = source.splitlines()
    if len(source) > MAX_SOURCE or len(lines) > MAX_LINES:
        raise CraftError("diagram.long", characters=MAX_SOURCE, lines=MAX_LINES)
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        reader.line(number, line.strip())
    if reader.direction is None:
        raise CraftError("diagram.empty")
    if not reader.arrows:
        raise CraftError("diagram.no_arrow")
    chart = Flowchart(reader.direction, tuple(reader.nodes()), tuple(reader.arrows))
    if len(chart.labels) > MOST_LABELS:
        raise CraftError("diagram.labels", maximum=MOST_LABELS, found=len(chart.labels))
    return chart


@dataclass
class _Reader:
    """Reads line by line; `at` and `rest` are the number and what is left of the line it is in."""

    direction: Direction | None = None
    arrows: list[Arrow] = field(default_factory=list)
    _given: dict[str, Node | None] = field(default_factory=dict)  # None: named, but without a label so far
    _at: int = 0
    _rest: str = ""

    def nodes(self) -> list[Node]:
        """A node without a label is called as its id."""
        return [node or Node(name, name, "box") for name, node in self._given.items()]

    def line(self, number: int, text: str) -> None:
        if not text or text.startswith("%%"):
            return
        self._at, self._rest = number, text
        if self.direction is None:
            first = _FIRST.fullmatch(text)
            if first is None:
                raise self._error("first")
            self.direction = "LR" if first[1] == "LR" else "TD"
            return
        if other := _OTHER.match(text):
            raise self._error("word", word=other[1])
        tail = self._node()
        while self._skip():
            line, pointed, label = self._link()
            self._skip()
            head = self._node()
            if head == tail:
                raise self._error("itself", id=head)
            if len(self.arrows) == MOST_ARROWS:
                raise self._error("arrows", maximum=MOST_ARROWS)
            self.arrows.append(Arrow(tail, head, label, line, pointed))
            tail = head

    def _skip(self) -> bool:
        """Pass over blanks and a last semicolon; whether anything is left."""
        self._rest = self._rest.lstrip()
        if self._rest == ";":
            self._rest = ""
        return bool(self._rest)

    def _node(self) -> str:
        """A node's id, and its label where one is given here."""
        named = _ID.match(self._rest)
        if named is None:
            raise self._error("node", found=_shown(self._rest))
        name = named[0]
        self._rest = self._rest[named.end() :]
        if name not in self._given and len(self._given) == MOST_NODES:
            raise self._error("nodes", maximum=MOST_NODES)
        known = self._given.setdefault(name, None)
        if self._rest[:1] in _ENDS:
            end, form = _ENDS[self._rest[0]]
            node = Node(name, self._until(end), form)
            if known is not None and known != node:
                raise self._error("twice", id=name, label=known.label)
            self._given[name] = node
        return name

    def _link(self) -> tuple[Line, bool, str]:
        found = _LINK.match(self._rest)
        if found is None:
            raise self._error("arrow", found=_shown(self._rest))
        self._rest = self._rest[found.end() :].lstrip()
        label = self._until("|") if self._rest.startswith("|") else ""
        return *_LINKS[found[1]], label

    def _until(self, end: str) -> str:
        """The label up to its closing sign, of which the first stands here."""
        inside = self._rest[1:].lstrip()
        if inside.startswith('"'):
            text, closed, rest = inside[1:].partition('"')
            rest = rest.lstrip()
            if not closed or not rest.startswith(end):
                raise self._error("open", end=f'"{end}')
            self._rest = rest[1:]
        else:
            text, closed, self._rest = inside.partition(end)
            if not closed:
                raise self._error("open", end=end)
            if bad := next((sign for sign in text if sign in '[](){}|"'), None):
                raise self._error("quotes", sign=bad)
        label = " ".join(text.split())
        if not label:
            raise self._error("no_label")
        if len(label) > MAX_LABEL:
            raise self._error("label", maximum=MAX_LABEL, found=len(label))
        if not label.isprintable():
            raise self._error("signs")
        return label

    def _error(self, key: str, **values: object) -> CraftError:
        return CraftError(f"diagram.{key}", line=self._at, **values)


def _shown(rest: str) -> str:
    """The beginning of what is not understood."""
    return "".join(sign if sign.isprintable() else "?" for sign in rest[:20]) or "–"

"""Where a flowchart's nodes and arrows stand: in layers, so that arrows lead one way as far as they can.

The way of Sugiyama, Tagawa and Toda in four steps: arrows that lead back are turned round for the time being;
a node's layer is the longest way to it; within a layer nodes are ordered by the mean place of their
neighbours; places are evened out the same way. An arrow over several layers bends at a place kept free in
each; where arrows have labels there is a layer between each two of the nodes', so that a label has a place
like a node's and covers nothing. All is without chance, and given in whole numbers.
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass

from crafts.flowchart import Arrow, Flowchart, Node

Point = tuple[int, int]

SIZE, LINE = 16, 20  # of the letters and of a line, in units of the drawing
WRAP = 16  # characters of a line, where a label has blanks
PAD, EDGE, BESIDE = 14, 24, 28  # in a node, round all, between neighbours
BETWEEN, BETWEEN_LABELS = 52, 22  # between layers
SWEEPS = 6
_NARROW, _WIDE = frozenset("iljftrI.,:;!'|()[] "), frozenset("mwMW@%&—…")


@dataclass(frozen=True)
class Placed:
    """A node in its box; `lines` is its label as it is broken."""

    node: Node
    lines: tuple[str, ...]
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Path:
    """An arrow from point to point; its label's lines, and the middle of the place where they stand."""

    arrow: Arrow
    points: tuple[Point, ...]
    lines: tuple[str, ...]
    middle: Point


@dataclass(frozen=True)
class Layout:
    width: int
    height: int
    nodes: tuple[Placed, ...]
    paths: tuple[Path, ...]


def laid_out(chart: Flowchart) -> Layout:
    return _Layers(chart).layout()


def broken(label: str) -> tuple[str, ...]:
    """A label as lines, broken at blanks."""
    lines: list[str] = []
    for word in label.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= WRAP:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def measured(lines: tuple[str, ...]) -> int:
    """How wide a text is at most, by its signs: the same on every machine, whatever fonts it has."""
    return max(sum(_width(sign) for sign in line) for line in lines) if lines else 0


def _width(sign: str) -> int:
    if sign in _NARROW:
        return 7
    if sign in _WIDE or ord(sign) > 0x2E7F:  # scripts whose signs are as wide as high
        return 17
    return 12 if sign.isupper() else 10


class _Layers:
    """Works in two directions, `along` the arrows and `across` them, and turns them at the end."""

    def __init__(self, chart: Flowchart) -> None:
        self.chart = chart
        self.down = chart.direction == "TD"
        self.lines = {node.id: broken(node.label) for node in chart.nodes}
        self.sizes = {node.id: self._size(node) for node in chart.nodes}
        self.labelled = any(arrow.label for arrow in chart.arrows)
        self.layer = self._layers(self._turned())
        self.order: list[list[str]] = [[] for _ in range(1 + max(self.layer.values()))]
        for node in chart.nodes:
            self.order[self.layer[node.id]].append(node.id)
        self.chains = [self._chain(number, arrow) for number, arrow in enumerate(chart.arrows)]
        self.near: dict[str, list[str]] = defaultdict(list)
        for chain in self.chains:
            for one, other in itertools.pairwise(chain):
                self.near[one].append(other)
                self.near[other].append(one)

    def _size(self, node: Node) -> Point:
        lines = self.lines[node.id]
        wide, high = measured(lines) + 2 * PAD, LINE * len(lines) + 2 * PAD
        return (wide * 3 // 2, high * 3 // 2) if node.form == "diamond" else (wide, high)

    def _turned(self) -> list[tuple[str, str]]:
        """The arrows as pairs, those that lead back on a way already begun the other way round."""
        leads: dict[str, list[str]] = defaultdict(list)
        for arrow in self.chart.arrows:
            leads[arrow.tail].append(arrow.head)
        state: dict[str, int] = {}  # 1: on the way, 2: done
        back: set[tuple[str, str]] = set()
        for node in self.chart.nodes:
            way = [(node.id, iter(leads[node.id]))] if node.id not in state else []
            state.setdefault(node.id, 1)
            while way:
                here, further = way[-1]
                there = next(further, None)
                if there is None:
                    state[here] = 2
                    way.pop()
                elif state.get(there) == 1:
                    back.add((here, there))
                elif there not in state:
                    state[there] = 1
                    way.append((there, iter(leads[there])))
        pairs = [(arrow.tail, arrow.head) for arrow in self.chart.arrows]
        return [(head, tail) if (tail, head) in back else (tail, head) for tail, head in pairs]

    def _layers(self, pairs: list[tuple[str, str]]) -> dict[str, int]:
        """The longest way to each node."""
        layer = {node.id: 0 for node in self.chart.nodes}
        for _ in layer:  # as often as the longest way could be long
            for tail, head in pairs:
                layer[head] = max(layer[head], layer[tail] + (2 if self.labelled else 1))
        return layer

    def _chain(self, number: int, arrow: Arrow) -> list[str]:
        """The arrow and between its ends a place kept free in each layer; the middle one for its label."""
        start, end = self.layer[arrow.tail], self.layer[arrow.head]
        step = 1 if end > start else -1
        free = []
        for layer in range(start + step, end, step):
            name = f"{number}:{layer}"  # no node's id begins with a digit
            self.order[layer].append(name)
            self.sizes[name] = (8, 8)
            free.append(name)
        if arrow.label:
            lines = broken(arrow.label)
            self.sizes[free[len(free) // 2]] = (measured(lines) + 8, LINE * len(lines) + 4)
        return [arrow.tail, *free, arrow.head]

    def layout(self) -> Layout:
        self._arrange()
        along, starts = self._along()
        across = self._across()
        moved = min(across[name] - self._wide(name) / 2 for layer in self.order for name in layer)
        at = {name: round(across[name] - moved) + EDGE for layer in self.order for name in layer}
        wide = max(at[name] + self._wide(name) // 2 for layer in self.order for name in layer) + EDGE
        nodes = []
        for node in self.chart.nodes:
            width, height = self.sizes[node.id]
            middle = self._point(at[node.id], along[node.id])
            left, top = middle[0] - width // 2, middle[1] - height // 2
            nodes.append(Placed(node, self.lines[node.id], left, top, width, height))
        width, height = (wide, starts) if self.down else (starts, wide)
        return Layout(width, height, tuple(nodes), tuple(self._paths(at, along)))

    def _arrange(self) -> None:
        """Order each layer by the mean place of the neighbours in the one before, then in the one after."""
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            numbers = range(1, len(self.order)) if forward else range(len(self.order) - 2, -1, -1)
            for number in numbers:
                fixed = {name: n for n, name in enumerate(self.order[number + (-1 if forward else 1)])}
                place = {name: n for n, name in enumerate(self.order[number])}

                def wanted(name: str, fixed: dict[str, int] = fixed, place: dict[str, int] = place) -> float:
                    known = [fixed[other] for other in self.near[name] if other in fixed]
                    return sum(known) / len(known) if known else place[name]

                self.order[number].sort(key=lambda name: (wanted(name), place[name]))

    def _along(self) -> tuple[dict[str, int], int]:
        """Where each layer stands, and where the drawing ends."""
        between = BETWEEN_LABELS if self.labelled else BETWEEN
        at: dict[str, int] = {}
        here = EDGE
        for number, layer in enumerate(self.order):
            depth = max(self._deep(name) for name in layer)
            at |= dict.fromkeys(layer, here + depth // 2)
            here += depth + (between if number < len(self.order) - 1 else EDGE)
        return at, here

    def _across(self) -> dict[str, float]:
        """Where the nodes of a layer stand: near the mean of their neighbours, in order and with room."""
        at: dict[str, float] = {}
        for layer in self.order:
            at |= self._spread(layer, dict.fromkeys(layer, 0.0))
        for sweep in range(SWEEPS):
            for layer in self.order if sweep % 2 == 0 else reversed(self.order):
                wanted = {
                    name: sum(at[other] for other in self.near[name]) / len(self.near[name])
                    if self.near[name]
                    else at[name]
                    for name in layer
                }
                at |= self._spread(layer, wanted)
        return at

    def _spread(self, layer: list[str], wanted: dict[str, float]) -> dict[str, float]:
        """As wanted, but pushed apart where they would touch; their mean stays."""
        at: dict[str, float] = {}
        before: str | None = None
        for name in layer:
            place = wanted[name]
            if before is not None:
                least = at[before] + (self._wide(before) + self._wide(name)) / 2 + BESIDE
                place = max(place, least)
            at[name], before = place, name
        off = sum(wanted[name] - at[name] for name in layer) / len(layer)
        return {name: place + off for name, place in at.items()}

    def _paths(self, at: dict[str, int], along: dict[str, int]) -> list[Path]:
        """Each arrow from the side of its node, where several leave or arrive in their neighbours' order."""
        ports: dict[tuple[str, bool], list[tuple[int, int]]] = defaultdict(list)
        for number, chain in enumerate(self.chains):
            ports[chain[0], along[chain[1]] > along[chain[0]]].append((at[chain[1]], number))
            ports[chain[-1], along[chain[-2]] > along[chain[-1]]].append((at[chain[-2]], number))
        paths = []
        for number, (chain, arrow) in enumerate(zip(self.chains, self.chart.arrows, strict=True)):
            flat = []
            for name, beside in ((chain[0], chain[1]), (chain[-1], chain[-2])):
                after = along[beside] > along[name]
                side = sorted(ports[name, after])
                share = (side.index((at[beside], number)) + 1) / (len(side) + 1)
                width = 0 if self._is_diamond(name) else self._wide(name)
                flat.append(
                    (
                        at[name] + round(width * (share - 0.5)),
                        along[name] + (1 if after else -1) * (self._deep(name) // 2),
                    )
                )
            way = [flat[0], *((at[name], along[name]) for name in chain[1:-1]), flat[1]]
            middle = way[len(way) // 2]
            lines = broken(arrow.label) if arrow.label else ()
            paths.append(
                Path(arrow, tuple(self._point(*point) for point in way), lines, self._point(*middle))
            )
        return paths

    def _is_diamond(self, name: str) -> bool:
        return any(node.id == name and node.form == "diamond" for node in self.chart.nodes)

    def _wide(self, name: str) -> int:
        return self.sizes[name][0 if self.down else 1]

    def _deep(self, name: str) -> int:
        return self.sizes[name][1 if self.down else 0]

    def _point(self, across: int, along: int) -> Point:
        return (across, along) if self.down else (along, across)

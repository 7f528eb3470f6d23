"""A workflow as a drawing: boxes from top to bottom, wires from outputs to inputs; and the same as a list.

Rule: the drawing is made here of what `exercises.graph` has bounded, as inline SVG without script, style or
address; every text in it is escaped. Colours are the page's, so that light and dark follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from exercises.graph import Graph, Link, Node
from exercises.i18n import Translator

LETTER, SMALL_LETTER = 7.6, 6.2  # pixels of a letter's width, of a node's class and of what stands around it
LINE = 15  # of a value
ACROSS, DOWN, EDGE, LANE = 22, 40, 10, 12  # between boxes, between rows, around all, between long wires
LANES = 24  # then they are shared
LONGEST = 30  # letters of a text in the drawing; the list has it whole
MOST_VALUES = 12  # lines in a box


@dataclass(frozen=True)
class _Box:
    """A node's place; `ports` are where its linked inputs are on its upper edge."""

    node: Node
    left: float
    top: float
    width: float
    height: float
    ports: dict[str, float]

    @property
    def middle(self) -> float:
        return self.left + self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


def workflow(t: Translator, graph: Graph, *, values: bool = True) -> Markup:
    """The drawing, and folded away below it the list; without `values` only boxes and wires."""
    more = Markup("<p>{}</p>").format(t("graph.more", count=graph.more)) if graph.more else ""
    return Markup('<div class="graph">{}<details><summary>{}</summary>{}</details>{}</div>').format(
        drawing(t, graph, values=values), t("graph.as_text"), listed(t, graph, values=values), more
    )


def named(node: Node) -> str:
    """A node as one says it."""
    return f"{node.kind} ({node.id})"


def listed(t: Translator, graph: Graph, *, values: bool = True) -> Markup:
    """Every node with what goes into it, for those who do not look at the drawing."""
    by_id = {node.id: node for node in graph.nodes}
    return Markup("<ol>{}</ol>").format(
        Markup("").join(
            Markup("<li><strong>{}</strong>{}</li>").format(
                named(node), _inputs(t, node, graph, by_id, values)
            )
            for layer in graph.layers()
            for node in layer
        )
    )


def _inputs(t: Translator, node: Node, graph: Graph, by_id: dict[str, Node], values: bool) -> Markup:
    said = [
        t("graph.from", input=link.input, node=named(by_id[link.source]))
        for link in graph.links
        if link.target == node.id
    ]
    if values:
        said += [t("graph.value", name=name, value=value) for name, value in node.values]
    items = Markup("").join(Markup("<li>{}</li>").format(each) for each in said)
    return Markup("<ul>{}</ul>").format(items) if items else Markup("")


def drawing(t: Translator, graph: Graph, *, values: bool = True) -> Markup:
    """The SVG."""
    rows = _rows(graph, values)
    boxes = {box.node.id: box for row in rows for box in row}
    number_of = {box.node.id: number for number, row in enumerate(rows) for box in row}
    right = max(box.left + box.width for box in boxes.values())
    wires, lanes = Markup(""), 0
    for link in graph.links:
        lane = None
        if number_of[link.target] != number_of[link.source] + 1:
            lane = right + LANE * (1 + lanes % LANES)
            lanes += 1
        wires += _wire(link, boxes, lane)
    width = right + LANE * min(lanes, LANES) + EDGE
    height = max(box.bottom for box in boxes.values()) + EDGE
    said = t("graph.said", nodes=len(graph.nodes), links=len(graph.links))
    return Markup(
        '<svg viewBox="0 0 {w:.0f} {h:.0f}" width="{w:.0f}" height="{h:.0f}" '
        'style="max-width:{w:.0f}px;min-width:{least:.0f}px" role="img" aria-label="{said}">'
        "{wires}{boxes}</svg>"
    ).format(
        w=width,
        least=width * 0.6,
        h=height,
        said=said,
        wires=wires,
        boxes=Markup("").join(_drawn(box, values) for box in boxes.values()),
    )


def _rows(graph: Graph, values: bool) -> list[list[_Box]]:
    """Each layer's boxes side by side, in the middle of the drawing."""
    linked: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for link in graph.links:
        linked[link.target].append(link.input)
    layers = graph.layers()
    widths = [[_width(node, linked[node.id], values) for node in layer] for layer in layers]
    whole = max(sum(row) + ACROSS * (len(row) - 1) for row in widths)
    rows, top = [], float(EDGE)
    for layer, row in zip(layers, widths, strict=True):
        left = EDGE + (whole - sum(row) - ACROSS * (len(row) - 1)) / 2
        boxes = []
        for node, width in zip(layer, row, strict=True):
            boxes.append(_box(node, linked[node.id], left, top, width, values))
            left += width + ACROSS
        rows.append(boxes)
        top = max(box.bottom for box in boxes) + DOWN
    return rows


def _box(node: Node, inputs: Sequence[str], left: float, top: float, width: float, values: bool) -> _Box:
    lines = len(_shown(node)) if values else 0
    height = 26 + (14 if inputs else 0) + lines * LINE + (4 if lines else 0)
    wanted = [_label_width(name) for name in inputs]
    at, ports = left + (width - sum(wanted)) / 2, {}
    for name, wide in zip(inputs, wanted, strict=True):
        ports[name] = at + wide / 2
        at += wide
    return _Box(node, left, top, width, height, ports)


def _width(node: Node, inputs: Sequence[str], values: bool) -> float:
    said = [f"{name}: {value}" for name, value in _shown(node)] if values else []
    return max(
        90,
        len(_cut(named(node))) * LETTER + 16,
        sum(_label_width(name) for name in inputs) + 4,
        *(len(_cut(each)) * SMALL_LETTER + 16 for each in said),
    )


def _label_width(name: str) -> float:
    return len(_cut(name)) * SMALL_LETTER + 12


def _shown(node: Node) -> Sequence[tuple[str, str]]:
    return node.values[:MOST_VALUES]


def _drawn(box: _Box, values: bool) -> Markup:
    """One box: its linked inputs along the upper edge, its class, its values."""
    parts = Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="6"/>').format(
        box.left, box.top, box.width, box.height
    )
    for name, x in box.ports.items():
        parts += Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3"/>').format(x, box.top)
        parts += _text("port", x, box.top + 14, name)
    y = box.top + (32 if box.ports else 18)
    parts += _text("kind", box.middle, y, named(box.node))
    for number, (name, value) in enumerate(_shown(box.node) if values else (), 1):
        parts += _text("value", box.middle, y + 2 + number * LINE, f"{name}: {value}")
    return Markup("<g>{}</g>").format(parts)


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>').format(kind, x, y, _cut(text))


def _wire(link: Link, boxes: dict[str, _Box], lane: float | None) -> Markup:
    """From the lower edge of one box to an input of another; past others by a lane beside them."""
    source, target = boxes[link.source], boxes[link.target]
    x1, y1 = source.middle + _aside(link.output, source), source.bottom
    x2, y2 = target.ports[link.input], target.top
    if lane is None:
        bend = (y2 - y1) / 2
        path = f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f} {x2:.1f} {y2:.1f}"
    else:
        path = (
            f"M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + 30:.1f} {lane:.1f} {y1 + 4:.1f} {lane:.1f} {y1 + 34:.1f}"
            f"L{lane:.1f} {y2 - 34:.1f}C{lane:.1f} {y2 - 4:.1f} {x2:.1f} {y2 - 30:.1f} {x2:.1f} {y2:.1f}"
        )
    return Markup('<path class="wire of{}" d="{}"/>').format(link.output % 3, path)


def _aside(output: int, box: _Box) -> float:
    """How far from the middle an output is, so that three outputs are three points."""
    return (output % 3 - 1) * min(18, box.width / 6)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

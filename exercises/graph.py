"""A workflow in ComfyUI's API format as a graph: nodes with their values, and the links between them.

Rule: whatever JSON comes in, a graph or None comes out, within the bounds below; a link that names no node of
the graph is a value like any other.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from exercises.toml_file import exercise_error, read_text

MOST_NODES = 200
MOST_INPUTS = 100  # of one node
MOST_LINKS = 1000
LONGEST_NAME = 60  # characters of a node's id, class and input
LONGEST_VALUE = 200
MAX_BYTES = 50 * 1024  # of an author's file


@dataclass(frozen=True)
class Node:
    """`kind` is its class, such as KSampler; `values` are the inputs that it holds itself."""

    id: str
    kind: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Link:
    """What the node `source` gives at its output of that number goes into the input of the node `target`."""

    source: str
    output: int
    target: str
    input: str

    @property
    def place(self) -> str:
        """Where it ends: `<node>.<input>`."""
        return f"{self.target}.{self.input}"


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of the document; `more` are those left out, for there were too many."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    more: int = 0

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def layers(self) -> list[list[Node]]:
        """The nodes from first to last: each after all that lead into it.

        One that nothing leads into stands just before the first that needs it.

        In a circle, which no server would run, one is taken as if it were ready.
        """
        before: dict[str, set[str]] = {node.id: set() for node in self.nodes}
        for link in self.links:
            before[link.target].add(link.source)
        level: dict[str, int] = {}
        left, number = list(self.nodes), 0
        while left:
            waiting = {node.id for node in left}
            ready = [node for node in left if not before[node.id] & waiting] or left[:1]
            level |= {node.id: number for node in ready}
            left = [node for node in left if node.id not in level]
            number += 1
        needed: dict[str, int] = {}
        for link in self.links:
            needed[link.source] = min(needed.get(link.source, number), level[link.target])
        for node_id, first in needed.items():
            if not before[node_id]:
                level[node_id] = max(first - 1, 0)
        layers = [[node for node in self.nodes if level[node.id] == each] for each in range(number)]
        return [layer for layer in layers if layer]


def graph_of(document: object) -> Graph | None:
    """The graph of a document; None where it holds no node."""
    if not isinstance(document, dict):
        return None
    told: dict[str, dict[str, Any]] = {}
    kinds: dict[str, str] = {}
    count = 0
    for key, node in document.items():
        if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
            continue
        count += 1
        name = _short(key, LONGEST_NAME)
        if len(told) < MOST_NODES and name not in told:
            kind = node.get("class_type")
            told[name] = node["inputs"]
            kinds[name] = _short(kind, LONGEST_NAME) if isinstance(kind, str) and kind.strip() else "?"
    if not told:
        return None
    links = tuple(
        islice((link for name, inputs in told.items() for link in _links(name, inputs, told)), MOST_LINKS)
    )
    linked = {(link.target, link.input) for link in links}
    nodes = tuple(
        Node(name, kinds[name], tuple(each for each in _values(inputs) if (name, each[0]) not in linked))
        for name, inputs in told.items()
    )
    return Graph(nodes, links, count - len(told))


def read_graph(path: Path) -> Graph:
    """The graph of a file that an author wrote. Raises ExerciseError."""
    try:
        graph = graph_of(json.loads(read_text(path, MAX_BYTES)))
    except (ValueError, RecursionError):
        graph = None
    if graph is None or graph.more:
        raise exercise_error(path, "graph", maximum=MOST_NODES)
    return graph


def _links(name: str, inputs: dict[str, Any], told: dict[str, Any]) -> Iterator[Link]:
    for key, value in islice(inputs.items(), MOST_INPUTS):
        if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):
            continue
        source, output = _short(value[0], LONGEST_NAME), value[1]
        if isinstance(output, int) and not isinstance(output, bool) and 0 <= output < 1000 and source in told:
            yield Link(source, output, name, _short(key, LONGEST_NAME))


def _values(inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each input as text, in JSON's words where it is no text."""
    for key, value in islice(inputs.items(), MOST_INPUTS):
        if isinstance(value, str):
            text = value[: LONGEST_VALUE + 1]
        elif (
            value is None
            or isinstance(value, bool | float)
            or (isinstance(value, int) and abs(value) < 10**20)
        ):
            text = json.dumps(value)
        else:
            text = "…"  # a list or table, which no built-in node takes
        yield _short(key, LONGEST_NAME), _short(text, LONGEST_VALUE)


def _short(text: object, most: int) -> str:
    """One line of printable characters, cut where it is too long."""
    said = "".join(c if c.isprintable() else " " for c in str(text)[: most + 1])
    return said if len(said) <= most else f"{said[: most - 1]}…"

"""Diagrams as text: what is read, what is refused and in which words, and what is drawn of it."""

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]
from PIL import Image

from crafts.diagrams import APPLICATION, drawn
from crafts.errors import CraftError
from crafts.flowchart import MAX_SOURCE, MOST_NODES, Flowchart, read
from crafts.flowchart_drawing import png
from crafts.flowchart_layout import Placed, laid_out
from tests.crafts.conftest import painted
from tests.grading.crafted import DIAGRAM, LABELS

ROUND_TRIP = "flowchart LR\na[One] -->|goes| b(Two)\nb -.-> c{Three?}\nc -->|no| a\nc --- d\n"


def texts(data: bytes) -> list[str]:
    """Each text in an SVG, as lxml reads it."""
    root = etree.fromstring(data)
    return [" ".join("".join(line.itertext()) for line in text) for text in root.iter("{*}text")]


def boxes(chart: Any) -> list[tuple[int, int, int, int]]:
    """What nodes and labels of arrows cover."""
    layout = laid_out(chart)
    return [(n.left, n.top, n.left + n.width, n.top + n.height) for n in layout.nodes]


def test_nodes_arrows_and_labels_are_read_as_mermaid_reads_them() -> None:
    chart = read('graph TB\n%% nobody draws this\na[One thing] --> b --> c("(x)"); \n\na -.->| why  so | c\n')
    assert [(n.id, n.label, n.form) for n in chart.nodes] == [
        ("a", "One thing", "box"),
        ("b", "b", "box"),
        ("c", "(x)", "round"),
    ]
    assert [(a.tail, a.head, a.label, a.line) for a in chart.arrows] == [
        ("a", "b", "", "solid"),
        ("b", "c", "", "solid"),
        ("a", "c", "why so", "dotted"),
    ]
    assert chart.sentences[-1] == "One thing → (x) (why so)"
    assert chart.labels == ["One thing", "b", "(x)", "why so"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "Begin with a line “flowchart TD”"),
        ("flowchart TD\na[One]", "no arrow yet"),
        ("a --> b", "Line 1: begin with"),
        ("flowchart RL\na --> b", "Line 1: begin with"),
        ("flowchart TD\n\nsubgraph x\na --> b", "Line 3: “subgraph” is not drawn here"),
        ("flowchart TD\nclick a call x()", "“click” is not drawn here"),
        ("flowchart TD\na -> b", "Line 2: an arrow is expected where “-> b” stands"),
        ("flowchart TD\na --> ", "Line 2: a node is expected"),
        ("flowchart TD\na --> 1", "a node is expected where “1” stands"),
        ("flowchart TD\na[One --> b", "Line 2: the label does not end. Close it with ]"),
        ('flowchart TD\na["One] --> b', "the label does not end"),
        ("flowchart TD\na[f(x)] --> b", "“(” within a label needs quotes"),
        ("flowchart TD\na[] --> b", "the label is empty"),
        ("flowchart TD\na[" + "x" * 49 + "] --> b", "49 characters"),
        ("flowchart TD\na[x\u202ey] --> b", "a sign that nobody sees"),
        ("flowchart TD\na[One] --> b\na[Two] --> b", "Line 3: the node a has a label already, “One”"),
        ("flowchart TD\na --> a", "leads from a to itself"),
        ("flowchart TD\n" + " --> ".join(f"n{n}" for n in range(MOST_NODES + 1)), "more than 20 nodes"),
        ("flowchart TD\n" + "a --> b --> a\n" * 21, "more than 40 arrows"),
        ("flowchart TD\n" + "".join(f"a -->|{n}| b\n" for n in range(30)), "at most 20 are possible"),
        ("flowchart TD\na --> b" + " " * MAX_SOURCE, "too long"),
        ("flowchart TD\na --> b\n" * 100, "too long"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line_and_what_to_do(source: str, told: str) -> None:
    with pytest.raises(CraftError) as raised:
        read(source)
    assert told in raised.value.in_language("en")
    assert raised.value.in_language("fr") != raised.value.in_language("en")


@pytest.mark.parametrize("source", [DIAGRAM, ROUND_TRIP])
def test_each_label_is_a_text_in_the_drawing_and_nothing_covers_a_node(source: str) -> None:
    chart = read(source)
    assert sorted(texts(drawn(chart))) == sorted(
        [node.label for node in chart.nodes] + [arrow.label for arrow in chart.arrows if arrow.label]
    )
    layout = laid_out(chart)
    placed = boxes(chart)
    placed += [
        (p.middle[0] - 5, p.middle[1] - 5, p.middle[0] + 5, p.middle[1] + 5) for p in layout.paths if p.lines
    ]
    for number, one in enumerate(placed):
        assert one[0] >= 0
        assert one[2] <= layout.width
        assert one[3] <= layout.height
        for other in placed[number + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_arrows_lead_one_way_and_only_a_round_leads_back() -> None:
    def middle(placed: Placed) -> int:
        return placed.left + placed.width // 2

    layout = laid_out(read(ROUND_TRIP))
    at = {placed.node.id: middle(placed) for placed in layout.nodes}
    assert at["a"] < at["b"] < at["c"] < at["d"]
    (back,) = [path for path in layout.paths if path.arrow.head == "a"]
    assert back.points[0][0] > back.points[-1][0]


def test_the_same_text_gives_the_same_drawing_and_another_text_another() -> None:
    pictures = [painted("#ff0000")]
    known = APPLICATION.read_settings({"source": DIAGRAM})
    found: Any = APPLICATION.work_out(known, pictures)
    assert found == APPLICATION.work_out(known, pictures)
    assert [each["label"] for each in found["labels"]] == list(LABELS)
    other = APPLICATION.read_settings({"source": DIAGRAM.replace("U-Net", "V-Net")})
    assert APPLICATION.work_out(other, pictures)["svg_sha256"] != found["svg_sha256"]
    # What was drawn once: whoever changes it makes work from before wrong.
    assert found["svg_sha256"].startswith("b8bec2a9")


SIGNS = st.sampled_from(
    [*list("abc[](){}|\"-.>=%;<&'\n \t#"), "-->", "-.->", "---", "<script>", "&amp;", "é", "語", "]]>"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SIGNS, max_size=60).map("".join))
def test_whatever_is_typed_ends_in_a_drawing_of_text_or_in_words(rest: str) -> None:
    with suppress(CraftError):  # its words have their own test
        check_drawing(read("flowchart TD\na --> b\n" + rest))


def check_drawing(chart: Flowchart) -> None:
    """It is shapes and text, and can be opened."""
    root = etree.fromstring(drawn(chart))
    assert {etree.QName(each).localname for each in root.iter()} <= {
        "svg", "title", "rect", "polygon", "polyline", "text", "tspan"
    }  # fmt: skip
    assert not [
        name for each in root.iter() for name in each.attrib if name.startswith("on") or "href" in name
    ]
    assert Image.open(io.BytesIO(png(laid_out(chart)))).width > 10


def test_what_looks_like_markup_is_text() -> None:
    label = "<script>alert(1)</script> & more"
    data = drawn(read(f'flowchart TD\na["{label}"] --> b'))
    assert label in texts(data)
    assert b"<script" not in data


@pytest.mark.parametrize("source", ["flowchart LR\n" + " --> ".join(f"n{n}[{'W' * 48}]" for n in range(20))])
def test_the_largest_diagram_is_drawn_in_bounds(source: str) -> None:
    picture = Image.open(io.BytesIO(png(laid_out(read(source)))))
    assert picture.width * picture.height <= 16_000_000

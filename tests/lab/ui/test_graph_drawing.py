"""The drawing of a workflow: well-formed, nothing in it but shapes and text, and the list says the same."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from exercises.graph import Graph, graph_of
from exercises.i18n import LANGUAGES, translator
from lab.ui.html.graph import drawing, listed, workflow
from tests.exercises.test_graph import GRAPHS
from tests.lab.comfyui.serving import from_picture, graph

T = translator("lab", "en")
ALLOWED = {
    "svg": {"viewBox", "width", "height", "style", "role", "aria-label"},
    "g": set(),
    "rect": {"x", "y", "width", "height", "rx"},
    "circle": {"cx", "cy", "r"},
    "text": {"class", "x", "y"},
    "path": {"class", "d"},
}


def of(document: dict[str, Any]) -> Graph:
    found = graph_of(document)
    assert found is not None
    return found


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - it was made by this project a moment ago


def boxes(svg: str) -> list[tuple[float, ...]]:
    names = ("x", "y", "width", "height")
    return [tuple(float(r.attrib[n]) for n in names) for r in parsed(svg).iter("rect")]


@settings(deadline=None)
@given(GRAPHS)
def test_whatever_the_graph_only_shapes_and_escaped_text_are_drawn(document: dict[str, Any]) -> None:
    found = of(document)
    for values in (True, False):
        svg = parsed(str(drawing(T, found, values=values)))
        for element in svg.iter():
            assert set(element.attrib) <= ALLOWED[element.tag]
        assert len(list(svg.iter("rect"))) == len(found.nodes)
        assert len(list(svg.iter("path"))) == len(found.links)
        width, height = (float(svg.attrib[name]) for name in ("width", "height"))
        for x, y, wide, high in boxes(str(drawing(T, found, values=values))):
            assert 0 <= x <= x + wide <= width
            assert 0 <= y <= y + high <= height
    text = str(listed(T, found))
    assert len(re.findall("<strong>", text)) == len(found.nodes)
    assert "<script" not in text


@pytest.mark.parametrize("document", [graph(), from_picture("a.png")])
def test_no_box_lies_over_another(document: dict[str, Any]) -> None:
    drawn = boxes(str(drawing(T, of(document))))
    assert len(drawn) in (7, 8)
    for number, (x, y, wide, high) in enumerate(drawn):
        for left, top, width, height in drawn[number + 1 :]:
            assert x + wide <= left or left + width <= x or y + high <= top or top + height <= y


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_says_each_wire_and_value_in_words(language: Any) -> None:
    said = str(workflow(translator("lab", language), of(graph())))
    words = re.sub(r"<svg.*</svg>", "", said)
    assert {
        "en": "latent_image comes from EmptyLatentImage (4)",
        "fr": "latent_image vient du nœud EmptyLatentImage (4)",
    }[language] in words
    assert "euler_ancestral" in words


def test_a_quiz_sees_no_values() -> None:
    said = str(workflow(T, of(graph()), values=False))
    assert "KSampler" in said
    assert "euler_ancestral" not in said


def test_what_a_workflow_says_is_text() -> None:
    evil = graph()
    evil["2"]["inputs"]["text"] = "</text><script>alert(1)</script>"
    evil["5"]["class_type"] = '"><img src=x onerror=alert(1)>'
    said = str(workflow(T, of(evil)))
    assert "<script" not in said
    assert "<img" not in said

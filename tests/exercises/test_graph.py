"""A workflow as a graph: whatever JSON comes in, what comes out is bounded and consistent."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.graph import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_LINKS,
    MOST_NODES,
    graph_of,
    read_graph,
)
from exercises.kinds import Quiz
from exercises.loader import ExerciseError, load_assignment
from tests.exercises.conftest import write_texts
from tests.lab.comfyui.serving import graph

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=80), children, max_size=4)
    ),
    max_leaves=20,
)
IDS = st.sampled_from(["1", "2", "3", "x" * 80, "<b>", "a.b", "é\n"]) | st.text(max_size=3)
LINKS = st.tuples(IDS, st.integers(-2, 5)).map(list)
NODES = st.fixed_dictionaries(
    {
        "class_type": st.text(max_size=90),
        "inputs": st.dictionaries(st.text(max_size=70), LINKS | ANYTHING, max_size=6),
    }
)
GRAPHS = st.dictionaries(IDS, NODES, min_size=1, max_size=8)


@given(ANYTHING | st.dictionaries(IDS, NODES | ANYTHING, max_size=8))
def test_whatever_comes_in_what_comes_out_is_bounded_and_its_links_lead_to_its_nodes(document: Any) -> None:
    found = graph_of(document)
    if found is None:
        return
    ids = [node.id for node in found.nodes]
    assert 0 < len(ids) == len(set(ids)) <= MOST_NODES
    assert len(found.links) <= MOST_LINKS
    assert {link.source for link in found.links} | {link.target for link in found.links} <= set(ids)
    for node in found.nodes:
        assert max(len(node.id), len(node.kind)) <= LONGEST_NAME
        assert all(len(n) <= LONGEST_NAME and len(v) <= LONGEST_VALUE for n, v in node.values)
        assert all((n + v).isprintable() for n, v in node.values)


@given(GRAPHS)
def test_each_node_is_in_one_layer_circles_too(document: dict[str, Any]) -> None:
    found = graph_of(document)
    assert found is not None
    assert sorted(n.id for layer in found.layers() for n in layer) == sorted(n.id for n in found.nodes)


def test_nodes_stand_after_what_leads_into_them() -> None:
    found = graph_of(graph())
    assert found is not None
    assert [[node.id for node in layer] for layer in found.layers()] == [
        ["1"],
        ["2", "3", "4"],
        ["5"],
        ["6"],
        ["7"],
    ]
    assert len(found.links) == 9
    sampler = found.node("5")
    assert sampler is not None
    assert dict(sampler.values)["steps"] == "4"


def test_of_a_huge_graph_the_first_nodes_are_kept_and_the_rest_is_counted() -> None:
    found = graph_of({str(n): {"class_type": "A", "inputs": {}} for n in range(MOST_NODES + 7)})
    assert found is not None
    assert (len(found.nodes), found.more) == (MOST_NODES, 7)


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, "{}", '{"1": {"inputs": 3}}', '{"1": ' + "9" * 5000 + "}"]
)
def test_a_file_that_holds_no_graph_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "graph.json"
    file.write_text(text)
    with pytest.raises(ExerciseError, match=r"graph\.json"):
        read_graph(file)


QUIZ = """
points = 1
title = {{ en = "Asked", fr = "Quiz" }}
[[exercises]]
id = "asked"
kind = "quiz"
points = 1
title = {{ en = "Asked", fr = "Quiz" }}
questions = [{{ id = "one", {question} }}]
"""


def quiz_with(tmp_path: Path, question: str) -> Quiz:
    folder = tmp_path / "mine"
    folder.mkdir()
    write_texts(folder, "introduction", "asked")
    (folder / "graph.json").write_text(json.dumps(graph()))
    (folder / "bare.json").write_text(json.dumps({"1": {"class_type": "A", "inputs": {}}}))
    (folder / "assignment.toml").write_text(QUIZ.format(question=question))
    found = load_assignment(folder).exercise("asked")
    assert isinstance(found, Quiz)
    return found


def test_a_quiz_reads_the_graph_that_lies_beside_it(tmp_path: Path) -> None:
    question = quiz_with(tmp_path, 'ask = "which_source", graph = "graph.json"').questions[0]
    assert "5.latent_image" in question.about
    assert "5.steps" not in question.about


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ('ask = "which_source"', "graph"),
        ('ask = "which_source", graph = "../graph.json"', "JSON file in this folder"),
        ('ask = "which_source", graph = "none.json"', "none.json"),
        ('ask = "which_source", graph = "bare.json"', "something to ask"),
        ('ask = "which_holder", graph = "graph.json", runs = ["a", "b"]', "runs"),
        ('ask = "which_run", graph = "graph.json", runs = ["a", "b"]', "graph"),
        ('ask = "which_run"', "runs"),
    ],
)
def test_what_an_author_gets_wrong_about_a_graph_is_told_at_its_place(
    tmp_path: Path, question: str, said: str
) -> None:
    with pytest.raises(ExerciseError, match=said):
        quiz_with(tmp_path, question)

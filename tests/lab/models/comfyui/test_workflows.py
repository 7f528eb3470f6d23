"""Workflows: the built-in ones, a teacher's own, and every way in which one can be wrong."""

import json
from pathlib import Path

import pytest

from lab.models.comfyui.workflows import BadWorkflow, built_in, read_workflow

GOOD = """
title = "Mine"
[text2img]
file = "workflow.json"
[text2img.inputs]
prompt = "2.text"
seed = ["5.seed"]
"""
GRAPH = {
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": ""}, "_meta": {"title": "Words"}},
    "5": {"class_type": "KSampler", "inputs": {"seed": 0}},
}


def written(folder: Path, told: str = GOOD, graph: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workflow.toml").write_text(told, encoding="utf-8")
    (folder / "workflow.json").write_text(graph or json.dumps(GRAPH), encoding="utf-8")
    return folder


def test_the_built_in_ones_have_seed_003s_nodes() -> None:
    found = {workflow.id: workflow for workflow in built_in()}
    assert set(found) == {"checkpoint", "qwen-image-edit"}
    assert len(found["checkpoint"].graphs["text2img"]) == 7
    qwen = found["qwen-image-edit"]
    assert [node["class_type"] for node in qwen.graphs["text2img"].values()] == [
        "QwenVLCLIPLoader",
        "TextEncodeQwenImageEdit",
        "TextEncodeQwenImageEdit",
        "QwenVLEmptyLatent",
        "QwenImageSamplerNode",
        "VAEDecode",
        "SaveImage",
    ]
    assert qwen.graphs["img2img"]["6"]["inputs"]["edit_strength"] == 0.75
    assert qwen.seconds == 600


def test_every_parameter_of_a_request_has_its_place() -> None:
    for workflow in built_in():
        values = {"prompt": "a cup", "seed": 7, "scheduler": "euler", "strength": 0.25, "steps": 3}
        for mode in workflow.ways:
            graph = workflow.filled(mode, values)  # type: ignore[arg-type]
            text = json.dumps(graph)
            assert "a cup" in text
            assert '"seed": 7' in text
            assert ('"denoise": 0.25' in text) == (mode == "img2img")
            assert workflow.graphs[mode] != graph  # the template stays as it was


def test_a_teachers_own_is_read_without_what_is_for_people(tmp_path: Path) -> None:
    workflow = read_workflow(written(tmp_path / "my-course"))
    assert (workflow.id, workflow.title) == ("my-course", "Mine")
    assert "_meta" not in json.dumps(workflow.graphs["text2img"])
    assert workflow.filled("text2img", {"prompt": "x", "seed": 3})["5"]["inputs"]["seed"] == 3


@pytest.mark.parametrize(
    ("told", "graph", "named"),
    [
        ("title =", "", "workflow.toml"),
        ("title = 5", "", "title"),
        ("other = 1", "", "other"),
        ("", "", "[text2img]"),
        (GOOD.replace("2.text", "9.text"), "", "9.text"),
        (GOOD.replace('"2.text"', '"text"'), "", "prompt"),
        (GOOD.replace("prompt", "negative_prompt"), "", "prompt"),
        (GOOD.replace("text2img", "img2img"), "", "source"),
        (GOOD.replace("workflow.json", "../workflow.json"), "", "file"),
        (GOOD.replace("workflow.json", "none.json"), "", "none.json"),
        (GOOD, "{", "workflow.json"),
        (GOOD, "[]", "workflow.json"),
        (GOOD, '{"nodes": [], "links": []}', "workflow.json"),
        (
            GOOD,
            json.dumps(GRAPH | {"9": {"class_type": "X", "inputs": {"text": "x" * 60_000}}}),
            "workflow.json",
        ),
        (GOOD, "[" * 5000, "workflow.json"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, told: str, graph: str, named: str) -> None:
    with pytest.raises(BadWorkflow) as error:
        read_workflow(written(tmp_path / "mine", told, graph))
    for language in ("en", "fr"):
        said = error.value.in_language(language)
        assert named in said
        assert "mine" in said

"""What a picture says of itself is read, whichever tool wrote it, and nothing in it is trusted."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from exercises.parameters import SCHEDULERS, Parameters
from lab.engine.requests import request_for
from lab.records.export import exported
from lab.records.read_parameters import Found, read_parameters
from manifests.errors import PictureError
from manifests.png import KEY, PARAMETERS_KEY, png_bytes
from tests.manifests.conftest import make_draft, make_picture

A1111 = (
    "a red bag, (soft light:1.2)\non a table\nNegative prompt: blurry, text\n"
    "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 123456, Size: 512x768, Model hash: abc, "
    'Denoising strength: 0.4, Lora hashes: "one: 1, two: 2", Version: v1.9.0'
)
COMFY: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 77,
            "steps": 25,
            "cfg": 8,
            "sampler_name": "euler_ancestral",
            "scheduler": "normal",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["10", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a green teapot", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "10": {"class_type": "ControlNetApply", "inputs": {"conditioning": ["6", 0]}},
}
WORKFLOW: dict[str, Any] = {
    "nodes": [
        {
            "id": 3,
            "type": "KSampler",
            "widgets_values": [77, "randomize", 25, 8, "euler_ancestral", "normal", 1],
            "inputs": [
                {"name": "positive", "link": 1},
                {"name": "negative", "link": 2},
                {"name": "latent_image", "link": 3},
            ],
        },
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a green teapot"]},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["blurry"]},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [640, 512, 1]},
    ],
    "links": [[1, 6, 0, 3, 1, "C"], [2, 7, 0, 3, 2, "C"], [3, 5, 0, 3, 3, "L"]],
}
FROM_COMFY: dict[str, Any] = {
    "prompt": "a green teapot",
    "negative_prompt": "blurry",
    "width": 640,
    "height": 512,
    "steps": 25,
    "guidance_scale": 8,
    "scheduler": "EulerA",
    "seed": 77,
}


def png(**texts: str) -> bytes:
    """A small PNG that says these."""
    told, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        told.add_itxt(key, text)
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=told)
    return out.getvalue()


def found(**texts: str) -> Found:
    told = read_parameters(png(**texts))
    assert told is not None
    return told


def test_automatic1111s_text_is_read() -> None:
    told = found(parameters=A1111)
    assert told.origin == "a1111"
    assert told.values == {
        "prompt": "a red bag, (soft light:1.2)\non a table",
        "negative_prompt": "blurry, text",
        "width": 512,
        "height": 768,
        "steps": 20,
        "guidance_scale": 6.5,
        "scheduler": "DPM++ 2M",
        "seed": 123456,
        "strength": 0.4,
    }
    assert ("Lora hashes", '"one: 1, two: 2"') in told.others


@pytest.mark.parametrize(
    "text", [json.dumps(COMFY), json.dumps(COMFY | {"x": {"is_changed": [float("nan")]}})]
)
def test_comfyuis_graph_is_read_from_its_sampler_upwards(text: str) -> None:
    told = found(prompt=text)
    assert replace(told, workflow=None) == Found("comfyui", FROM_COMFY, (("Model", "x.safetensors"),))
    assert told.workflow is not None
    assert {"KSampler"} <= {node.kind for node in told.workflow.nodes}


def test_a_graph_without_a_sampler_that_is_known_is_still_a_workflow() -> None:
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {}},
        "2": {"class_type": "Odd", "inputs": {"in": ["1", 0]}},
    }
    told = found(prompt=json.dumps(graph))
    assert told.values == {}
    assert told.workflow is not None
    assert [link.place for link in told.workflow.links] == ["2.in"]


def test_numbers_that_other_nodes_hold_are_read() -> None:
    held = json.loads(json.dumps(COMFY))
    held["3"]["inputs"] |= {"seed": ["20", 0], "steps": ["21", 0]}
    held |= {
        "20": {"class_type": "PrimitiveInt", "inputs": {"value": 77}},
        "21": {"class_type": "PrimitiveInt", "inputs": {"value": 25}},
    }
    assert found(prompt=json.dumps(held)).values == FROM_COMFY


def test_a_sampler_made_of_several_parts_is_read() -> None:
    graph = {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "flux1-schnell.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a green teapot", "clip": ["9", 0]}},
        "3": {"class_type": "FluxGuidance", "inputs": {"guidance": 3.5, "conditioning": ["2", 0]}},
        "4": {"class_type": "BasicGuider", "inputs": {"model": ["1", 0], "conditioning": ["3", 0]}},
        "5": {"class_type": "RandomNoise", "inputs": {"noise_seed": 77}},
        "6": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
        "7": {
            "class_type": "BasicScheduler",
            "inputs": {"scheduler": "simple", "steps": 4, "denoise": 1.0, "model": ["1", 0]},
        },
        "8": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
        "10": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["5", 0],
                "guider": ["4", 0],
                "sampler": ["6", 0],
                "sigmas": ["7", 0],
                "latent_image": ["8", 0],
            },
        },
    }
    told = found(prompt=json.dumps(graph))
    assert told.values == {
        "prompt": "a green teapot",
        "width": 1024,
        "height": 768,
        "steps": 4,
        "guidance_scale": 3.5,
        "scheduler": "Euler",
        "seed": 77,
    }
    assert told.others == (("Model", "flux1-schnell.safetensors"),)


def test_comfyuis_saved_workflow_is_read_where_there_is_no_graph() -> None:
    assert found(workflow=json.dumps(WORKFLOW)) == Found("comfyui", FROM_COMFY)


def test_a_graph_that_turns_in_a_circle_ends() -> None:
    circle = {**COMFY, "10": {"inputs": {"conditioning": ["10", 0]}}}
    assert "prompt" not in found(prompt=json.dumps(circle)).values


@given(
    st.builds(
        Parameters,
        prompt=st.text(max_size=200),
        negative_prompt=st.text(max_size=80),
        steps=st.integers(1, 150),
        guidance_scale=st.floats(0, 30),
        seed=st.integers(0, 2**32 - 1),
        scheduler=st.sampled_from(SCHEDULERS),
    )
)
@settings(deadline=None)
def test_what_the_lab_writes_it_reads(parameters: Parameters) -> None:
    request = request_for(parameters, "mini")
    data = png_bytes(make_picture(), replace(make_draft("smoke"), request=request))
    told = read_parameters(data)
    assert told is not None
    assert told.origin == "lab"
    asked = {
        name: value for name, value in request.model_dump().items() if value is not None and name != "mode"
    }
    assert told.values == asked


def test_a_jpeg_of_the_labs_still_tells_its_parameters() -> None:
    data = png_bytes(make_picture(), make_draft("smoke"))
    told, before = read_parameters(exported(data, "JPEG", "trainedAlgorithmicMedia")), read_parameters(data)
    assert told is not None
    assert before is not None
    assert told.origin == "a1111"
    assert told.values == before.values


WRONG = [
    "Steps: 99999, Sampler: Nonesuch, CFG scale: -3, Seed: 99999999999999999999, Size: 7x9",
    "Steps: " + "9" * 5000,
    "Steps: 1" + ", a: b" * 20_000,
    "Steps: " + "x" * 200_000,
    'Steps: 4, a: "' + "\\" * 100_000,
]


@pytest.mark.parametrize("text", WRONG)
def test_values_that_cannot_be_are_left_out(text: str) -> None:
    told = found(parameters=f"a bag\n{text}")
    assert told.values.items() <= {"prompt": "a bag", "negative_prompt": "", "steps": 1}.items() | {
        ("steps", 4)
    }
    assert len(told.others) <= 40


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["seed", "steps", "cfg", "positive", "latent_image", "text", "width", "sampler_name"])
GRAPHS = st.dictionaries(
    st.sampled_from("3456"), st.fixed_dictionaries({"inputs": st.dictionaries(NAMES, VALUES)}) | VALUES
)
SAVED = st.fixed_dictionaries({"nodes": VALUES, "links": VALUES})


@given(key=st.sampled_from([KEY, PARAMETERS_KEY, "prompt", "workflow"]), said=GRAPHS | SAVED | VALUES)
@settings(deadline=None)
def test_any_json_is_read_without_harm_and_within_the_studios_bounds(key: str, said: Any) -> None:
    text = json.dumps({"request": said} if key == KEY else said)
    told = read_parameters(png(**{key: text}))
    if told:
        Parameters.model_validate({"prompt": ""} | {k: v for k, v in told.values.items() if k != "prompt"})


@given(key=st.sampled_from([KEY, PARAMETERS_KEY, "prompt", "workflow"]), said=st.text(max_size=300))
@settings(deadline=None)
def test_any_text_is_read_without_harm(key: str, said: str) -> None:
    told = read_parameters(png(**{key: said.replace("\0", "") + "\nSteps: 3"}))
    assert told is None or told.origin in ("lab", "a1111", "comfyui")


@given(st.binary(max_size=300))
def test_what_is_no_picture_is_refused(junk: bytes) -> None:
    with pytest.raises(PictureError):
        read_parameters(b"\x89PNG\r\n\x1a\n" + junk)
    with pytest.raises(PictureError):
        read_parameters(b"<svg>" + junk)


def test_a_picture_that_says_nothing_gives_nothing() -> None:
    assert read_parameters(png()) is None
    assert read_parameters(png(parameters="just a comment")) is None
    assert read_parameters(png(prompt='"a string"', workflow="[" * 5000)) is None

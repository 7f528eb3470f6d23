"""A manifest's `service`: bounded, whole, and of a workflow whose hash it holds."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from manifests.service import MOST_BYTES, A1111Service, ComfyuiService, Service, workflow_sha256

GRAPH: dict[str, Any] = {
    "1": {"class_type": "KSampler", "inputs": {"seed": 42, "cfg": 7.0, "model": ["2", 0]}}
}


def told(**changes: Any) -> dict[str, Any]:
    graph = changes.get("workflow", GRAPH)
    try:
        sha256 = workflow_sha256(graph)
    except (TypeError, ValueError):
        sha256 = "0" * 64
    return {
        "name": "ComfyUI",
        "version": "0.3.64",
        "address": "http://127.0.0.1:8188",
        "checkpoint": "sd.safetensors",
        "workflow": graph,
        "workflow_sha256": sha256,
    } | changes


def test_a_workflow_is_read_as_it_was_written() -> None:
    service = ComfyuiService.model_validate(told())
    assert service.graph() == GRAPH
    assert ComfyuiService.model_validate_json(service.model_dump_json()) == service


@pytest.mark.parametrize(
    "changes",
    [
        {"workflow_sha256": "0" * 64},
        {"workflow": {}},
        {"workflow": {"1": {"class_type": "X"}}},
        {"workflow": {"1": {"class_type": "X", "inputs": {}, "other": 1}}},
        {"workflow": {str(number): GRAPH["1"] for number in range(201)}},
        {"workflow": {"1": {"class_type": "X", "inputs": {"text": "x" * MOST_BYTES}}}},
        {"name": "Other"},
        {"version": "x" * 201},
        {"address": ""},
    ],
)
def test_what_is_changed_or_too_large_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ComfyuiService.model_validate(told(**changes))


A1111: dict[str, Any] = {
    "name": "A1111",
    "version": "v1.10.1",
    "address": "http://127.0.0.1:7861",
    "checkpoint": "sd.safetensors [6ce0161689]",
    "seed": 42,
    "steps": 30,
    "sampler": "Euler a",
    "schedule": "Automatic",
    "told": "a cup\nSteps: 30",
}


def test_a_service_is_read_by_its_name() -> None:
    service: TypeAdapter[ComfyuiService | A1111Service] = TypeAdapter(Service)
    assert isinstance(service.validate_python(told()), ComfyuiService)
    assert isinstance(service.validate_python(A1111), A1111Service)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": -2},
        {"steps": 10_001},
        {"told": "x" * 20_001},
        {"sampler": ""},
        {"workflow": {}},
        {"seed": "4"},
    ],
)
def test_what_a_server_tells_of_a_picture_is_bounded(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        A1111Service.model_validate(A1111 | changes)

"""Checks a filled workflow against what the server says of its nodes, before anything is sent.

Rule: whatever is missing is named as the student or the teacher knows it: the node, the checkpoint, the
sampler, the input and its bounds. What the server does not describe is left to the server.
"""

from collections.abc import Mapping
from typing import Any

from lab.engine.elsewhere import short
from lab.engine.failures import EngineFailure
from lab.models.comfyui.server import Server, bounds_of, choices_of, described
from lab.models.comfyui.workflows import Graph

SHOWN = 12  # of a list of choices


def check_graph(server: Server, graph: Graph, uploaded: frozenset[str] = frozenset()) -> None:
    """Raise EngineFailure for the first thing the server could not do; NoAnswer where it cannot be asked.

    `uploaded`: names of pictures that were sent just now, which its remembered lists do not hold.
    """
    for name, node in graph.items():
        kind = node["class_type"]
        info = server.node(kind)
        if info is None:
            raise EngineFailure("comfyui_no_node", node=short(kind), id=short(name))
        _check_required(info, name, kind, node["inputs"])
        for key, value in node["inputs"].items():
            found = described(info, key)
            if found is None or isinstance(value, list) or value in uploaded:
                continue
            _check_value(found, name, kind, key, value)


def _check_required(info: Mapping[str, Any], name: str, kind: str, inputs: Mapping[str, Any]) -> None:
    told = info.get("input")
    required = told.get("required") if isinstance(told, dict) else None
    for key in required if isinstance(required, dict) else ():
        if key not in inputs:
            raise EngineFailure("comfyui_no_input", node=short(kind), id=short(name), input=short(key))


def _check_value(found: list[Any], name: str, kind: str, key: str, value: object) -> None:
    choices, bounds = choices_of(found), bounds_of(found)
    if choices is not None and value not in choices:
        known = ", ".join(choices[:SHOWN]) + (" …" if len(choices) > SHOWN else "") or "—"
        code = _missing_code(key)
        raise EngineFailure(
            code, node=short(kind), id=short(name), input=short(key), value=short(value), known=short(known)
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = bounds.get("min"), bounds.get("max")
        too_small = isinstance(least, int | float) and value < least
        too_large = isinstance(most, int | float) and value > most
        if too_small or too_large:
            raise EngineFailure(
                "comfyui_out_of_range",
                node=short(kind),
                id=short(name),
                input=short(key),
                value=value,
                minimum=short(least),
                maximum=short(most),
            )


def _missing_code(key: str) -> str:
    if key == "sampler_name":
        return "comfyui_no_sampler"
    return "comfyui_no_checkpoint" if key in ("ckpt_name", "model_path", "unet_name") else "comfyui_no_choice"

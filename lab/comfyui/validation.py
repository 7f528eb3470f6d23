"""Checks a graph before it is queued, and answers in ComfyUI's words: an error and the errors of its nodes.

Rule: each node is checked against its own description (`nodes.py`), then against what `mini` can do with what
is linked to it (`understanding.py`). So a graph that is queued can be drawn, and one that is not names the
node and the input at fault.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.comfyui.nodes import Info
from lab.comfyui.understanding import Fact, Misunderstood, Understanding

Graph = Mapping[str, Mapping[str, Any]]
Error = dict[str, Any]

MOST_NODES = 200
MOST_LISTED = 20  # of a list of choices that is told in an error
NUMBERS: dict[object, Any] = {"INT": int, "FLOAT": float, "STRING": str}


@dataclass(frozen=True)
class Validated:
    """`graph` has values of the right types; `outputs` are the nodes to execute. Or `error` says why not."""

    graph: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    error: Error | None = None
    node_errors: dict[str, Error] = field(default_factory=dict)


def error(kind: str, message: str, details: str = "", **extra: object) -> Error:
    """An error in ComfyUI's form."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def validate(prompt: object, nodes: Mapping[str, Info], understanding: Understanding) -> Validated:
    """The graph of a request, checked. Nothing is raised for whatever was sent."""
    if not isinstance(prompt, dict) or len(prompt) > MOST_NODES:
        details = f"a graph has at most {MOST_NODES} nodes"
        return Validated(error=error("invalid_prompt", "The prompt is not a graph of nodes", details))
    for name, node in prompt.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            message = "Cannot execute because a node is missing the class_type property."
            return Validated(error=error("invalid_prompt", message, f"Node ID '#{name}'"))
        if node["class_type"] not in nodes:
            message = f"Cannot execute because node {node['class_type'][:100]} does not exist."
            return Validated(error=error("invalid_prompt", message, f"Node ID '#{name}'"))
        if not isinstance(node.get("inputs", {}), dict):
            message = "Cannot execute because the inputs of a node are no object."
            return Validated(error=error("invalid_prompt", message, f"Node ID '#{name}'"))
    outputs = [name for name, node in prompt.items() if nodes[node["class_type"]]["output_node"]]
    if not outputs:
        return Validated(error=error("prompt_no_outputs", "Prompt has no outputs"))
    return _Check(prompt, nodes, understanding).outputs(outputs)


class _Check:
    """One graph's nodes, each checked once, those it is linked to first."""

    def __init__(self, prompt: Graph, nodes: Mapping[str, Info], understanding: Understanding) -> None:
        self._nodes, self._understanding = nodes, understanding
        self._graph = {
            name: {"class_type": node["class_type"], "inputs": dict(node.get("inputs", {}))}
            | ({"_meta": node["_meta"]} if "_meta" in node else {})
            for name, node in prompt.items()
        }
        self._errors: dict[str, list[Error]] = {}
        self._facts: dict[str, Fact | None] = {}  # of nodes that are in order
        self._checking: set[str] = set()

    def outputs(self, names: list[str]) -> Validated:
        good: list[str] = []
        node_errors: dict[str, Error] = {}
        details: list[str] = []
        for name in names:
            if self._is_good(name):
                good.append(name)
                continue
            details += [f"{each['message']}: {each['details']}" for each in self._errors[name]]
            upstream = self._upstream(name)
            for other, errors in self._errors.items():
                if errors and (other == name or other in upstream):
                    kind = self._graph[other]["class_type"]
                    told = node_errors.setdefault(
                        other, {"errors": errors, "dependent_outputs": [], "class_type": kind}
                    )
                    told["dependent_outputs"].append(name)
        if not good:
            failed = error(
                "prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(details)
            )
            return Validated(error=failed, node_errors=node_errors)
        return Validated(self._graph, good, None, node_errors)

    def _upstream(self, name: str) -> set[str]:
        """All nodes that a node is linked to, at any distance."""
        found: set[str] = set()
        ahead = [name]
        while ahead:
            node = self._graph[ahead.pop()]
            for key in self._nodes[node["class_type"]]["input"]["required"]:
                value = node["inputs"].get(key)
                linked = value[0] if isinstance(value, list) and value else ""
                if isinstance(linked, str) and linked in self._graph and linked not in found:
                    found.add(linked)
                    ahead.append(linked)
        return found

    def _is_good(self, name: str) -> bool:
        """Whether the node, and all it is linked to, are in order; its errors are kept."""
        if name in self._errors:
            return name in self._facts
        self._checking.add(name)
        info, inputs = self._nodes[self._graph[name]["class_type"]], self._graph[name]["inputs"]
        required: Mapping[str, list[Any]] = info["input"]["required"]
        errors: list[Error] = []
        linked: dict[str, Fact | None] = {}
        good = True
        for key, described in required.items():
            if key not in inputs:
                errors.append(
                    error("required_input_missing", "Required input is missing", key, input_name=key)
                )
            elif isinstance(inputs[key], list):
                found = self._link(key, described, inputs[key])
                if found:
                    errors.append(found)
                elif self._is_good(inputs[key][0]):
                    linked[key] = self._facts[inputs[key][0]]
                else:
                    good = False
            else:
                found = _value(key, described, inputs)
                if found:
                    errors.append(found)
        self._checking.discard(name)
        if good and not errors:
            try:
                fact = self._understanding.of(info["name"], inputs, linked)
            except Misunderstood as why:
                details = f"{why.input} - {why}"
                message = "Custom validation failed for node"
                errors.append(error("custom_validation_failed", message, details, input_name=why.input))
            else:
                self._facts[name] = fact
        self._errors[name] = errors
        return good and not errors

    def _link(self, key: str, described: list[Any], link: list[Any]) -> Error | None:
        told = {"input_name": key, "input_config": described, "received_value": link}
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return error("bad_linked_input", message, key, **told)
        name, slot = link
        node = self._graph.get(name) if isinstance(name, str) else None
        if node is None:
            return error("bad_linked_input", "There is no node of that id", f"{key}, {name!r}"[:200], **told)
        gives = self._nodes[node["class_type"]]["output"]
        if not isinstance(slot, int) or isinstance(slot, bool) or not 0 <= slot < len(gives):
            message = "The linked node has no output of that number"
            return error("bad_linked_input", message, f"{key}, {slot!r}"[:200], **told)
        if gives[slot] != described[0]:
            return error(
                "return_type_mismatch",
                "Return type mismatch between linked nodes",
                f"{key}, received_type({gives[slot]}) mismatch input_type({described[0]})",
                input_name=key,
                input_config=described,
                received_type=gives[slot],
                linked_node=link,
            )
        if name in self._checking:
            return error("dependency_cycle", "Dependency cycle detected", key, input_name=key)
        return None


def _value(key: str, described: list[Any], inputs: dict[str, Any]) -> Error | None:
    """Check a value that is no link, and put its converted form in its place."""
    kind, bounds = described[0], described[1] if len(described) > 1 else {}
    value = inputs[key]
    told = {"input_name": key, "input_config": described, "received_value": value}
    if isinstance(kind, list):
        if value in kind or bounds.get("image_upload"):  # a picture's name is looked for as a file
            return None
        choices = str(kind) if len(kind) <= MOST_LISTED else f"(list of length {len(kind)})"
        return error("value_not_in_list", "Value not in list", f"{key}: '{value}' not in {choices}", **told)
    if kind not in NUMBERS:
        message = f"Failed to convert an input value to a {kind} value"
        return error("invalid_input_type", message, f"{key}, a link is needed", **told)
    try:
        value = inputs[key] = NUMBERS[kind](value)
    except (ValueError, TypeError, OverflowError) as why:
        message = f"Failed to convert an input value to a {kind} value"
        return error("invalid_input_type", message, f"{key}, {value}, {why}"[:500], **told)
    if "min" in bounds and not value >= bounds["min"]:
        message = f"Value {value} smaller than min of {bounds['min']}"
        return error("value_smaller_than_min", message, key, **told)
    if "max" in bounds and not value <= bounds["max"]:
        message = f"Value {value} bigger than max of {bounds['max']}"
        return error("value_bigger_than_max", message, key, **told)
    return None

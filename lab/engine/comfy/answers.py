"""What a ComfyUI server answers, read with care: refusals, ended jobs, places in its queue, facts of itself.

Rule: each way in which a job can fail has a code of its own (the texts' `[engine]`); an answer of another
shape than expected is a failure too, never an exception.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.engine.elsewhere import is_out_of_memory, sentence, short
from lab.engine.protocol import Failed
from lab.models.http import Refusal


@dataclass(frozen=True)
class Place:
    """Where a job is: `position` 0 is running, 1 is next; None is nowhere in the queue."""

    position: int | None


@dataclass(frozen=True)
class File:
    """A picture's name at the server."""

    filename: str
    subfolder: str
    type: str

    def params(self) -> dict[str, str]:
        return {"filename": self.filename, "subfolder": self.subfolder, "type": self.type}


def refused(refusal: Refusal) -> Failed:
    """Why the server did not take a workflow: its first node at fault, else what it said as a whole."""
    body = refusal.body if isinstance(refusal.body, dict) else {}
    nodes = body.get("node_errors")
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        for each in _dicts(_dict(node).get("errors")):
            reason = sentence(f"{each.get('message', '')}: {each.get('details', '')}")
            kind = short(_dict(node).get("class_type", "?"))
            return Failed("comfyui_refused_node", {"node": kind, "id": short(name), "reason": reason})
    if refusal.status in (401, 403):
        return Failed("comfyui_forbidden", {"status": refusal.status})
    if refusal.status == 429:
        return Failed("comfyui_busy")
    error = _dict(body.get("error"))
    reason = sentence(f"{error.get('message', '')} {error.get('details', '')}")
    return Failed("comfyui_refused", {"status": refusal.status, "reason": reason})


def place_of(queue: object, prompt_id: str) -> Place:
    """Where the job is in what `/queue` says."""
    told = _dict(queue)
    if any(_id(item) == prompt_id for item in _list(told.get("queue_running"))):
        return Place(0)
    waiting = [item for item in _list(told.get("queue_pending")) if isinstance(item, list) and item]
    ahead = sorted(waiting, key=lambda item: item[0] if isinstance(item[0], int | float) else 0)
    ids = [_id(item) for item in ahead]
    return Place(ids.index(prompt_id) + 1 if prompt_id in ids else None)


def entry_of(history: object, prompt_id: str) -> Mapping[str, Any] | None:
    """The job's entry in what `/history` says, once it has ended."""
    entry = _dict(history).get(prompt_id)
    return entry if isinstance(entry, dict) else None


def failure_of(entry: Mapping[str, Any]) -> Failed | None:
    """How an ended job failed; None where it did not."""
    status = _dict(entry.get("status"))
    if status.get("status_str") == "success":
        return None
    for message in reversed(_list(status.get("messages"))):
        kind, told = (
            (message[0], _dict(message[1])) if isinstance(message, list) and len(message) == 2 else ("", {})
        )
        if kind == "execution_interrupted":
            return Failed("comfyui_interrupted")
        if kind == "execution_error":
            return execution_error(told)
    return None if status.get("completed") is not False else Failed("comfyui_no_reason")


def execution_error(told: Mapping[str, Any]) -> Failed:
    """The failure in an `execution_error` of websocket or history."""
    said = f"{told.get('exception_type', '')} {told.get('exception_message', '')}"
    node, name = short(told.get("node_type", "?")), short(told.get("node_id", "?"))
    if is_out_of_memory(said):
        return Failed("comfyui_out_of_memory", {"node": node})
    reason = sentence(str(told.get("exception_message", "")))
    return Failed("comfyui_failed", {"node": node, "id": name, "reason": reason})


def picture_of(entry: Mapping[str, Any]) -> File | None:
    """The first picture of an ended job: one that was saved, before one that was only shown."""
    found = [
        File(image["filename"], str(image.get("subfolder") or ""), str(image.get("type") or "output"))
        for output in _dict(entry.get("outputs")).values()
        for image in _dicts(_dict(output).get("images"))
        if isinstance(image.get("filename"), str)
    ]
    return next((file for file in found if file.type == "output"), found[0] if found else None)


@dataclass(frozen=True)
class About:
    """What a server says of itself, in `/system_stats`."""

    version: str = "unknown"
    python: str = "unknown"
    torch: str = "unknown"
    device: str = "unknown"


def about(stats: object) -> About:
    """Each fact as far as it is there."""
    system = _dict(_dict(stats).get("system"))
    device = next(iter(_dicts(_dict(stats).get("devices"))), {})
    return About(
        version=_fact(system.get("comfyui_version")),
        python=_fact(str(system.get("python_version") or "").split(" ")[0]),
        torch=_fact(system.get("pytorch_version")),
        device=_fact(device.get("name")),
    )


def _fact(value: object) -> str:
    return short(value)[:200] if isinstance(value, str) and value.strip() else "unknown"


def _id(item: object) -> object:
    return item[1] if isinstance(item, list) and len(item) > 1 else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]

"""What a picture's file says of how it was made: the lab's own JSON, AUTOMATIC1111's text, ComfyUI's graph.

Nothing in the file is trusted: texts are bounded before they are read, and a value counts only within the
bounds that the Studio's fields have. The pixels are not decoded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, TypeAdapter, ValidationError

from exercises.graph import Graph as Workflow
from exercises.graph import graph_of
from exercises.parameters import SCHEDULERS, GuidanceScale, SchedulerName, Seed, Side, Steps, Strength
from lab.records.export import user_comment
from manifests.errors import JsonError
from manifests.pictures import MAX_BYTES
from manifests.png import KEY, PARAMETERS_KEY, parameter_pairs, read_png_text
from manifests.strict_json import parse

Origin = Literal["lab", "a1111", "comfyui"]
Value = str | int | float

MAX_TEXT = 512 * 1024  # characters of one text; a graph of ComfyUI has some ten thousand
MOST_OTHERS = 40
MAX_OTHER = 200

_Text = Annotated[str, StringConstraints(max_length=20_000)]  # the Studio says itself how long one may be
_BOUNDS: dict[str, TypeAdapter[Any]] = {
    "prompt": TypeAdapter(_Text),
    "negative_prompt": TypeAdapter(_Text),
    "width": TypeAdapter(Side),
    "height": TypeAdapter(Side),
    "steps": TypeAdapter(Steps),
    "guidance_scale": TypeAdapter(GuidanceScale),
    "scheduler": TypeAdapter(SchedulerName),
    "seed": TypeAdapter(Seed),
    "strength": TypeAdapter(Strength),
}
_WHOLE = ("width", "height", "steps", "seed")
_NUMBERS = (*_WHOLE, "guidance_scale", "strength")
_SCHEDULERS: dict[str, SchedulerName] = {  # by the names other tools have for them
    "euler a": "EulerA",
    "euler_ancestral": "EulerA",
    "euler": "Euler",
    "ddim": "DDIM",
    "dpm++ 2m": "DPM++ 2M",
    "dpm++ 2m karras": "DPM++ 2M",
    "dpmpp_2m": "DPM++ 2M",
    "unipc": "UniPC",
    "uni_pc": "UniPC",
}
_SCHEDULERS |= {name.casefold(): name for name in SCHEDULERS}
_A1111 = {
    "Steps": "steps",
    "Sampler": "scheduler",
    "CFG scale": "guidance_scale",
    "Seed": "seed",
    "Denoising strength": "strength",
}
_WIDGETS = {  # which of its inputs the saved values of a ComfyUI node are, in their order
    "KSampler": ("seed", "", "steps", "cfg", "sampler_name", "", "denoise"),
    "KSamplerAdvanced": ("", "noise_seed", "", "steps", "cfg", "sampler_name"),
    "CLIPTextEncode": ("text",),
    "EmptyLatentImage": ("width", "height"),
}
_DEEP = 12  # links followed from the sampler to a text

Graph = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """`values` by the names in `Parameters`; `others`: what else is told, as it was written.

    `workflow`: the graph that drew it, where ComfyUI wrote it down.
    """

    origin: Origin
    values: dict[str, Value]
    others: tuple[tuple[str, str], ...] = ()
    workflow: Workflow | None = None


def read_parameters(data: bytes) -> Found | None:
    """What a picture says of itself; None where it says nothing that is known.

    Raises PictureError for what is no picture, or is too large.
    """
    texts = {key: text[:MAX_TEXT] for key, text in read_png_text(data[: MAX_BYTES + 1]).items()}
    comment = user_comment(data)[:MAX_TEXT]
    found = (
        _lab(texts.get(KEY, "")),
        _a1111(texts.get(PARAMETERS_KEY, "") or comment),
        _comfyui(_graph(texts.get("prompt", ""))),
        _comfyui(_saved_graph(texts.get("workflow", ""))),
    )
    told = next((each for each in found if each and each.values), None)
    workflow = graph_of(_json(texts.get("prompt", "")))
    if told is None:
        return Found("comfyui", {}, workflow=workflow) if workflow and workflow.links else None
    return replace(told, workflow=workflow) if told.origin == "comfyui" else told


def _bounded(told: dict[str, object]) -> dict[str, Value]:
    """What of it lies within the bounds, in the order of the Studio's fields."""
    values: dict[str, Value] = {}
    for name, bounds in _BOUNDS.items():
        value = told.get(name)
        if name == "scheduler" and isinstance(value, str):
            value = _SCHEDULERS.get(value.strip().casefold())
        if isinstance(value, str) and name in _NUMBERS:
            value = _number(value)
        if isinstance(value, float) and value.is_integer() and name in _WHOLE:
            value = int(value)
        if value is None or isinstance(value, bool):
            continue
        try:
            values[name] = bounds.validate_python(value)
        except ValidationError:
            continue
    return values


def _number(text: str) -> float | int | None:
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{1,9}\.[0-9]{0,20}", text) else None


def _json(text: str) -> Any:
    """The JSON of a text; None where it is none. ComfyUI writes NaN, which JSON does not know."""
    if not text:
        return None
    for attempt in (text, re.sub(r"\bNaN\b", "null", text)):
        try:
            return parse(attempt.encode("utf-8", "replace"), max_bytes=4 * MAX_TEXT)
        except JsonError:
            continue
    return None


def _lab(text: str) -> Found | None:
    document = _json(text)
    request = document.get("request") if isinstance(document, dict) else None
    if not isinstance(request, dict):
        return None
    model = document.get("model")
    name = model.get("id") if isinstance(model, dict) else None
    others = (("Model", name[:MAX_OTHER]),) if isinstance(name, str) else ()
    return Found("lab", _bounded(request), others)


def _a1111(text: str) -> Found | None:
    """Prompt, `Negative prompt: …`, and a last line of pairs."""
    head, _, last = text.strip().rpartition("\n")
    pairs = parameter_pairs(last)
    if not pairs:
        return None
    told: dict[str, object] = {_A1111[name]: value for name, value in pairs.items() if name in _A1111}
    prompt: list[str] = []
    negative: list[str] = []
    into = prompt
    for line in head.split("\n"):
        if line.strip().startswith("Negative prompt:"):
            into, line = negative, line.strip().removeprefix("Negative prompt:").strip()
        into.append(line)
    told |= {"prompt": "\n".join(prompt).strip(), "negative_prompt": "\n".join(negative).strip()}
    size = re.fullmatch(r"\s*([0-9]{1,5})x([0-9]{1,5})\s*", pairs.get("Size", ""))
    if size:
        told |= {"width": int(size[1]), "height": int(size[2])}
    known = {*_A1111, "Size"}
    others = [(name, value.strip()[:MAX_OTHER]) for name, value in pairs.items() if name not in known]
    return Found("a1111", _bounded(told), tuple(others[:MOST_OTHERS]))


def _graph(text: str) -> Graph:
    """ComfyUI's nodes by id, each with its `inputs`: what stands in the text `prompt`."""
    document = _json(text)
    nodes = document.items() if isinstance(document, dict) else ()
    return {
        str(key): node["inputs"]
        for key, node in nodes
        if isinstance(node, dict) and isinstance(node.get("inputs"), dict)
    }


def _saved_graph(text: str) -> Graph:
    """The same out of the text `workflow`, the graph as ComfyUI's editor saves it."""
    document = _json(text)
    if not isinstance(document, dict):
        return {}
    nodes = [node for node in _list(document.get("nodes")) if isinstance(node, dict)]
    came_from = {str(link[0]): str(link[1]) for link in _list(document.get("links")) if len(_list(link)) >= 4}
    graph: Graph = {}
    for node in nodes:
        names = _WIDGETS.get(str(node.get("type")), ())
        inputs: dict[str, Any] = dict(zip(names, _list(node.get("widgets_values")), strict=False))
        for each in _list(node.get("inputs")):
            if isinstance(each, dict) and str(each.get("link")) in came_from:
                inputs[str(each.get("name"))] = [came_from[str(each["link"])], 0]
        graph[str(node.get("id"))] = inputs
    return graph


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _comfyui(graph: Graph) -> Found | None:
    """The first sampler of a graph, and what leads to it."""
    for node in graph.values():
        inputs = _flat(graph, node)
        seed = inputs.get("seed", inputs.get("noise_seed"))
        if seed is None or "steps" not in inputs:
            continue
        latent = next(_upstream(graph, inputs.get("latent_image"), "width"), {})
        denoise = inputs.get("denoise")
        told: dict[str, object] = {
            "seed": seed,
            "steps": inputs["steps"],
            "guidance_scale": inputs.get("cfg", inputs.get("guidance")),
            "scheduler": inputs.get("sampler_name"),
            "strength": None if denoise == 1 else denoise,
            "width": latent.get("width"),
            "height": latent.get("height"),
        }
        prompt = inputs.get("positive", inputs.get("conditioning"))
        for name, link in (("prompt", prompt), ("negative_prompt", inputs.get("negative"))):
            told[name] = next(_upstream(graph, link, "text"), {}).get("text")
        return Found("comfyui", _bounded(told), _checkpoint(graph, inputs))
    return None


def _flat(graph: Graph, inputs: dict[str, Any]) -> dict[str, Any]:
    """A sampler's inputs: a number that another node holds is put in its place, and what the parts have that
    some samplers are made of (noise, sigmas, sampler, guider) is theirs.
    """
    found: dict[str, Any] = {}
    for part in ("noise", "sigmas", "sampler", "guider"):
        found |= _linked(graph, inputs.get(part))
    if "guider" in inputs:
        link = found.get("conditioning", found.get("positive"))
        found["guidance"] = next(_upstream(graph, link, "guidance"), {}).get("guidance")
    for name, value in inputs.items():
        held = _linked(graph, value).get("value")
        found[name] = held if isinstance(held, str | int | float) else value
    return found


def _linked(graph: Graph, link: object) -> dict[str, Any]:
    return graph.get(str(link[0]), {}) if isinstance(link, list) and link else {}


def _checkpoint(graph: Graph, inputs: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """The model's file, as the node names it that loads it."""
    for name in ("ckpt_name", "unet_name", "model_path"):
        for link in (inputs.get("model"), inputs.get("transformer")):
            value = next(_upstream(graph, link, name), {}).get(name)
            if isinstance(value, str) and value:
                return (("Model", value[:MAX_OTHER]),)
    return ()


def _upstream(graph: Graph, link: object, wanted: str) -> Iterator[dict[str, Any]]:
    """Nodes from a link upwards that have that input as a value of their own."""
    for _ in range(_DEEP):
        node = graph.get(str(link[0])) if isinstance(link, list) and link else None
        if node is None:
            return
        if isinstance(node.get(wanted), str | int | float):
            yield node
        link = next((value for value in node.values() if isinstance(value, list) and value), None)

"""What a request becomes for a ComfyUI server: the workflow of its model and mode, filled in."""

from dataclasses import dataclass, replace
from typing import Any

from lab.engine.failures import EngineFailure
from lab.engine.requests import check_request
from lab.engine.sources import open_source
from lab.models.comfyui.entries import checkpoint_of, workflow_of
from lab.models.comfyui.samplers import SAMPLERS
from lab.models.comfyui.server import Server
from lab.models.comfyui.workflows import Graph, Parameter, Workflow
from lab.models.offered import model_entry
from manifests.manifest import Request
from manifests.png import plain_png
from manifests.service import MOST_BYTES, workflow_text

USUAL_SECONDS, HEAVY_SECONDS = 300, 600  # a picture may take so long, once it is its turn
HEAVY = 1024 * 1024 * 20  # pixels times steps, from which a picture is a heavy one


@dataclass(frozen=True)
class Asking:
    """A filled workflow. `source`: the picture to send first; `sampler`: the node whose steps count.

    `steps`: how many it samples; None where the graph has its own number. `uploaded`: names in the graph of
    pictures that were sent.
    """

    workflow: Workflow
    request: Request
    graph: Graph
    checkpoint: str | None
    seconds: int
    steps: int | None
    sampler: str | None
    source: bytes | None = None
    uploaded: tuple[str, ...] = ()

    def with_source(self, name: str) -> "Asking":
        """The same with the picture's name at the server in its places."""
        graph = {key: node | {"inputs": dict(node["inputs"])} for key, node in self.graph.items()}
        for node, key in self.workflow.ways[self.request.mode].places("source"):
            graph[node]["inputs"][key] = name
        return replace(self, graph=graph, uploaded=(name,))


def asking(server: Server, model: str, request: Request, source: bytes | None) -> Asking:
    """Fill the workflow in. Raises EngineFailure for what cannot be asked."""
    workflow = workflow_of(server, model)
    if workflow is None:
        raise EngineFailure("comfyui_no_workflow", model=model)
    check_request(model_entry(model), request, source)
    way = workflow.ways[request.mode]
    graph = workflow.filled(request.mode, _values(model, request))
    if len(workflow_text(graph).encode()) > MOST_BYTES:
        raise EngineFailure("comfyui_too_long", kib=MOST_BYTES // 1024)
    takes_steps = way.places("steps")
    heavy = request.width * request.height * request.steps >= HEAVY
    return Asking(
        workflow=workflow,
        request=request,
        graph=graph,
        checkpoint=_checkpoint(workflow, request, graph),
        seconds=workflow.seconds or (HEAVY_SECONDS if heavy else USUAL_SECONDS),
        steps=request.steps if takes_steps else None,
        sampler=takes_steps[0][0] if takes_steps else None,
        source=_fitted(request, source),
    )


def _values(model: str, request: Request) -> dict[Parameter, Any]:
    values: dict[Parameter, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": request.width,
        "height": request.height,
        "steps": request.steps,
        "guidance_scale": request.guidance_scale,
        "scheduler": SAMPLERS[request.scheduler],
        "seed": request.seed,
    }
    if request.strength is not None:
        values["strength"] = request.strength
    checkpoint = checkpoint_of(model)
    return values | ({"checkpoint": checkpoint} if checkpoint is not None else {})


def _checkpoint(workflow: Workflow, request: Request, graph: Graph) -> str | None:
    """The name by which the server loads the model, as the graph has it."""
    for node, key in workflow.ways[request.mode].places("checkpoint"):
        return str(graph[node]["inputs"].get(key))
    return None


def _fitted(request: Request, source: bytes | None) -> bytes | None:
    """The picture to begin with, fitted as for every other model: the server does not resize it."""
    if request.mode != "img2img" or source is None:
        return None
    return plain_png(open_source(source, request.width, request.height))

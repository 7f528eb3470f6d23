"""What a request becomes for a ComfyUI server: the workflow of its model and mode, filled in."""

from dataclasses import dataclass, replace
from typing import Any

from lab.engine.elsewhere import fitted, seconds_for
from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.engine.requests import check_request
from lab.models.comfyui.entries import checkpoint_of, workflow_of
from lab.models.comfyui.samplers import SAMPLERS
from lab.models.comfyui.server import Server
from lab.models.comfyui.workflows import Graph, Parameter, Workflow
from lab.models.offered import model_entry
from manifests.manifest import Request
from manifests.service import MOST_BYTES, workflow_text


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


def asking(server: Server, model: str, request: Request, inputs: Inputs) -> Asking:
    """Fill the workflow in. Raises EngineFailure for what cannot be asked."""
    workflow = workflow_of(server, model)
    if workflow is None:
        raise EngineFailure("comfyui_no_workflow", model=model)
    check_request(model_entry(model), request, inputs)
    way = workflow.ways[request.mode]
    graph = workflow.filled(request.mode, _values(model, request))
    if len(workflow_text(graph).encode()) > MOST_BYTES:
        raise EngineFailure("comfyui_too_long", kib=MOST_BYTES // 1024)
    takes_steps = way.places("steps")
    return Asking(
        workflow=workflow,
        request=request,
        graph=graph,
        checkpoint=_checkpoint(workflow, request, graph),
        seconds=workflow.seconds or seconds_for(request),
        steps=request.steps if takes_steps else None,
        sampler=takes_steps[0][0] if takes_steps else None,
        source=fitted(request, inputs.source),
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

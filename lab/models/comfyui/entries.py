"""The models of a ComfyUI server as entries like those of the registry: `comfy:<checkpoint>`.

A teacher's own workflow is one too: `comfy:workflow/<assignment>`. An entry says what the server says of
sizes and samplers; where it does not answer, what ComfyUI's own nodes usually take.
"""

from collections.abc import Iterator

from exercises.parameters import SCHEDULERS, Mode, SchedulerName
from lab.models.comfyui.samplers import SAMPLERS
from lab.models.comfyui.server import LONGEST_CHOICE, Server, bounds_of, configured_server, described
from lab.models.comfyui.workflows import Workflow, built_in, of_assignments
from lab.models.http import NoAnswer
from lab.models.native import native_side
from lab.models.registry import ModelEntry

PREFIX = "comfy:"
OWN = "workflow/"  # after it, whose assignment's workflow it is
REPOSITORY = "comfyui"
LEAST, MOST, USUAL = 64, 2048, 512  # pixels of a side, as requests may have them


def is_comfyui(model_id: str) -> bool:
    return model_id.startswith(PREFIX)


def comfyui_entries() -> list[ModelEntry]:
    """Every model the server has a workflow for; none where it is not set up or does not answer."""
    server = configured_server()
    if server is None:
        return []
    try:
        return [_entry(server, model_id, workflow) for model_id, workflow in _offered(server)]
    except NoAnswer:
        return []


def comfyui_entry(model_id: str) -> ModelEntry | None:
    """The entry of that id, whether the server has it or not; None where no server is set up."""
    server = configured_server()
    if server is None or not is_comfyui(model_id):
        return None
    workflow = workflow_of(server, model_id)
    return None if workflow is None else _entry(server, model_id, workflow)


def is_there(model_id: str) -> bool:
    """Whether the server has it now. Raises NoAnswer."""
    server = configured_server()
    return server is not None and model_id in (each for each, _ in _offered(server))


def checkpoint_of(model_id: str) -> str | None:
    """The checkpoint's name; None for a workflow that names its own."""
    name = model_id.removeprefix(PREFIX)
    return None if name.startswith(OWN) else name


def workflow_of(server: Server, model_id: str) -> Workflow | None:
    """The workflow by which a model is asked; for a checkpoint nobody lists, that of checkpoints."""
    name = model_id.removeprefix(PREFIX)
    if name.startswith(OWN):
        return next((each for each in of_assignments() if OWN + each.id == name), None)
    for workflow in built_in():
        loader = workflow.node_of("checkpoint")
        try:
            if loader and name in (server.choices(*loader) or ()):
                return workflow
        except NoAnswer:
            break
    return next(each for each in built_in() if each.id == "checkpoint")


def _offered(server: Server) -> Iterator[tuple[str, Workflow]]:
    for workflow in built_in():
        loader = workflow.node_of("checkpoint")
        for name in (server.choices(*loader) or ()) if loader else ():
            if len(name) <= LONGEST_CHOICE and not name.startswith(OWN):
                yield PREFIX + name, workflow
    for workflow in of_assignments():
        yield f"{PREFIX}{OWN}{workflow.id}", workflow


def _entry(server: Server, model_id: str, workflow: Workflow) -> ModelEntry:
    checkpoint = checkpoint_of(model_id)
    least, most, native = _sizes(server, workflow, checkpoint or workflow.title)
    return ModelEntry(
        id=model_id,
        name=f"ComfyUI: {checkpoint or workflow.title}",
        family="comfyui",
        repository=REPOSITORY,
        revision="",
        licence="—",
        dtype="float16",
        cpu_dtype="float32",
        native_size=native,
        minimum_size=least,
        maximum_size=most,
        memory_gib=0,
        modes=_modes(workflow),
        schedulers=_schedulers(server, workflow),
    )


def _modes(workflow: Workflow) -> tuple[Mode, ...]:
    return tuple(workflow.ways)


def _schedulers(server: Server, workflow: Workflow) -> tuple[SchedulerName, ...]:
    """Those whose sampler the server has; all where it does not say."""
    place = workflow.node_of("scheduler")
    try:
        listed = server.choices(*place) if place else None
    except NoAnswer:
        listed = None
    if listed is None:
        return SCHEDULERS
    return tuple(name for name in SCHEDULERS if SAMPLERS[name] in listed) or SCHEDULERS


def _sizes(server: Server, workflow: Workflow, name: str) -> tuple[int, int, int]:
    """Smallest, largest and native side."""
    place = workflow.node_of("width")
    try:
        found = described(server.node(place[0]), place[1]) if place else None
    except NoAnswer:
        found = None
    bounds = bounds_of(found) if found else {}
    least, most = _side(bounds.get("min"), LEAST), _side(bounds.get("max"), MOST)
    native = native_side(name, _side(bounds.get("default"), USUAL))
    return least, max(least, most), min(max(native, least), max(least, most))


def _side(told: object, usual: int) -> int:
    """What the server says of a side, as whole latents within the bounds of a request."""
    if isinstance(told, bool) or not isinstance(told, int | float) or not told > 0:
        return usual
    return min(max(int(min(told, MOST)) // 8 * 8, LEAST), MOST)

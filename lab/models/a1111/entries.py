"""The models of a server with A1111's API as entries like those of the registry: `a1111:<checkpoint>`.

The API says nothing of sizes: the bounds are those of a request, the native side is guessed from the name.
"""

from exercises.parameters import SCHEDULERS, SchedulerName
from lab.models.a1111.server import Checkpoint, Server, configured_server
from lab.models.http import NoAnswer
from lab.models.native import native_side
from lab.models.registry import ALL_MODES, ModelEntry

PREFIX = "a1111:"
REPOSITORY = "a1111"
LEAST, MOST = 64, 2048  # pixels of a side, as requests may have them


def is_a1111(model_id: str) -> bool:
    return model_id.startswith(PREFIX)


def a1111_entries() -> list[ModelEntry]:
    """Every checkpoint the server has; none where it is not set up or does not answer."""
    server = configured_server()
    if server is None:
        return []
    try:
        return [_entry(server, each.name) for each in server.checkpoints()]
    except NoAnswer:
        return []


def a1111_entry(model_id: str) -> ModelEntry | None:
    """The entry of that id, whether the server has it or not; None where no server is set up."""
    server = configured_server()
    if server is None or not is_a1111(model_id):
        return None
    return _entry(server, model_id.removeprefix(PREFIX))


def checkpoint_of(server: Server, model_id: str) -> Checkpoint | None:
    """What the server has by that id now. Raises NoAnswer."""
    name = model_id.removeprefix(PREFIX)
    return next((each for each in server.checkpoints() if each.name == name), None)


def is_there(model_id: str) -> bool:
    """Whether the server has it now. Raises NoAnswer."""
    server = configured_server()
    return server is not None and checkpoint_of(server, model_id) is not None


def _entry(server: Server, name: str) -> ModelEntry:
    return ModelEntry(
        id=PREFIX + name,
        name=f"A1111: {name}",
        family="a1111",
        repository=REPOSITORY,
        revision="",
        licence="—",
        dtype="float16",
        cpu_dtype="float32",
        native_size=native_side(name, 512),
        minimum_size=LEAST,
        maximum_size=MOST,
        memory_gib=0,
        modes=ALL_MODES,
        schedulers=_schedulers(server),
    )


def _schedulers(server: Server) -> tuple[SchedulerName, ...]:
    """Those whose sampler the server has; all where it does not say."""
    try:
        return tuple(name for name in SCHEDULERS if server.sampler(name)) or SCHEDULERS
    except NoAnswer:
        return SCHEDULERS

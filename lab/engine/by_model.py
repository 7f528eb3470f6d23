"""One engine of several: a request goes to the engine that has its model."""

from collections.abc import Callable, Sequence

from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import Engine, Job
from manifests.manifest import Request


class ByModel:
    """`servers` draw the models that are theirs, by id; `others` draws all others."""

    def __init__(self, others: Engine, servers: Sequence[tuple[Callable[[str], bool], Engine]]) -> None:
        self._others, self._servers = others, tuple(servers)

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> Job:
        engine = next((each for is_theirs, each in self._servers if is_theirs(model)), self._others)
        return engine.submit(request, model=model, inputs=inputs, film=film, background=background)

    def close(self) -> None:
        self._others.close()
        for _, engine in self._servers:
            engine.close()

"""One engine of several: a request goes to the engine that has its model."""

from lab.engine.protocol import Engine, Job
from lab.models.comfyui.entries import is_comfyui
from manifests.manifest import Request


class ByModel:
    """`comfyui` draws the models of a ComfyUI server, `others` all others."""

    def __init__(self, others: Engine, comfyui: Engine) -> None:
        self._others, self._comfyui = others, comfyui

    def submit(
        self,
        request: Request,
        *,
        model: str,
        source: bytes | None = None,
        film: int = 0,
        background: bool = False,
    ) -> Job:
        engine = self._comfyui if is_comfyui(model) else self._others
        return engine.submit(request, model=model, source=source, film=film, background=background)

    def close(self) -> None:
        self._others.close()
        self._comfyui.close()

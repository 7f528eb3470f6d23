"""Executes one checked graph: node after node, the drawing by the lab's engine at each KSampler.

Rule: a graph ends in exactly one of three ways, and says so: success, interrupted, or an error that names its
node. Pictures hold their graph as text, as ComfyUI's do, and the mark that a model made them.
"""

import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from exercises.parameters import SchedulerName
from lab.comfyui.files import Files
from lab.comfyui.nodes import MINI
from lab.comfyui.understanding import steps_to_ask
from lab.engine.inputs import Inputs
from lab.engine.protocol import Cancelled, Done, Engine, Failed, Job, Step
from lab.models.comfyui.samplers import SAMPLERS
from manifests.manifest import Request, Source
from manifests.pictures import open_picture
from manifests.png import marked_png, plain_png
from manifests.xmp import packet, source_type_of

SCHEDULERS: dict[str, SchedulerName] = {sampler: name for name, sampler in SAMPLERS.items()}
GIVEN = Source(file="given.png", sha256="0" * 64)  # the engine is given the source's bytes itself
OUT_OF_MEMORY = "torch.OutOfMemoryError"

Message = tuple[str, dict[str, Any]]
Tell = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Blank:
    width: int
    height: int


@dataclass(frozen=True)
class Made:
    """A picture, and whether a model made it: `text2img`, `img2img`, or none."""

    image: Image.Image
    mode: str | None = None


class Interrupted(Exception):
    """Somebody asked to stop."""


class NodeFailed(Exception):
    """A node failed: `kind` is the exception's type as ComfyUI tells it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass
class Executed:
    """What came of a graph, as the history keeps it."""

    outputs: dict[str, Any]
    messages: list[Message]
    success: bool


class Execution:
    """One graph being executed; `interrupt` may be called from any thread."""

    def __init__(self, engine: Engine, files: Files, tell: Tell, preview: Callable[[bytes], None]) -> None:
        self._engine, self._files, self._tell, self._preview = engine, files, tell, preview
        self._stop = threading.Event()
        self._job: Job | None = None

    def interrupt(self) -> None:
        """Stop within a step."""
        self._stop.set()
        if self._job is not None:
            self._job.cancel()

    def run(
        self, prompt_id: str, graph: Mapping[str, Any], outputs: list[str], pnginfo: Mapping[str, Any]
    ) -> Executed:
        """Execute the output nodes and all they need."""
        done = Executed({}, [], success=False)
        values: dict[str, Any] = {}
        current = ""

        def message(kind: str, **data: Any) -> None:
            data |= {"prompt_id": prompt_id}
            done.messages.append((kind, data))
            self._tell(kind, data)

        def value(name: str) -> Any:
            """What a node gives; those it is linked to come first."""
            nonlocal current
            if name in values:
                return values[name]
            node = graph[name]
            inputs = {
                key: value(each[0]) if isinstance(each, list) else each
                for key, each in node["inputs"].items()
            }
            if self._stop.is_set():
                raise Interrupted
            current = name
            told = {"node": name, "display_node": name, "prompt_id": prompt_id}
            self._tell("executing", told)
            values[name] = self._node(node["class_type"], inputs, told, graph, pnginfo)
            if node["class_type"] in ("SaveImage", "PreviewImage"):
                done.outputs[name] = values[name]
                self._tell("executed", told | {"output": values[name]})
            return values[name]

        message("execution_start")
        message("execution_cached", nodes=[])
        try:
            for name in outputs:
                value(name)
        except Interrupted:
            kind = graph[current]["class_type"] if current else ""
            message("execution_interrupted", node_id=current, node_type=kind, executed=list(values))
        except NodeFailed as failure:
            message(
                "execution_error",
                node_id=current,
                node_type=graph[current]["class_type"],
                executed=list(values),
                exception_message=str(failure),
                exception_type=failure.kind,
                traceback=[],
                current_inputs={},
                current_outputs=[],
            )
        else:
            done.success = True
            message("execution_success")
        return done

    def _node(
        self,
        kind: str,
        inputs: Mapping[str, Any],
        told: Mapping[str, Any],
        graph: Mapping[str, Any],
        pnginfo: Mapping[str, Any],
    ) -> Any:
        match kind:
            case "CLIPTextEncode":
                return inputs["text"]
            case "EmptyLatentImage":
                return Blank(inputs["width"], inputs["height"])
            case "LoadImage":
                try:
                    return Made(open_picture(self._files.load(inputs["image"])))
                except (OSError, ValueError) as why:
                    raise NodeFailed(type(why).__name__, f"The picture cannot be read: {why}") from None
            case "VAEEncode":
                return Made(_whole(inputs["pixels"].image))
            case "KSampler":
                return self._draw(inputs, told)
            case "VAEDecode":
                return inputs["samples"]
            case "SaveImage" | "PreviewImage":
                return self._save(kind, inputs, graph, pnginfo)
        return None

    def _draw(self, inputs: Mapping[str, Any], told: Mapping[str, Any]) -> Made:
        """Have the engine draw a picture, and tell its steps."""
        latent, denoise = inputs["latent_image"], inputs["denoise"]
        source = None if isinstance(latent, Blank) else plain_png(latent.image)
        size = (latent.width, latent.height) if isinstance(latent, Blank) else latent.image.size
        request = Request(
            mode="text2img" if source is None else "img2img",
            prompt=inputs["positive"],
            negative_prompt=inputs["negative"],
            width=size[0],
            height=size[1],
            steps=steps_to_ask(inputs["steps"], denoise),
            guidance_scale=inputs["cfg"],
            scheduler=SCHEDULERS[inputs["sampler_name"]],
            seed=inputs["seed"] % 2**32,
            strength=None if source is None else denoise,
            source=None if source is None else GIVEN,
        )
        self._job = self._engine.submit(request, model=MINI.id, inputs=Inputs(source))
        if self._stop.is_set():
            self._job.cancel()
        for event in self._job.events():
            match event:
                case Step():
                    told_now = {"value": event.step, "max": event.steps}
                    self._tell("progress", told_now | {"prompt_id": told["prompt_id"], "node": told["node"]})
                    if event.preview is not None:
                        self._preview(_jpeg(event.preview))
                case Done(picture):
                    return Made(picture.image, request.mode)
                case Cancelled():
                    raise Interrupted
                case Failed():
                    kind = OUT_OF_MEMORY if event.code == "out_of_memory" else "RuntimeError"
                    raise NodeFailed(kind, event.text("en"))
        raise Interrupted

    def _save(
        self, kind: str, inputs: Mapping[str, Any], graph: Mapping[str, Any], pnginfo: Mapping[str, Any]
    ) -> dict[str, Any]:
        made: Made = inputs["images"]
        texts = PngInfo()
        texts.add_text("prompt", json.dumps(graph))
        if "workflow" in pnginfo:
            texts.add_text("workflow", json.dumps(pnginfo["workflow"]))
        if made.mode is None:  # a photo that was loaded and saved
            buffer = io.BytesIO()
            made.image.save(buffer, "PNG", pnginfo=texts)
            data = buffer.getvalue()
        else:
            data = marked_png(
                made.image,
                packet(source_type_of("text2img" if made.mode == "text2img" else "img2img")),
                texts,
            )
        folder = "output" if kind == "SaveImage" else "temp"
        try:
            saved = self._files.save(data, inputs.get("filename_prefix", "ComfyUI_temp"), folder)
        except (OSError, ValueError) as why:
            raise NodeFailed(type(why).__name__, f"The picture cannot be saved: {why}") from None
        return {"images": [saved]}


def _whole(picture: Image.Image) -> Image.Image:
    """Cut from the middle to whole latents."""
    width, height = (side // MINI.multiple * MINI.multiple for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()

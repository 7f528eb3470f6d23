"""Loading a model by diffusers' Auto pipelines, once for all modes, onto the device there is.

Loading is always from a folder on this machine (`weights.find_weights`), never from the network,
and only from safetensors. A model too large for the GPU's memory keeps its parts in main memory
and brings each one over when it is its turn.
"""

import copy
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exercises.parameters import Mode
from lab.engine.adapters import load_into
from lab.engine.failures import EngineFailure
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.previews import Previewer
from lab.engine.prompts import PromptCache
from lab.engine.together import MOST_TOGETHER, Meeting
from lab.models.availability import availability
from lab.models.registry import Family, ModelEntry
from lab.models.settings import ModelSettings
from lab.models.weights import weights_sha256
from manifests.manifest import Adapter

TOGETHER: tuple[Family, ...] = ("sd",)  # the families whose pictures are drawn together


@dataclass
class LoadedModel:
    """A model in memory: one pipeline per mode over the same parts."""

    entry: ModelEntry
    pipelines: dict[Mode, Any]
    own_scheduler: Any  # as the model came; runs get fresh ones made from its configuration
    device: str
    device_name: str
    dtype: str
    weights_sha256: str
    previewer: Previewer
    meeting: Meeting | None = None  # where pictures are drawn together; None: one after the other
    controlnet_sha256: str | None = None  # of what leads by outlines, once it was asked for
    prompts: PromptCache = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)  # for what is read or kept below
    warm: set[tuple[object, ...]] = field(default_factory=set)  # shapes of pictures drawn before
    preparing: float = 0.0  # seconds of loading and warming up that no picture has told of yet

    def __post_init__(self) -> None:
        self.prompts = PromptCache(self.entry.family)


def load_model(entry: ModelEntry, adapters: Sequence[Adapter] = (), inputs: Inputs = NOTHING) -> LoadedModel:
    """Read the model into memory, which takes seconds to minutes. Raises EngineFailure."""
    found = availability(entry.id)
    if found.folder is None or not found.available:
        raise EngineFailure(found.code, **found.values)
    began = time.monotonic()
    model = load_from(entry, found.folder, adapters, inputs)
    model.preparing = time.monotonic() - began
    return model


def load_from(
    entry: ModelEntry, folder: Path, adapters: Sequence[Adapter] = (), inputs: Inputs = NOTHING
) -> LoadedModel:
    """Load the entry's pipelines from a diffusers folder.

    With adapters, whose files are among the `inputs`, it is a copy of its own, in which one picture is drawn
    at a time: others never meet it.
    """
    _quiet()  # first: the imports below have things to say
    import torch
    from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, AutoPipelineForText2Image

    device = _device(torch)
    dtype = entry.dtype if device == "cuda" else entry.cpu_dtype
    first = AutoPipelineForText2Image if "text2img" in entry.modes else AutoPipelineForImage2Image
    pipe = first.from_pretrained(
        folder,
        dtype=getattr(torch, dtype),
        variant=entry.variant,
        use_safetensors=True,
        local_files_only=True,
    )
    load_into(pipe, entry, adapters, inputs)
    pipelines: dict[Mode, Any] = {entry.modes[0]: pipe}
    if "img2img" in entry.modes[1:]:
        pipelines["img2img"] = AutoPipelineForImage2Image.from_pipe(pipe)
    if "inpaint" in entry.modes:
        pipelines["inpaint"] = AutoPipelineForInpainting.from_pipe(pipe)
    previewer = Previewer(pipe.vae)  # fitted in main memory, before the parts are placed
    whole = _place(list(pipelines.values()), device, entry, torch)
    meeting = None
    # parts that come and go belong to one picture at a time, and so does a copy with adapters
    if entry.family in TOGETHER and whole and not adapters:
        meeting = pipe.unet.forward = Meeting(pipe.unet.forward, MOST_TOGETHER)
    if "inpaint" in pipelines and told_four_channels(pipe.vae.config.latent_channels):
        # A view of the same UNet, whose configuration the other pipelines ask too.
        pipelines["inpaint"].unet = copy.copy(pipe.unet)
        pipelines["inpaint"].unet.register_to_config(in_channels=4)
    for each in pipelines.values():
        each.set_progress_bar_config(disable=True)
    name = f"cuda ({torch.cuda.get_device_name()})" if device == "cuda" else "cpu"
    return LoadedModel(
        entry=entry,
        pipelines=pipelines,
        own_scheduler=pipe.scheduler,
        device=device,
        device_name=name,
        dtype=dtype,
        weights_sha256=weights_sha256(folder, entry.variant),
        previewer=previewer,
        meeting=meeting,
    )


def told_four_channels(latent_channels: int) -> bool:
    """Whether the inpainting pipeline is to be told that the UNet has 4 channels.

    Where a UNet was not made for inpainting, the pipeline puts the source back around the mask after each
    step, which works for any number of channels; but it asks the configuration for 4.
    """
    return latent_channels != 4


def _quiet() -> None:
    """No bars and warnings of the libraries between the lab's own lines; errors still show."""
    import diffusers.utils.logging
    import transformers.utils.logging

    for library in (diffusers, transformers):
        library.utils.logging.disable_progress_bar()
        library.utils.logging.set_verbosity_error()


def _device(torch: Any) -> str:
    asked = ModelSettings().device
    if asked == "cuda" and not torch.cuda.is_available():
        raise EngineFailure("no_cuda")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def _place(pipelines: list[Any], device: str, entry: ModelEntry, torch: Any) -> bool:
    """Bring the parts onto the GPU, or have each brought over in turn where not all fit: then False."""
    if device == "cpu":
        return True
    # The same pixels each time on the same GPU; of diffusers' own switch for this we leave out
    # the one that makes each launch wait.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
    free = torch.cuda.mem_get_info()[0] / 2**30
    whole = bool(entry.memory_gib < 0.9 * free)
    for pipe in pipelines:
        if whole:
            pipe.to("cuda")
        else:
            pipe.enable_model_cpu_offload()
    return whole

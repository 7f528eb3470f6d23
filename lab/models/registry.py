"""The models the lab knows, each with all that is needed to find it, load it, ask it and cite it.

Light: nothing here loads torch. A revision is a commit of the repository, so that the same entry
always means the same weights; `mini` comes with the project and its revision is the project's.
"""

from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from exercises.errors import CatalogueError
from exercises.parameters import SCHEDULERS, Mode, SchedulerName

Family = Literal["sd", "sdxl", "sd3", "flux", "qwen-edit", "comfyui", "a1111"]
Dtype = Literal["float32", "float16", "bfloat16"]

BOTH_MODES: tuple[Mode, ...] = ("text2img", "img2img")
ALL_MODES: tuple[Mode, ...] = (*BOTH_MODES, "inpaint")
LED_TOO: tuple[Mode, ...] = (*ALL_MODES, "control")
FLOW_MATCHING: tuple[SchedulerName, ...] = ("Euler",)  # such a model keeps its own Euler scheduler


@dataclass(frozen=True)
class ControlnetEntry:
    """The ControlNet by which outlines lead a model; that of the bundled model lies beside it."""

    repository: str
    revision: str
    licence: str
    variant: str | None = None


@dataclass(frozen=True)
class ModelEntry:
    """One model. Sizes are pixels of a side, memory is GiB on the device for one native picture.

    `family` says which pipeline's arguments it takes. `dtype` holds on a GPU, `cpu_dtype` without
    one. `variant` names the weight files to take where a repository has several. `library` is one
    that this model alone needs.
    """

    id: str
    name: str
    family: Family
    repository: str
    revision: str
    licence: str
    dtype: Dtype
    cpu_dtype: Dtype
    native_size: int
    minimum_size: int
    maximum_size: int
    memory_gib: float
    multiple: int = 8
    variant: str | None = None
    gated: bool = False
    modes: tuple[Mode, ...] = BOTH_MODES
    schedulers: tuple[SchedulerName, ...] = SCHEDULERS
    library: str | None = None
    controlnet: ControlnetEntry | None = None  # where there is the mode "control"

    @property
    def bundled(self) -> bool:
        """Whether the weights come with the project rather than from the Hugging Face Hub."""
        return self.repository == "genai-lab"

    @property
    def takes_strength(self) -> bool:
        """Whether image to image starts from the noised source; an editing model reads it instead."""
        return self.family != "qwen-edit"

    @property
    def takes_guidance(self) -> bool:
        """Whether guidance changes the picture; FLUX.1 schnell was distilled without."""
        return self.family != "flux"


_ENTRIES = (
    ModelEntry(
        id="mini",
        name="GenAI Lab mini",
        family="sd",
        repository="genai-lab",
        revision=version("genai-lab"),
        licence="MIT",
        dtype="float32",
        cpu_dtype="float32",
        native_size=256,
        minimum_size=64,
        maximum_size=512,
        memory_gib=0.5,
        modes=LED_TOO,
        controlnet=ControlnetEntry("genai-lab", version("genai-lab"), "MIT"),
    ),
    ModelEntry(
        id="sd15",
        name="Stable Diffusion 1.5",
        family="sd",
        repository="stable-diffusion-v1-5/stable-diffusion-v1-5",
        revision="451f4fe16113bff5a5d2269ed5ad43b0592e9a14",
        licence="CreativeML OpenRAIL-M",
        dtype="float16",
        cpu_dtype="float32",
        native_size=512,
        minimum_size=256,
        maximum_size=1024,
        memory_gib=5,
        variant="fp16",
        modes=LED_TOO,
        controlnet=ControlnetEntry(
            "lllyasviel/control_v11p_sd15_canny",
            "115a470d547982438f70198e353a921996e2e819",
            "CreativeML OpenRAIL-M",
            variant="fp16",
        ),
    ),
    ModelEntry(
        id="sdxl-turbo",
        name="SDXL Turbo",
        family="sdxl",
        repository="stabilityai/sdxl-turbo",
        revision="71153311d3dbb46851df1931d3ca6e939de83304",
        licence="Stability AI Non-Commercial Research",
        dtype="float16",
        cpu_dtype="float32",
        native_size=512,
        minimum_size=256,
        maximum_size=1024,
        memory_gib=9,
        variant="fp16",
        modes=ALL_MODES,
    ),
    ModelEntry(
        id="sd3-medium",
        name="Stable Diffusion 3 Medium",
        family="sd3",
        repository="stabilityai/stable-diffusion-3-medium-diffusers",
        revision="ea42f8cef0f178587cf766dc8129abd379c90671",
        licence="Stability AI Community",
        dtype="float16",
        cpu_dtype="float32",
        native_size=1024,
        minimum_size=512,
        maximum_size=1440,
        memory_gib=18,
        multiple=16,
        gated=True,
        schedulers=FLOW_MATCHING,
    ),
    ModelEntry(
        id="flux-schnell",
        name="FLUX.1 schnell",
        family="flux",
        repository="black-forest-labs/FLUX.1-schnell",
        revision="741f7c3ce8b383c54771c7003378a50191e9efe9",
        licence="Apache-2.0",
        dtype="bfloat16",
        cpu_dtype="bfloat16",
        native_size=1024,
        minimum_size=256,
        maximum_size=2048,
        memory_gib=34,
        multiple=16,
        gated=True,
        schedulers=FLOW_MATCHING,
    ),
    ModelEntry(
        id="qwen-image-edit",
        name="Qwen-Image-Edit",
        family="qwen-edit",
        repository="Qwen/Qwen-Image-Edit",
        revision="ac7f9318f633fc4b5778c59367c8128225f1e3de",
        licence="Apache-2.0",
        dtype="bfloat16",
        cpu_dtype="bfloat16",
        native_size=1024,
        minimum_size=512,
        maximum_size=1664,
        memory_gib=58,
        multiple=16,
        modes=("img2img",),
        schedulers=FLOW_MATCHING,
        library="torchvision",
    ),
)

MODELS: dict[str, ModelEntry] = {entry.id: entry for entry in _ENTRIES}


class UnknownModel(CatalogueError):
    """The id is not one of the models there are."""

    package = "lab"

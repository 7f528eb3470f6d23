"""An image as a short Python script on diffusers alone, which makes it again and prints its hash; one that a
server of others drew, as a script that asks such a server again (`comfyui_script.py`, `a1111_script.py`).

The script asks diffusers for the same as the engine: its arguments come from `call_arguments`. All
that a student could have written goes through `repr`, so nothing can leave its string.
"""

import re

from exercises.errors import CatalogueError
from exercises.i18n import Language, translator
from exercises.parameters import FROM_SOURCE, Mode
from lab.engine.requests import call_arguments
from lab.engine.schedulers import CLASS_NAMES
from lab.models.registry import MODELS, ModelEntry
from lab.records.a1111_script import a1111_script
from lab.records.between_script import between_lines
from lab.records.comfyui_script import comfyui_script
from manifests.manifest import Manifest, Request
from manifests.service import A1111Service, ComfyuiService

# how the engine opens and fits a source (manifests.pictures, lab.engine.sources)
SOURCE = """\
source = ImageOps.exif_transpose(Image.open({file!r}))
if source.has_transparency_data:
    white = Image.new("RGBA", source.size, "white")
    source = Image.alpha_composite(white, source.convert("RGBA"))
source = ImageOps.fit(source.convert("RGB"), ({width}, {height}), Image.Resampling.LANCZOS)
"""

RESOURCES = {  # by whether outlines lead
    False: "from importlib.resources import files\n",
    True: "from importlib.resources import files\nfrom pathlib import Path\n",
}
MASK = 'mask = Image.open({file!r}).convert("L")\n'

# what `lab.engine.pipelines` and `lab.engine.denoise` do besides the call
CHANNELS = "# {why}\npipe.unet.register_to_config(in_channels=4)\n"
OVERLAY = "image = pipe.image_processor.apply_overlay(mask, source, image)\n"

PIPELINES: dict[Mode, str] = {
    "text2img": "AutoPipelineForText2Image",
    "img2img": "AutoPipelineForImage2Image",
    "inpaint": "AutoPipelineForInpainting",
    "control": "AutoPipelineForText2Image",
}

WEIGHTS = """
# {come_with}
weights = os.environ.get("GENAI_MINI_WEIGHTS") or files("lab.models.mini") / "weights"
"""

CONTROLNET = """\
controlnet = ControlNetModel.from_pretrained(
{loading}
)
"""

SCRIPT = """\
# {title}
# {recorded}
{standard}from hashlib import sha256
{resources}
import torch
from diffusers import {classes}
{imports}{weights}{controlnet}
pipe = {auto}.from_pretrained(
{loading}
)
{scheduler}pipe.to({device!r})
{source}
image = pipe(
{arguments}
    generator={generator},
).images[0]
{overlay}image.save({file!r})

# {hash}
print(sha256(image.convert("RGB").tobytes()).hexdigest())
print({pixels_sha256!r})
"""


class NoScript(CatalogueError):
    """The picture was not made by a model that diffusers runs."""

    package = "lab"


def python_script(manifest: Manifest, language: Language = "en") -> str:
    """The script for a manifest; to be run in the assignment's folder. Raises NoScript."""
    if isinstance(manifest.service, ComfyuiService):
        return comfyui_script(manifest, manifest.service, language)
    t = translator("lab", language)
    entry = MODELS.get(manifest.model.id)
    request = manifest.request
    if isinstance(manifest.service, A1111Service) and isinstance(request, Request):
        lines = _source(request)
        imports = _imports(request.source.file) if lines and request.source else ""
        return a1111_script(manifest, request, manifest.service, lines, imports, language)
    if entry is None or not isinstance(request, Request) or manifest.cost is not None:
        raise NoScript("code.no_script", model=manifest.model.id)
    auto, led = PIPELINES[request.mode], request.mode == "control"
    keeps_own = entry.family not in ("sd", "sdxl")
    scheduler = "" if keeps_own else CLASS_NAMES[request.scheduler]
    asked = dict(call_arguments(entry, request))
    generator = f'torch.Generator("cpu").manual_seed({request.seed})'
    source, overlay = _source(request), ""
    arguments = []
    if source:
        source = f"\n{source}"
        arguments.append("    image=source,")
    if any(adapter.scale > 0 for adapter in request.adapters):
        source = f"\n{_adapters(request, t('code.adapters'))}{source}"
    if request.mask is not None:
        arguments.append("    mask_image=mask,")
        source = (CHANNELS.format(why=t("code.channels")) if entry.bundled else "") + source
        overlay = OVERLAY if request.mask.padding is None else ""
    if request.between is not None:
        source, generator = f"\n{between_lines(request, request.between)}", "generator"
        asked = {name: value for name, value in asked.items() if name not in ("prompt", "negative_prompt")}
        arguments.append("    **ends,")
    arguments += [f"    {name}={value!r}," for name, value in asked.items()]
    return SCRIPT.format(
        title=t("code.title", run=manifest.run),
        recorded=t(
            "code.recorded",
            torch=repr(manifest.versions.torch),
            diffusers=repr(manifest.versions.diffusers),
            device=repr(manifest.device),
        ),
        hash=t("code.hash"),
        standard="import os\n" if entry.bundled else "",
        resources=RESOURCES[led] if entry.bundled else "",
        weights=WEIGHTS.format(come_with=t("code.weights", model=entry.name)) if entry.bundled else "",
        classes=", ".join(sorted(filter(None, (auto, scheduler, "ControlNetModel" if led else "")))),
        imports=_imports(request.source.file) if source and request.source else "",
        auto=auto,
        controlnet=CONTROLNET.format(loading="\n".join(_loading_controlnet(manifest, entry))) if led else "",
        loading="\n".join([*_loading(manifest, entry), *(["    controlnet=controlnet,"] if led else [])]),
        scheduler=f"pipe.scheduler = {scheduler}.from_config(pipe.scheduler.config)\n" if scheduler else "",
        device="cuda" if manifest.device.startswith("cuda") else "cpu",
        source=source,
        arguments="\n".join(arguments),
        generator=generator,
        overlay=overlay,
        file=f"{manifest.run}-again.png",
        pixels_sha256=manifest.image.pixels_sha256,
    )


def _adapters(request: Request, why: str) -> str:
    """The lines that teach the pipeline each adapter's word and LoRA, as `lab.engine.adapters` does."""
    used = [adapter for adapter in request.adapters if adapter.scale > 0]
    lines = [f"# {why}", "from safetensors.torch import load_file", ""]
    for adapter in used:
        lines += [
            f"adapter = load_file({'adapters/' + adapter.file!r})",
            f"pipe.load_textual_inversion({{{adapter.word!r}: adapter.pop('word')}}, token={adapter.word!r})",
            f"pipe.load_lora_weights(adapter, adapter_name={adapter.word!r})",
        ]
    words, scales = [each.word for each in used], [each.scale for each in used]
    return "\n".join([*lines, f"pipe.set_adapters({words!r}, {scales!r})", ""])


def _source(request: Request) -> str:
    """The lines that open the picture to begin with, and the mask; none where there is none."""
    if request.mode not in FROM_SOURCE or request.source is None:
        return ""
    file = f"inputs/{request.source.file}"
    lines = SOURCE.format(file=file, width=request.width, height=request.height)
    return lines if request.mask is None else lines + MASK.format(file=f"inputs/{request.mask.file}")


def _imports(source: str) -> str:
    """What the lines that open the source need."""
    lines = "from PIL import Image, ImageOps\n"
    if source.endswith(".heic"):
        lines += "from pi_heif import register_heif_opener\n\nregister_heif_opener()\n"
    return lines


def _loading(manifest: Manifest, entry: ModelEntry) -> list[str]:
    """The arguments of `from_pretrained`: the bundled model's folder, else repository and revision."""
    lines = []
    if entry.bundled:
        lines.append("    weights,")
    else:
        is_commit = re.fullmatch(r"[0-9a-f]{40}", manifest.model.revision)
        revision = manifest.model.revision if is_commit else entry.revision
        lines.append(f"    {entry.repository!r},")
        lines.append(f"    revision={revision!r},")
    if entry.variant:
        lines.append(f"    variant={entry.variant!r},")
    return lines + _as_read(manifest, entry, "dtype")


def _loading_controlnet(manifest: Manifest, entry: ModelEntry) -> list[str]:
    """The same of what is led by outlines: the folder beside the bundled model, else as it is pinned."""
    if entry.controlnet is None or entry.bundled:
        return ['    Path(str(weights)).with_name("controlnet"),', *_as_read(manifest, entry, "torch_dtype")]
    pinned = entry.controlnet
    lines = [f"    {pinned.repository!r},", f"    revision={pinned.revision!r},"]
    if pinned.variant:
        lines.append(f"    variant={pinned.variant!r},")
    return lines + _as_read(manifest, entry, "torch_dtype")


def _as_read(manifest: Manifest, entry: ModelEntry, dtype_name: str) -> list[str]:
    """The number type of the record, where it is one, and no pickled weights."""
    known = ("float32", "float16", "bfloat16")
    dtype = manifest.dtype if manifest.dtype in known else entry.dtype
    return [f"    {dtype_name}=torch.{dtype},", "    use_safetensors=True,"]

"""Pictures the lab made, as PNG that say how they were made.

Two texts: `genai-lab` (JSON: request, effective parameters, model, versions, the pixels' hash) and
`parameters` (the one line other image tools read, after AUTOMATIC1111's web UI). Beside them the mark of
origin that everybody's tools read (`manifests.xmp`).
"""

import hashlib
import io
import json
import re

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from manifests.draft import Drawn
from manifests.errors import PictureError
from manifests.manifest import Request
from manifests.pictures import MAX_BYTES, XMP_KEY, picture_extension, to_rgb
from manifests.service import ComfyuiService
from manifests.xmp import packet, source_type_of

KEY = "genai-lab"
PARAMETERS_KEY = "parameters"
WORKFLOW_KEY = "prompt"  # as ComfyUI calls the graph it executes
SCHEMA = "genai-lab/picture/1"

MOST_PAIRS = 8 * 1024  # characters of the line of pairs

_PAIR = re.compile(r'\s*(\w[\w /-]{0,60}):\s*("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)')
_NEGATIVE_LINE = re.compile(r"^(\s*negative prompt):", re.IGNORECASE | re.MULTILINE)
_SAMPLERS = {"EulerA": "Euler a"}  # where that tool's name differs from ours


def png_bytes(image: Image.Image, draft: Drawn) -> bytes:
    """The picture in RGB as PNG, with both texts and the mark of origin."""
    picture, texts = to_rgb(image), PngInfo()
    facts = _facts(draft) | {"pixels_sha256": pixels_sha256(picture)}
    texts.add_text(KEY, json.dumps(facts, separators=(",", ":")))
    texts.add_text(PARAMETERS_KEY, parameters_text(draft))
    if isinstance(draft.service, ComfyuiService):  # ComfyUI's page opens a picture by this text
        texts.add_text(WORKFLOW_KEY, json.dumps(draft.service.graph()))
    return marked_png(picture, packet(source_type_of(draft.request.mode)), texts)


def marked_png(image: Image.Image, xmp: bytes, texts: PngInfo | None = None) -> bytes:
    """The picture as PNG with that XMP, besides these texts."""
    out, texts = io.BytesIO(), texts or PngInfo()
    texts.add_itxt(XMP_KEY, xmp.decode("utf-8", "ignore"))
    image.save(out, "PNG", pnginfo=texts)
    return out.getvalue()


def plain_png(image: Image.Image) -> bytes:
    """The picture as PNG and nothing else."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def read_png_text(data: bytes) -> dict[str, str]:
    """The texts of a PNG by key, without decoding its pixels; empty for other pictures.

    Raises PictureError where the PNG's header or texts are broken or too large.
    """
    if len(data) > MAX_BYTES:
        raise PictureError("picture.too_large", mib=MAX_BYTES // 2**20)
    if picture_extension(data) != ".png":
        return {}
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            texts = dict(image.info)
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("picture.broken") from error
    return {key: str(text) for key, text in texts.items() if isinstance(key, str) and isinstance(text, str)}


def pixels_sha256(image: Image.Image) -> str:
    """SHA-256 of the picture's RGB bytes, row by row, in hexadecimal."""
    return hashlib.sha256(to_rgb(image).tobytes()).hexdigest()


def parameters_text(draft: Drawn) -> str:
    """Prompt, negative prompt, and a line of `Name: value` pairs.

    A line of a person's own that begins with `Negative prompt:` gets a space before its colon: other tools
    would read what follows as the negative prompt. The prompt as it was is in the other text.
    """
    request = draft.request
    if not isinstance(request, Request):
        raise TypeError("bytes from an API are kept as they came")
    pairs: dict[str, object] = {
        "Steps": request.steps,
        "Sampler": _SAMPLERS.get(request.scheduler, request.scheduler),
        "CFG scale": f"{request.guidance_scale:g}",
        "Seed": request.seed,
        "Size": f"{request.width}x{request.height}",
        "Model": draft.model.id,
    }
    if draft.model.weights_sha256:
        pairs["Model hash"] = draft.model.weights_sha256[:10]
    if request.strength is not None:
        pairs["Denoising strength"] = f"{request.strength:g}"
    if request.mask is not None:
        pairs["Mask hash"] = request.mask.sha256[:10]
        if request.mask.padding is not None:
            pairs["Masked area padding"] = request.mask.padding
    if request.adapters:
        hashes = (
            f"{each.file.removesuffix('.safetensors')}: {each.sha256[:10]}" for each in request.adapters
        )
        pairs["Lora hashes"] = f'"{", ".join(hashes)}"'
    pairs["Version"] = f"genai-lab {draft.versions.genai_lab}"
    prompt, negative_prompt = (
        _NEGATIVE_LINE.sub(r"\1 :", text) for text in (request.prompt, request.negative_prompt)
    )
    loras = "".join(
        f" <lora:{each.file.removesuffix('.safetensors')}:{each.scale:g}>" for each in request.adapters
    )
    lines = [prompt + loras]
    if negative_prompt:
        lines.append(f"Negative prompt: {negative_prompt}")
    lines.append(", ".join(f"{name}: {value}" for name, value in pairs.items()))
    return "\n".join(lines)


def parameter_pairs(text: str) -> dict[str, str]:
    """The pairs of the last line of such a text, whoever wrote it; none where it has no such line."""
    last = text.strip().rpartition("\n")[2]
    return dict(_PAIR.findall(last[:MOST_PAIRS])) if last.lstrip().startswith("Steps:") else {}


def _facts(draft: Drawn) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "request": draft.request.model_dump(mode="json"),
        "effective": {"steps": draft.effective_steps},
        "model": draft.model.model_dump(mode="json"),
        "versions": draft.versions.model_dump(mode="json"),
    }

"""Adapters in the engine: found by their hash, checked against the model, and loaded by diffusers.

Rule: a request names an adapter by its hash alone; its bytes are among the files that come with the request.
Nothing is loaded that does not fit the model.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.models.registry import ModelEntry
from manifests.adapters import WORD_TENSOR, AdapterError, AdapterFacts, read_facts
from manifests.manifest import Adapter, Request

LIBRARY = "peft"


def loaded_for(request: Request) -> tuple[Adapter, ...]:
    """The adapters that the picture is drawn with: at scale 0 one is not loaded."""
    return tuple(adapter for adapter in request.adapters if adapter.scale > 0)


def check_adapters(entry: ModelEntry, request: Request, inputs: Inputs) -> None:
    """Raise EngineFailure if the model cannot draw with the request's adapters; no torch is loaded."""
    if not request.adapters:
        return
    if entry.family != "sd":
        raise EngineFailure("no_adapters", model=entry.name)
    for adapter in loaded_for(request):
        facts = _facts(adapter, inputs)
        if facts.word != adapter.word or facts.model != entry.id:
            raise EngineFailure("adapter_unfit", file=adapter.file, model=entry.name)
        if find_spec(LIBRARY) is None:
            raise EngineFailure("missing_library", model=adapter.file, library=LIBRARY)


def load_into(pipe: Any, entry: ModelEntry, adapters: Sequence[Adapter], inputs: Inputs) -> None:
    """Teach the pipeline each adapter's word and LoRA, by diffusers' own calls. Raises EngineFailure."""
    if not adapters:
        return
    from safetensors.torch import load

    modules = dict(pipe.unet.named_modules())
    for adapter in adapters:
        facts = _facts(adapter, inputs)
        tensors = load(_bytes(adapter, inputs))
        word = tensors.pop(WORD_TENSOR)
        width = pipe.text_encoder.get_input_embeddings().weight.shape[1]
        whole = all(tensor.isfinite().all() for tensor in (word, *tensors.values()))
        if not whole or len(word) != width or not all(_fits(modules, n, s) for n, s in facts.shapes.items()):
            raise EngineFailure("adapter_unfit", file=adapter.file, model=entry.name)
        try:
            pipe.load_textual_inversion({adapter.word: word}, token=adapter.word)
            pipe.load_lora_weights(tensors, adapter_name=adapter.word)
        except (ValueError, RuntimeError, KeyError) as error:
            raise EngineFailure("adapter_unfit", file=adapter.file, model=entry.name) from error


def set_scales(pipe: Any, adapters: Sequence[Adapter]) -> None:
    """Draw with so much of each adapter from now on."""
    pipe.set_adapters([adapter.word for adapter in adapters], [adapter.scale for adapter in adapters])


def _fits(modules: dict[str, Any], name: str, shape: tuple[int, ...]) -> bool:
    """Whether a LoRA's matrix belongs to a layer of the UNet, and has its size on the side of the layer."""
    path, _, rest = name.removeprefix("unet.").partition(".lora_")
    weight = getattr(modules.get(path), "weight", None)
    if weight is None or weight.dim() != len(shape):
        return False
    if rest.startswith("A"):
        return tuple(weight.shape[1:]) == shape[1:]
    return int(weight.shape[0]) == shape[0] and all(side == 1 for side in shape[2:])


def _bytes(adapter: Adapter, inputs: Inputs) -> bytes:
    data = inputs.by_hash.get(adapter.sha256)
    if data is None:
        raise EngineFailure("adapter_missing", file=adapter.file)
    return data


def _facts(adapter: Adapter, inputs: Inputs) -> AdapterFacts:
    try:
        return read_facts(_bytes(adapter, inputs))
    except AdapterError as error:
        raise EngineFailure("bad_adapter", file=adapter.file, reason=error) from None

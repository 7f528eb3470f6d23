"""Adapters in the engine: what was offered by its hash, checked against the model, and loaded by diffusers.

Rule: a request names an adapter by its hash alone; whoever submits it has offered the bytes before, and they
are kept here for this process, the last few of them. Nothing is loaded that does not fit the model.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from lab.engine.failures import EngineFailure
from lab.models.registry import ModelEntry
from manifests.adapters import WORD_TENSOR, AdapterError, AdapterFacts, read_facts
from manifests.manifest import Adapter, Request

MOST_OFFERED = 8
LIBRARY = "peft"

_offered: OrderedDict[str, bytes] = OrderedDict()
_lock = threading.Lock()


def offer(data: bytes) -> str:
    """Keep an adapter's bytes for requests that name them; their hash."""
    digest = sha256(data).hexdigest()
    with _lock:
        _offered[digest] = data
        _offered.move_to_end(digest)
        while len(_offered) > MOST_OFFERED:
            _offered.popitem(last=False)
    return digest


def loaded_for(request: Request) -> tuple[Adapter, ...]:
    """The adapters that the picture is drawn with: at scale 0 one is not loaded."""
    return tuple(adapter for adapter in request.adapters if adapter.scale > 0)


def check_adapters(entry: ModelEntry, request: Request) -> None:
    """Raise EngineFailure if the model cannot draw with the request's adapters; no torch is loaded."""
    if not request.adapters:
        return
    if entry.family != "sd":
        raise EngineFailure("no_adapters", model=entry.name)
    for adapter in loaded_for(request):
        facts = _facts(adapter)
        if facts.word != adapter.word or facts.model != entry.id:
            raise EngineFailure("adapter_unfit", file=adapter.file, model=entry.name)
        if find_spec(LIBRARY) is None:
            raise EngineFailure("missing_library", model=adapter.file, library=LIBRARY)


def load_into(pipe: Any, entry: ModelEntry, adapters: Sequence[Adapter]) -> None:
    """Teach the pipeline each adapter's word and LoRA, by diffusers' own calls. Raises EngineFailure."""
    if not adapters:
        return
    from safetensors.torch import load

    modules = dict(pipe.unet.named_modules())
    for adapter in adapters:
        facts = _facts(adapter)
        tensors = load(_bytes(adapter))
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


def _bytes(adapter: Adapter) -> bytes:
    with _lock:
        data = _offered.get(adapter.sha256)
    if data is None:
        raise EngineFailure("adapter_missing", file=adapter.file)
    return data


def _facts(adapter: Adapter) -> AdapterFacts:
    try:
        return read_facts(_bytes(adapter))
    except AdapterError as error:
        raise EngineFailure("bad_adapter", file=adapter.file, reason=error) from None

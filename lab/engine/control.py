"""Outlines that lead a picture: the model's ControlNet, read when it is first asked for."""

from typing import TYPE_CHECKING, Any

from lab.engine.failures import EngineFailure
from lab.models.weights import controlnet_sha256, find_controlnet

if TYPE_CHECKING:
    from lab.engine.pipelines import LoadedModel


def led_pipeline(model: "LoadedModel") -> Any:
    """The stock pipeline with a ControlNet over the model's own parts. Raises EngineFailure."""
    if "control" not in model.pipelines:
        entry, folder = model.entry, find_controlnet(model.entry)
        if folder is None or entry.controlnet is None:
            missing = "missing_bundled_controlnet" if entry.bundled else "missing_controlnet"
            raise EngineFailure(missing, model=entry.id, name=entry.name)
        import torch
        from diffusers import AutoPipelineForText2Image, ControlNetModel

        network = ControlNetModel.from_pretrained(
            folder,
            torch_dtype=getattr(torch, model.dtype),
            variant=entry.controlnet.variant,
            use_safetensors=True,
            local_files_only=True,
        ).to(model.device)
        pipe = AutoPipelineForText2Image.from_pipe(model.pipelines["text2img"], controlnet=network)
        pipe.set_progress_bar_config(disable=True)
        model.controlnet_sha256 = controlnet_sha256(folder, entry.controlnet.variant)
        model.pipelines["control"] = pipe
    return model.pipelines["control"]

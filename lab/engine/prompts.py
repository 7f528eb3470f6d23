"""Prompt embeddings, kept for the next run: a sweep encodes its one prompt once.

The pipeline's own `encode_prompt` makes them, and gets them back in place of the words, so the
picture is the same as without the cache. Qwen-Image-Edit reads prompt and source together: no cache.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from lab.engine.requests import Argument
from lab.models.registry import Family

# what `encode_prompt` gives back, in order; None is not handed to the pipeline
RETURNS: dict[Family, tuple[str | None, ...]] = {
    "sd": ("prompt_embeds", "negative_prompt_embeds"),
    "sdxl": (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    ),
    "sd3": (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    ),
    "flux": ("prompt_embeds", "pooled_prompt_embeds", None),
}


class PromptCache:
    """The embeddings of the last `capacity` prompts of one loaded model. For one thread."""

    def __init__(self, family: Family, capacity: int = 32) -> None:
        self._family = family
        self._capacity = capacity
        self._known: OrderedDict[tuple[str, str | None, bool], dict[str, Any]] = OrderedDict()

    def encoded(self, pipe: Any, arguments: Mapping[str, Argument]) -> dict[str, Any]:
        """The call's arguments with embeddings in place of prompt and negative prompt."""
        if self._family not in RETURNS:
            return dict(arguments)
        rest = {k: v for k, v in arguments.items() if k not in ("prompt", "negative_prompt")}
        guided = float(arguments.get("guidance_scale") or 0) > 1
        negative = arguments.get("negative_prompt") if guided else None
        key = (str(arguments["prompt"]), None if negative is None else str(negative), guided)
        if key not in self._known:
            self._known[key] = self._encode(pipe, *key)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return rest | self._known[key]

    def _encode(self, pipe: Any, prompt: str, negative: str | None, guided: bool) -> dict[str, Any]:
        import torch

        options: dict[str, Any] = {"prompt": prompt, "device": pipe._execution_device}
        options["num_images_per_prompt"] = 1
        if self._family == "sd":
            options |= {"do_classifier_free_guidance": guided, "negative_prompt": negative}
        elif self._family == "sdxl":
            options |= {"prompt_2": None, "do_classifier_free_guidance": guided, "negative_prompt": negative}
        elif self._family == "sd3":
            options |= {"prompt_2": None, "prompt_3": None}
            options |= {"do_classifier_free_guidance": guided, "negative_prompt": negative}
        else:
            options |= {"prompt_2": None}
        with torch.no_grad():
            made = pipe.encode_prompt(**options)
        pairs = zip(RETURNS[self._family], made, strict=True)
        return {name: value for name, value in pairs if name is not None and value is not None}

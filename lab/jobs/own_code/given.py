"""What the student's code is given: a module `given` with the model and what is to be drawn, and the photo.

The pictures it must draw are not in its folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.engine.sources import open_source
from lab.jobs.own_code.inside import CODE
from lab.models.availability import availability
from lab.models.offered import model_entry
from lab.models.registry import ModelEntry
from manifests.manifest import Request
from manifests.png import plain_png
from manifests.store import Record, Store

PHOTO = "photo.png"

GIVEN = '''\
"""Where the model is and how it is read on this machine; what to draw; the photo, if there is one."""

import diffusers.utils.logging
import torch
import transformers.utils.logging
from diffusers import DiffusionPipeline

DiffusionPipeline._progress_bar_config = {{"disable": True}}  # what is printed is the code's own
diffusers.utils.logging.disable_progress_bar()
transformers.utils.logging.disable_progress_bar()
MODEL = {model!r}
DEVICE = {device!r}
LOADING = {{"dtype": torch.{dtype}, "variant": {variant!r}, "use_safetensors": True}}
WIDTH, HEIGHT = {width!r}, {height!r}
PROMPTS = {prompts!r}
NEGATIVE_PROMPTS = {negative!r}
PHOTO = {photo!r}

if DEVICE == "cuda":  # the same pixels each time, as in the lab
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
'''


@dataclass(frozen=True)
class Draw:
    """A picture to be drawn: the run as which it is recorded, and the record whose picture it must be."""

    run: str
    record: Record

    @property
    def request(self) -> Request:
        request = self.record.manifest.request
        if not isinstance(request, Request):
            raise TypeError("a planned run is drawn by an engine")
        return request


def lay_out(folder: Path, code: str, draws: Sequence[Draw], store: Store) -> None:
    """Write the code and what it is given. Raises StoreError, EngineFailure, OSError."""
    (folder / CODE).write_text(code, encoding="utf-8")
    (folder / "given.py").write_text(given(draws), encoding="utf-8")
    for draw in draws:
        if draw.request.source is not None:
            data = store.source_path(draw.request.source).read_bytes()
            photo = open_source(data, draw.request.width, draw.request.height)
            (folder / PHOTO).write_bytes(plain_png(photo))


def given(draws: Sequence[Draw]) -> str:
    """The module's text. All that a student could have written goes through `repr`."""
    manifest, request = draws[0].record.manifest, draws[0].request
    entry = model_entry(manifest.model.id)
    return GIVEN.format(
        model=str(availability(entry.id).folder),
        device="cuda" if manifest.device.startswith("cuda") else "cpu",
        dtype=_dtype(manifest.dtype, entry),
        variant=entry.variant,
        width=request.width,
        height=request.height,
        prompts=_by_run(draws, "prompt"),
        negative=_by_run(draws, "negative_prompt"),
        photo=PHOTO if any(draw.request.source for draw in draws) else None,
    )


def _dtype(recorded: str, entry: ModelEntry) -> str:
    return recorded if recorded in ("float32", "float16", "bfloat16") else entry.cpu_dtype


def _by_run(draws: Sequence[Draw], name: str) -> Mapping[str, str]:
    return {draw.run: str(getattr(draw.request, name)) for draw in draws}

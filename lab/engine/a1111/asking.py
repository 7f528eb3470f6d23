"""What a request becomes for a server with A1111's API: the body of `txt2img` or `img2img`.

Rule: whatever the server would silently ignore (a checkpoint or a sampler it does not have) is looked up
before anything is sent.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from exercises.parameters import FROM_SOURCE
from lab.engine.elsewhere import fitted, seconds_for, short
from lab.engine.failures import EngineFailure
from lab.engine.inputs import Inputs
from lab.engine.requests import check_request
from lab.engine.sources import mask_to_draw
from lab.models.a1111.entries import checkpoint_of
from lab.models.a1111.server import Checkpoint, Server
from lab.models.a1111.settings import API
from lab.models.offered import model_entry
from manifests.manifest import Request

SHOWN = 12  # of a list of choices
ARGUMENTS = "<sd_cpp_extra_args>"  # stable-diffusion.cpp takes settings out of a prompt that has it


@dataclass(frozen=True)
class Asking:
    """`path` and `body` of what is sent, and how long the picture may take once it is its turn."""

    path: str
    body: dict[str, Any]
    checkpoint: Checkpoint
    sampler: str
    seconds: int


def asking(server: Server, model: str, request: Request, inputs: Inputs, task: str) -> Asking:
    """Raises EngineFailure for what cannot be asked; NoAnswer, Refusal where it does not let us in."""
    checkpoint = _checkpoint(server, model)
    sampler = server.sampler(request.scheduler)
    if sampler is None:
        known = ", ".join(list(server.samplers())[:SHOWN])
        raise EngineFailure("a1111_no_sampler", scheduler=request.scheduler, known=short(known))
    check_request(model_entry(model), request, inputs)
    if any(ARGUMENTS in text.casefold() for text in (request.prompt, request.negative_prompt)):
        raise EngineFailure("a1111_arguments", tag=ARGUMENTS)
    body = request_body(request, sampler, checkpoint.title, server.schedule()) | {"force_task_id": task}
    picture = fitted(request, inputs.source)
    if picture is not None:
        body["init_images"] = [b64encode(picture).decode()]
    mask = inputs.mask
    if mask is not None and request.mask is not None:
        mask_to_draw(mask, request.width, request.height)  # refused here where it is none
        body["mask"] = b64encode(mask).decode()
    return Asking(
        path=path_of(request),
        body=body,
        checkpoint=checkpoint,
        sampler=sampler,
        seconds=seconds_for(request),
    )


def path_of(request: Request) -> str:
    return f"{API}/{'img2img' if request.mode in FROM_SOURCE else 'txt2img'}"


def request_body(
    request: Request, sampler: str, checkpoint: str | None, schedule: str | None
) -> dict[str, Any]:
    """The fields for one picture, without the one to begin with: the printed script sends the same.

    The checkpoint is named each time: somebody else may have loaded another one. It is restored afterwards.
    """
    body: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "width": request.width,
        "height": request.height,
        "steps": request.steps,
        "cfg_scale": request.guidance_scale,
        "seed": request.seed,
        "sampler_name": sampler,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }
    if schedule is not None:
        body["scheduler"] = schedule
    if checkpoint is not None:
        body["override_settings"] = {"sd_model_checkpoint": checkpoint}
        body["override_settings_restore_afterwards"] = True
    if request.mode in FROM_SOURCE:
        body["denoising_strength"] = request.strength
    if request.mask is not None:
        body |= {"mask_blur": 0, "inpainting_fill": 1, "inpainting_mask_invert": 0}  # it is soft already
        body |= {"inpaint_full_res": request.mask.padding is not None}
        body |= {"inpaint_full_res_padding": request.mask.padding or 0}
    return body


def _checkpoint(server: Server, model: str) -> Checkpoint:
    found = checkpoint_of(server, model)
    if found is None:  # what is remembered may be of before
        server.forget()
        found = checkpoint_of(server, model)
    if found is None:
        server.connection.get_json(f"{API}/options")  # whether it lets us in at all, and has this API
        known = ", ".join(each.name for each in server.checkpoints()[:SHOWN]) or "—"
        raise EngineFailure("a1111_no_checkpoint", model=model, known=short(known))
    return found

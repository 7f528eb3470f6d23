"""What the doctor finds about the ComfyUI server that is set up, and about workflows beside assignments."""

from collections.abc import Iterator

from pydantic import ValidationError

from exercises.i18n import Language
from lab.models.comfyui.entries import comfyui_entries
from lab.models.comfyui.server import configured_server
from lab.models.comfyui.workflows import BadWorkflow, assignment_folders, read_workflow
from lab.models.http import NoAnswer

SHOWN = 8


def comfyui_findings(language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    """Keys of `[doctor.comfyui]` with their values."""
    for folder in assignment_folders():
        try:
            read_workflow(folder)
        except BadWorkflow as error:
            yield "comfyui.workflow", {"reason": error.in_language(language)}
    try:
        server = configured_server()
    except ValidationError:  # told by the check of the settings
        return
    if server is None:
        yield "comfyui.not_set", {}
        return
    try:
        server.forget()
        server.node("KSampler")
    except NoAnswer:
        yield "comfyui.gone", {"address": server.address}
        return
    ids = [entry.id for entry in comfyui_entries()]
    shown = ", ".join(ids[:SHOWN]) + (" …" if len(ids) > SHOWN else "")
    yield "comfyui.ready" if ids else "comfyui.empty", {"address": server.address, "ids": shown}

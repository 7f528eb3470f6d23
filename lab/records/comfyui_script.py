"""A picture of a ComfyUI server as a short Python script, which sends the recorded workflow again.

It needs nothing but Python. All that a student or a server could have written goes through `repr`.
"""

from exercises.i18n import Language, translator
from manifests.manifest import Manifest
from manifests.service import ComfyuiService, workflow_text

SCRIPT = """\
# {title}
# {recorded}
import json
import os
import time
from urllib.parse import urlencode
from urllib.request import Request, urlopen

server = os.environ.get("COMFYUI_API_URL", {address!r}).rstrip("/")
workflow = json.loads({workflow!r})
{source}

def ask(path, value=None):
    data = None if value is None else json.dumps(value).encode()
    with urlopen(Request(server + path, data, {{"Content-Type": "application/json"}})) as answer:
        return answer.read()


prompt_id = json.loads(ask("/prompt", {{"prompt": workflow}}))["prompt_id"]
while not (history := json.loads(ask(f"/history/{{prompt_id}}"))):
    time.sleep(1)
for output in history[prompt_id]["outputs"].values():
    for image in output.get("images", ()):
        with open({file!r}, "wb") as file:
            file.write(ask("/view?" + urlencode(image)))
        print({file!r})
"""


def comfyui_script(manifest: Manifest, service: ComfyuiService, language: Language) -> str:
    """The script for a manifest."""
    t = translator("lab", language)
    source = f"# {t('code.comfyui_source')}\n" if manifest.request.source else ""
    return SCRIPT.format(
        title=t("code.comfyui_title", run=manifest.run),
        recorded=t("code.comfyui_recorded", version=repr(service.version), model=repr(service.checkpoint)),
        address=service.address,
        workflow=workflow_text(service.graph()),
        source=source,
        file=f"{manifest.run}-again.png",
    )

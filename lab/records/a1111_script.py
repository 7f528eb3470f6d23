"""A picture of a server with A1111's API as a short Python script, which asks such a server again.

It needs nothing but Python; the picture to begin with is fitted by Pillow. All that a student or a server
could have written goes through `repr`.
"""

import json

from exercises.i18n import Language, translator
from lab.engine.a1111.asking import path_of, request_body
from manifests.manifest import Manifest, Request
from manifests.service import A1111Service

SCRIPT = """\
# {title}
# {recorded}
# {login}
import json
import os
from base64 import b64decode, b64encode
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
{imports}
server = os.environ.get("STABLE_DIFFUSION_URL", {address!r}).rstrip("/")
login = os.environ.get("STABLE_DIFFUSION_AUTH", "")
asked = json.loads({asked!r})
{source}
headers = {{"Content-Type": "application/json"}}
if "@" in server:
    place = urlsplit(server)
    login = login or f"{{place.username}}:{{place.password}}"
    server = server.replace(place.netloc, place.netloc.rpartition("@")[2])
if login:
    headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
with urlopen(Request(server + {path!r}, json.dumps(asked).encode(), headers)) as answer:
    image = json.load(answer)["images"][0]
with open({file!r}, "wb") as file:
    file.write(b64decode(image))
print({file!r})
"""

SOURCE_END = """\
buffer = BytesIO()
source.save(buffer, "PNG")
asked["init_images"] = [b64encode(buffer.getvalue()).decode()]
"""

MASK_END = """\
buffer = BytesIO()
mask.save(buffer, "PNG")
asked["mask"] = b64encode(buffer.getvalue()).decode()
"""


def a1111_script(
    manifest: Manifest, request: Request, service: A1111Service, source: str, imports: str, language: Language
) -> str:
    """The script for a manifest. `source`: the lines that open and fit the picture to begin with, `imports`
    what they need; both empty where there is none.
    """
    t = translator("lab", language)
    body = request_body(request, service.sampler or "", service.checkpoint, service.schedule)
    return SCRIPT.format(
        title=t("code.a1111_title", run=manifest.run),
        recorded=t("code.a1111_recorded", version=repr(service.version), model=repr(service.checkpoint)),
        login=t("code.a1111_login"),
        imports=f"from io import BytesIO\n{imports}" if source else "",
        address=service.address,
        asked=json.dumps(body, ensure_ascii=False),
        source=source + SOURCE_END + (MASK_END if request.mask else "") if source else "",
        path=path_of(request),
        file=f"{manifest.run}-again.png",
    )

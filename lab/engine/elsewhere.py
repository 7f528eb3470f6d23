"""What the engines of other servers have in common: how long a picture may take, the picture it begins with,
and what a server says, as it is shown.
"""

from exercises.parameters import FROM_SOURCE
from lab.engine.sources import open_source
from manifests.manifest import Request
from manifests.png import plain_png

USUAL_SECONDS, HEAVY_SECONDS = 300, 600  # a picture may take so long, once it is its turn
HEAVY = 1024 * 1024 * 20  # pixels times steps, from which a picture is a heavy one
LONGEST = 300  # characters of what a server said
OUT_OF_MEMORY = ("outofmemory", "out of memory", "defaultcpuallocator", "allocation on device")


def seconds_for(request: Request) -> int:
    """How long the picture may take."""
    heavy = request.width * request.height * request.steps >= HEAVY
    return HEAVY_SECONDS if heavy else USUAL_SECONDS


def fitted(request: Request, source: bytes | None) -> bytes | None:
    """The picture to begin with, fitted as for every other model: the server does not resize it."""
    if request.mode not in FROM_SOURCE or source is None:
        return None
    return plain_png(open_source(source, request.width, request.height))


def is_out_of_memory(said: str) -> bool:
    """Whether a server's words are those of memory that ran out."""
    return any(word in said.lower().replace("_", "") for word in OUT_OF_MEMORY)


def short(value: object) -> str:
    """What a server or a file said, as it is shown: one line, bounded."""
    text = " ".join(whole(str(value)).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def whole(text: str) -> str:
    """The text without half surrogate pairs, which JSON can hold and no file, page or record can."""
    return text.encode("utf-8", "replace").decode()


def sentence(said: str) -> str:
    """What the server said, as a sentence of its own between ours."""
    text = short(said).strip(" :") or "—"
    return text if text.endswith((".", "!", "?", "…", "—")) else f"{text}."

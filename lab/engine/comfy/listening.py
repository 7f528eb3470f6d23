"""A ComfyUI server's websocket: what it tells of a job while it is drawn. It may fail at any time.

Rule: nothing depends on it. It gives steps and previews while it is there; whether a job has ended, and what
came of it, is always asked for (`engine.py`).
"""

import contextlib
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PIL import Image

from lab.models.http import Connection, loose_json
from manifests.errors import PictureError
from manifests.pictures import open_picture

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

log = logging.getLogger(__name__)

OPEN = 5.0  # seconds
LONGEST = 8 * 2**20  # bytes of a message
MOST_PIXELS = 1024 * 1024  # of a preview
PREVIEW = struct.pack(">I", 1)


@dataclass(frozen=True)
class Heard:
    """`kind` is ComfyUI's; `data` is the message's; of a preview it is empty and `preview` is there."""

    kind: str
    data: dict[str, Any]
    preview: Image.Image | None = None


class Listening:
    """An open websocket, or one that could not be opened: then nothing is ever heard."""

    def __init__(self, connection: Connection, client_id: str) -> None:
        self._connection, self._client_id = connection, client_id
        self._closing = contextlib.ExitStack()
        self._socket: ClientConnection | None = None
        self.broke = False  # it was open, and is no more

    def __enter__(self) -> "Listening":
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        address = "ws" + self._connection.url.removeprefix("http")
        try:
            self._socket = self._closing.enter_context(
                connect(
                    f"{address}/ws?clientId={self._client_id}",
                    additional_headers=self._connection.headers,
                    open_timeout=OPEN,
                    close_timeout=1,
                    max_size=LONGEST,
                    compression=None,
                    proxy=None,
                )
            )
        except (WebSocketException, OSError, ValueError) as error:
            log.info("No websocket to ComfyUI, its history is asked instead: %s", type(error).__name__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):
            self._closing.close()

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def heard(self, seconds: float) -> Iterator[Heard]:
        """What comes within so many seconds, at least one thing if anything does."""
        from websockets.exceptions import WebSocketException

        if self._socket is None:
            return
        try:
            message = self._socket.recv(timeout=seconds)
        except TimeoutError:
            return
        except (WebSocketException, OSError):
            self._socket, self.broke = None, True
            return
        found = _preview(message) if isinstance(message, bytes) else _told(message)
        if found is not None:
            yield found


def _told(message: str) -> Heard | None:
    try:
        told = loose_json(message)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not isinstance(told.get("data"), dict):
        return None
    return Heard(str(told.get("type")), told["data"])


def _preview(message: bytes) -> Heard | None:
    """A preview: its kind and its format in four bytes each, then the picture."""
    if not message.startswith(PREVIEW):
        return None
    try:
        picture = open_picture(message[8:], max_pixels=MOST_PIXELS, max_bytes=LONGEST)
    except PictureError:
        return None
    return Heard("preview", {}, picture)

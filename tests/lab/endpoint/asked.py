"""Pictures and questions that several tests send."""

import base64
import io
from functools import cache

from PIL import Image

from tests.training.shapes import shaded_box
from training.data import Scene, compose


@cache
def png(color: str = "red", background: str = "white") -> bytes:
    """A box in that colour on that background."""
    buffer = io.BytesIO()
    Image.fromarray(compose(Scene("box", color, background), shaded_box(), size=128)).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(data: bytes | None = None) -> str:
    return "data:image/png;base64," + base64.b64encode(png() if data is None else data).decode()


def chat(text: str = "What do you see?", url: str | None = None, system: str = "") -> list[dict[str, object]]:
    """A conversation in the chat protocol."""
    content = [
        {"type": "text", "text": text},
        {"type": "image_url", "image_url": {"url": url or data_url()}},
    ]
    said: list[dict[str, object]] = [{"role": "user", "content": content}]
    return [{"role": "system", "content": system}, *said] if system else said


def items(text: str = "What do you see?", url: str | None = None) -> list[dict[str, object]]:
    """The same in the protocol of responses."""
    content = [
        {"type": "input_text", "text": text},
        {"type": "input_image", "image_url": url or data_url(), "detail": "auto"},
    ]
    return [{"role": "user", "content": content}]

"""What a ComfyUI server says of its nodes, remembered for a moment: pages ask again and again.

Rule: nothing it says is trusted: names are bounded, and what has another shape than `/object_info` is as if
it were not there.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from lab.models.comfyui.settings import ComfyuiSettings
from lab.models.http import NoAnswer, Refusal
from lab.models.remembered import Remembered

MOST_CHOICES = 500
LONGEST_CHOICE = 150  # characters: a model's id in a manifest has at most 200

NodeInfo = Mapping[str, Any]


class Server:
    """One server, and what it said of late. Any thread may ask."""

    def __init__(self, settings: ComfyuiSettings) -> None:
        self.connection = settings.connection()
        self._known = Remembered(self._ask)

    @property
    def address(self) -> str:
        return self.connection.address

    def node(self, name: str) -> NodeInfo | None:
        """How it describes a node; None where it has none of that name. Raises NoAnswer."""
        return self._known.of(name)

    def choices(self, node: str, key: str) -> list[str] | None:
        """What an input may be; None where it is no choice, or there is no such node. Raises NoAnswer."""
        found = described(self.node(node), key)
        return choices_of(found) if found is not None else None

    def forget(self) -> None:
        """Ask anew: what it had may have changed."""
        self._known.forget()

    def _ask(self, name: str) -> NodeInfo | None:
        try:
            told = self.connection.get_json(f"/object_info/{quote(name, safe='')}")
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise NoAnswer(f"status {refusal.status}") from refusal
        info = told.get(name) if isinstance(told, dict) else None
        return info if isinstance(info, dict) else None


@lru_cache(maxsize=4)
def _server(url: str, token: str) -> Server:
    return Server(ComfyuiSettings())


def configured_server() -> Server | None:
    """The server of `COMFYUI_API_URL`, the same one each time; None where there is none."""
    settings = ComfyuiSettings()
    if settings.url is None:
        return None
    return _server(settings.url, settings.token.get_secret_value() if settings.token else "")


def described(info: NodeInfo | None, key: str) -> list[Any] | None:
    """An input's description: its type or choices, and its bounds."""
    inputs = info.get("input") if info else None
    for kind in ("required", "optional"):
        group = inputs.get(kind) if isinstance(inputs, dict) else None
        found = group.get(key) if isinstance(group, dict) else None
        if isinstance(found, list) and found:
            return found
    return None


def bounds_of(found: list[Any]) -> Mapping[str, Any]:
    return found[1] if len(found) > 1 and isinstance(found[1], dict) else {}


def choices_of(found: list[Any]) -> list[str] | None:
    """A list of names, in the older form (a list) or the newer one (`COMBO` with options)."""
    listed = bounds_of(found).get("options") if found[0] == "COMBO" else found[0]
    if not isinstance(listed, list):
        return None
    return [name for name in listed[:MOST_CHOICES] if isinstance(name, str) and name]

"""What a ComfyUI server says of its nodes, remembered for a moment: pages ask again and again.

Rule: nothing it says is trusted: names are bounded, and what has another shape than `/object_info` is as if
it were not there.
"""

import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from lab.models.comfyui.http import Connection, NoAnswer, Refusal
from lab.models.comfyui.settings import ComfyuiSettings

KEPT = 20.0  # seconds
AWAY = (
    5.0  # seconds in which one that did not answer is not asked again: pages must not wait for it each time
)
MOST_CHOICES = 500
LONGEST_CHOICE = 150  # characters: a model's id in a manifest has at most 200

NodeInfo = Mapping[str, Any]


class Server:
    """One server, and what it said of late. Any thread may ask."""

    def __init__(self, settings: ComfyuiSettings) -> None:
        self.connection = Connection(settings)
        self._known: dict[str, tuple[float, NodeInfo | None]] = {}
        self._away: tuple[float, NoAnswer] | None = None
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return self.connection.address

    def node(self, name: str) -> NodeInfo | None:
        """How it describes a node; None where it has none of that name. Raises NoAnswer."""
        with self._lock:
            known = self._known.get(name)
            if known is not None and time.monotonic() - known[0] <= KEPT:
                return known[1]
            if self._away is not None and time.monotonic() - self._away[0] <= AWAY:
                raise NoAnswer(*self._away[1].args)
            try:
                found = self._ask(name)
            except NoAnswer as error:
                self._away = (time.monotonic(), error)
                raise
            self._known[name] = (time.monotonic(), found)
            return found

    def choices(self, node: str, key: str) -> list[str] | None:
        """What an input may be; None where it is no choice, or there is no such node. Raises NoAnswer."""
        found = described(self.node(node), key)
        return choices_of(found) if found is not None else None

    def forget(self) -> None:
        """Ask anew: what it had may have changed."""
        with self._lock:
            self._known.clear()
            self._away = None

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

"""A ComfyUI server with switches for its faults, set up for the lab, and an engine that asks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine.comfy import engine as module
from lab.engine.comfy.engine import ComfyuiEngine
from lab.models.comfyui import server
from tests.lab.comfyui.serving import Faults, served
from tests.lab.endpoint.engines import QuickEngine


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds on a real machine takes a part of one here."""
    for name, seconds in {"LISTEN": 0.05, "POLL": 0.1, "POLL_LISTENING": 0.1, "NOWHERE": 0.5}.items():
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def quick() -> QuickEngine:
    return QuickEngine()


@pytest.fixture
def address(
    quick: QuickEngine, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Where the server answers; `COMFYUI_API_URL` is set to it."""
    with served(quick, tmp_path / "comfyui", faults) as url:
        server._server.cache_clear()
        monkeypatch.setenv("COMFYUI_API_URL", url)
        yield url
    server._server.cache_clear()


@pytest.fixture
def engine(address: str) -> Iterator[ComfyuiEngine]:
    engine = ComfyuiEngine(give_up=1.0)
    yield engine
    engine.close()

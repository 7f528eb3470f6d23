"""A server with A1111's API with switches for its faults, set up for the lab, and an engine that asks it."""

from collections.abc import Iterator

import pytest

from lab.engine.a1111 import engine as module
from lab.engine.a1111.engine import A1111Engine
from lab.models.a1111 import server
from tests.lab.comfyui.serving import Faults
from tests.lab.engine.a1111.serving import WebUi, served


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What takes seconds on a real machine takes a part of one here."""
    for name, seconds in {"LOOK": 0.02, "WAITS": 2.0, "ENDS": 5.0}.items():
        monkeypatch.setattr(module, name, seconds)
    server._server.cache_clear()
    yield
    server._server.cache_clear()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def ui() -> Iterator[WebUi]:
    ui = WebUi()
    yield ui
    ui.state["interrupted"] = True  # nothing of it goes on after the test
    ui.hold.set()


@pytest.fixture
def address(ui: WebUi, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the server answers; `STABLE_DIFFUSION_URL` is set to it."""
    with served(ui, faults) as url:
        monkeypatch.setenv("STABLE_DIFFUSION_URL", url)
        yield url
        ui.state["interrupted"] = True
        ui.hold.set()


@pytest.fixture
def engine(address: str) -> Iterator[A1111Engine]:
    engine = A1111Engine()
    yield engine
    engine.close()

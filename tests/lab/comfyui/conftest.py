"""The bundled server over an engine that draws gray at once."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.lab.comfyui.serving import served
from tests.lab.endpoint.engines import QuickEngine


@pytest.fixture
def engine() -> QuickEngine:
    return QuickEngine()


@pytest.fixture
def address(engine: QuickEngine, tmp_path: Path) -> Iterator[str]:
    with served(engine, tmp_path) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address, timeout=60) as client:
        yield client

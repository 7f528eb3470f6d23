"""A real server on loopback over the tiny model, and pictures to ask about."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from lab.endpoint.server import Loopback
from lab.engine.local import LocalEngine


@pytest.fixture(scope="session")
def _loopback(_shared_engine: LocalEngine) -> Iterator[Loopback]:
    server = Loopback(_shared_engine)
    yield server
    server.close()


@pytest.fixture
def server(_loopback: Loopback, mini_is_tiny: Path) -> Loopback:
    """The endpoint, answering; `mini` is the tiny model."""
    return _loopback


@pytest.fixture
def client(server: Loopback) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.url, api_key=server.token, max_retries=0, timeout=120) as client:
        yield client

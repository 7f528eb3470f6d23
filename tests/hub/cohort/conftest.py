from collections.abc import Iterator

import pytest

from tests.hub.cohort.fakes import FakeHub, fake_hub


@pytest.fixture
def fake() -> Iterator[FakeHub]:
    with fake_hub() as hub:
        yield hub

"""A fixture that starts one cluster for all tests of this folder."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.spawners.slurm.cluster import Cluster, why_unavailable


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    reason = why_unavailable()
    if reason:
        pytest.skip(reason)
    # The folder is not pytest's own, because every account must be able to reach munge's socket.
    with tempfile.TemporaryDirectory(prefix="genai-slurm-") as folder:
        started = Cluster(Path(folder))
        try:
            started.start()
            yield started
        finally:
            started.stop()

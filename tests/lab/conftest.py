"""The engine's fixtures: a tiny random model in the place of `mini`, and one engine for many tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lab.engine.local import LocalEngine
from lab.judge import analyse
from lab.models.settings import ModelSettings

ANSWERS: tuple[dict[str, float], ...] = (
    {"handbag": 0.6, "backpack": 0.39999},
    {"red": 0.9, "blue": 0.1},
    {"gray": 0.7, "white": 0.3},
)


@pytest.fixture(scope="session")
def tiny_mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers folder in the shape of `mini`, with random weights and the real judge."""
    from tests.lab.engine.tiny import build_mini

    folder = build_mini(tmp_path_factory.mktemp("mini"))
    (folder / analyse.WEIGHTS).symlink_to(ModelSettings().mini_weights / analyse.WEIGHTS)
    return folder


@pytest.fixture
def mini_is_tiny(tiny_mini: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """For this test `mini` is the tiny model; hashes are remembered in a folder of the test's own."""
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tiny_mini))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tiny_mini


@pytest.fixture(scope="session")
def _shared_engine() -> Iterator[LocalEngine]:
    engine = LocalEngine()
    yield engine
    engine.close()


@pytest.fixture
def engine(_shared_engine: LocalEngine, mini_is_tiny: Path) -> LocalEngine:
    """An engine on the tiny model, which keeps it in memory between tests."""
    return _shared_engine


@pytest.fixture
def own_engine(mini_is_tiny: Path) -> Iterator[LocalEngine]:
    """An engine for a test that breaks or closes it."""
    engine = LocalEngine()
    yield engine
    engine.close()


@pytest.fixture
def fixed_judge(monkeypatch: pytest.MonkeyPatch) -> list[Image.Image]:
    """A judge without weights that gives `ANSWERS` to every picture, which it collects."""
    asked: list[Image.Image] = []

    def probabilities(picture: Image.Image) -> Any:
        asked.append(picture)
        return ANSWERS

    monkeypatch.setattr(analyse, "probabilities", probabilities)
    monkeypatch.setattr(analyse, "judge_sha256", lambda: "ab" * 32)
    return asked

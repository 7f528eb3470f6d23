"""A judge without weights, for the tests of what stands on it."""

from typing import Any

import pytest
from PIL import Image

from lab.judge import analyse

ANSWERS: tuple[dict[str, float], ...] = (
    {"handbag": 0.6, "backpack": 0.39999},
    {"red": 0.9, "blue": 0.1},
    {"gray": 0.7, "white": 0.3},
)


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

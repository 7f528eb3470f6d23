"""The whole way, very small: trained, exported, measured, and written down."""

import json
import sys

import pytest
import torch

from training.wide import asks, draw, evaluate, export, train
from training.wide.bars import bars
from training.wide.words import world


def test_what_is_asked_for_is_the_same_every_time_and_compositions_answer_it(sprites):
    one, two = asks.fixed_asks(240), asks.fixed_asks(240)
    assert one.prompts() == two.prompts()
    assert len(set(one.object[: len(world().objects)].tolist())) == len(world().objects)
    assert (one.color != one.background).all()
    pictures = one.first(6).compositions(sprites, 32, 1, torch.device("cpu"))
    assert pictures.shape == (6, 3, 32, 32)


def test_prompts_for_pairs_that_training_never_showed():
    unseen = asks.held_out_asks(20)
    assert len(unseen) == 20
    assert all("background" in prompt for prompt in unseen.prompts())


@pytest.fixture
def quick(monkeypatch):
    """Few steps, few prompts."""
    monkeypatch.setattr(train, "SHEET", train.SHEET[:8])
    monkeypatch.setattr(evaluate, "EFFECTS", evaluate.EFFECTS[:1])
    monkeypatch.setattr(draw, "STEPS", 4)
    monkeypatch.setattr(draw.draw, "__defaults__", (7.5, 2, "EulerA", 42, 32))
    monkeypatch.setattr(train, "draw", lambda *parts, **_: draw.draw(*parts))
    monkeypatch.setattr(evaluate.recombination, "__defaults__", (3,))
    few = {name: {"steps": 2} if "steps" in name else each for name, each in evaluate.SETTINGS.items()}
    monkeypatch.setattr(evaluate, "SETTINGS", few)


@pytest.mark.timeout(900)  # a minute on a machine of one's own
def test_one_command_trains_every_stage_and_another_measures_all_bars(
    quick, packed, tiny_mini, tmp_path, monkeypatch
):
    out, weights = tmp_path / "out", tmp_path / "weights"
    common = ["--out", str(out), "--sprites", str(packed), "--device", "cpu"]
    for name in train.SHARES:  # each in a box of its own, or the first would use up all of this short time
        line = ["train", *common, "--minutes", "0.05", "--batch", "4", "--stages", name]
        line += ["--start", str(tiny_mini)]
        monkeypatch.setattr(sys, "argv", line)
        train.main()
    assert {file.stem for file in (out / "light").glob("*.pt")} == set(train.SHARES)
    assert (out / "samples").is_dir()

    line = ["export", "--checkpoints", str(out), "--start", str(tiny_mini), "--out", str(weights)]
    monkeypatch.setattr(sys, "argv", line)
    export.main()
    line = ["evaluate", *common, "--weights", str(weights), "--count", "4", "--some", "4"]
    monkeypatch.setattr(sys, "argv", line)
    evaluate.main()
    figures = json.loads((out / "figures.json").read_text())
    assert len(figures["bars"]) == len(bars(figures))
    assert (out / "effects.png").exists()
    assert (out / "recombination.png").exists()

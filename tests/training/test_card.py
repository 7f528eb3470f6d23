"""The model card says what was measured, and the measures measure what they say."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lab.judge.network import QUESTIONS, Labels
from lab.models.mini.vocabulary import known_tokens, vocabulary
from tests.training.shapes import shaded_box
from training.card import pairs, percent, write_card
from training.data import Scene, compose
from training.effects import chroma, edges
from training.evaluate import Verdict
from training.export import WEIGHTS
from training.places import KEPT, covered, extent, middle, number, prompt_with
from training.recombination import SMALL, nearest, shrink

FIGURES = json.loads((WEIGHTS / "figures.json").read_text())


def test_the_card_in_the_folder_is_the_one_that_the_figures_make(tmp_path: Path):
    for part in ("unet", "vae", "text_encoder", "judge.safetensors", "figures.json"):
        (tmp_path / part).symlink_to(WEIGHTS / part)
    assert write_card(tmp_path, FIGURES["costs"]) == (WEIGHTS / "README.md").read_text()


def test_the_card_names_the_world_and_shows_its_failures():
    card, words = (WEIGHTS / "README.md").read_text(), vocabulary()
    assert f"{len(words.objects)} objects, {len(words.colors)} object colours" in card
    assert all(f"| {group} |" in card for group in words.groups)
    for mistake in FIGURES["mistakes"]:
        question = {"color": "colour"}.get(mistake["question"], mistake["question"])
        assert f"{mistake['asked']} ({question}: {mistake['seen']}, {mistake['rank']})" in card
    assert ("None that the judge sees" in card) == (not FIGURES["mistakes"])


def test_the_pictures_of_the_card_are_there():
    for place in re.findall(r"!\[[^]]+\]\(([^)]+)\)", (WEIGHTS / "README.md").read_text()):
        assert (WEIGHTS / place).is_file(), place


def test_figures_of_the_parts_add_up_to_the_whole():
    whole, prompts = FIGURES["asked and found"], FIGURES["prompts"]
    for question in QUESTIONS:
        missed = [mistake for mistake in FIGURES["mistakes"] if mistake["question"] == question]
        assert round(prompts * (1 - whole[question])) == len(missed)
    by_color = [figures["object"] for figures in FIGURES["by color"].values()]
    assert min(by_color) <= whole["object"] <= max(by_color)


def test_every_object_is_in_one_group():
    words = vocabulary()
    listed = [thing for members in words.groups.values() for thing in members]
    assert sorted(listed) == sorted(words.objects)


def logits(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows)


def test_a_verdict_counts_what_was_found_and_tells_the_mistakes():
    scenes = [Scene("watch", "red", "white"), Scene("book", "blue", "black")]
    labels = Labels(("book", "key", "watch", "mug", "car"), ("blue", "red"), ("black", "white"))
    answers = [logits([0, 1, 2, 0, 0], [1, 2, 0, 0, 0]), logits([0, 1], [0, 1]), logits([0, 1], [1, 0])]
    verdict = Verdict(scenes, answers, labels)
    assert verdict.figures["object"] == 0.5
    assert verdict.figures["color"] == 0.5
    assert verdict.figures["background"] == 1
    asked = {"number": 1, "asked": "a blue book on a black background"}
    assert verdict.mistakes() == [
        asked | {"question": "object", "seen": "key", "rank": 2},
        asked | {"question": "color", "seen": "red", "rank": 2},
    ]
    assert verdict.where([True, False]).figures["object"] == 1


def test_the_nearest_picture_is_the_one_that_looks_alike():
    rng = np.random.default_rng(0)
    known = rng.integers(0, 255, (5, SMALL * 2, SMALL * 2, 3), dtype=np.uint8)
    known = known // 4 + np.arange(5, dtype=np.uint8)[:, None, None, None] * 40
    samples = np.clip(known[[3, 0]].astype(int) + 5, 0, 255).astype(np.uint8)
    assert nearest(shrink(samples), shrink(known)).tolist() == [3, 0]


def test_chroma_and_edges_of_known_pictures():
    gray = np.full((1, 8, 8, 3), 90, np.uint8)
    red = np.zeros((1, 8, 8, 3), np.uint8)
    red[..., 0] = 200
    stripes = gray.copy()
    stripes[:, :, ::2] = 190
    assert (chroma(gray), chroma(red)) == (0, 200)
    assert edges(gray) == 0
    assert edges(stripes) == 50  # 100 across, nothing down


def stands(count: str | None = None, **more: float) -> np.ndarray:
    scene = Scene("box", "red", "gray", count=count, **more)  # type: ignore[arg-type]
    return covered(compose(scene, shaded_box()))


def test_number_place_and_extent_are_read_from_pixels():
    assert [number(stands(count, scale=0.28)) for count in (None, "two", "three")] == [1, 2, 3]
    assert middle(stands(scale=0.45, dx=-0.2, dy=0.2)) == pytest.approx((0.3, 0.7), abs=0.02)
    assert extent(stands(scale=0.4)) == pytest.approx(
        0.36, abs=0.05
    )  # the box fills nine tenths of its square
    empty = np.zeros((256, 256), bool)
    assert (number(empty), extent(empty), middle(empty)) == (0, 0.0, (0.5, 0.5))


def test_a_word_of_place_is_all_that_its_prompt_adds():
    scene = Scene("mug", "red", "gray")
    plain = known_tokens(prompt_with("", scene))
    for word in KEPT:
        said = known_tokens(prompt_with(word, scene))
        assert len(said) == len(plain) + 1
        assert [token for token in said if token in plain] == plain


def test_percents_and_pairs():
    assert percent(0.985) == "98.5 %"
    assert pairs([1, 2, 3, 4]) == [(1, 2), (3, 4)]

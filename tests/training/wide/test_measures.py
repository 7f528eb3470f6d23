"""Measures measure what they say, and the blind test finds what is there and nothing else."""

import torch

from training.wide.autoencoder import psnr
from training.wide.bars import Figures, bars, table
from training.wide.blind import named_rightly
from training.wide.measures import chroma, clipped, distance, edges, ssim


def test_equal_pictures_are_no_distance_apart_and_alike():
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    assert distance(picture, picture).max() == 0
    assert torch.allclose(ssim(picture, picture), torch.ones(2))


def test_distance_is_in_shades_of_255():
    dark, light = torch.full((1, 3, 64, 64), -1.0), torch.full((1, 3, 64, 64), 1.0)
    assert distance(dark, light).item() == 255
    assert clipped(dark).item() == 1


def test_gray_has_no_chroma_and_flat_has_no_edges():
    gray = torch.zeros(1, 3, 32, 32)
    red = gray.clone()
    red[:, 0] = 1
    assert chroma(gray).item() == 0
    assert chroma(red).item() > 50
    assert edges(red).item() == 0


def test_psnr_of_a_known_error():
    assert abs(psnr(torch.full((1, 3, 8, 8), 0.2), torch.zeros(1, 3, 8, 8)).item() - 20) < 1e-4


def test_the_blind_test_tells_what_differs_and_guesses_where_nothing_does(chance):
    noise = torch.randn(60, 5, 8, generator=chance)
    different = noise + 3 * torch.eye(5, 8)
    assert named_rightly(different, 40) > 0.9
    assert named_rightly(noise, 40) < 0.45


def figures() -> Figures:
    setting = {"object": 0.9, "chroma": 50.0, "clipped": 0.01, "edges": 4.0, "distance": 30.0}
    return {
        "asked and found": {"object": 0.9, "color": 0.95, "background": 0.99, "object in five": 0.99},
        "judge": {"object": 0.97, "color": 0.98, "background": 0.99},
        "seeds": {"pixels": 0.8, "gist": 0.8, "distance": 40.0, "at guidance 12": 35.0},
        "settings": {
            "baseline": setting,
            "5 steps": setting | {"object": 0.5},
            "15 steps": setting | {"edges": 3.5},
            "50 steps": setting,
            "guidance 1": setting | {"object": 0.5},
            "guidance 4": setting | {"object": 0.8},
            "guidance 12": setting | {"chroma": 60.0, "clipped": 0.02},
            "DDIM": setting,
        },
        "blind order": 0.8,
        "strength": {"monotone": 1.0, "source at 0.35": 0.97, "prompt at 0.85": 0.75},
        "autoencoder": {"psnr": 27.0},
        "styles": 0.9,
    }


def test_a_good_model_passes_all_bars_and_a_memorising_one_does_not():
    good = bars(figures())
    assert all(bar.holds for bar in good), table(good)
    memorising = figures()
    memorising["seeds"] |= {"pixels": 0.15, "gist": 0.1}
    memorising["settings"]["guidance 1"]["object"] = 0.7
    failed = {bar.name for bar in bars(memorising) if not bar.holds}
    assert failed == {
        "seeds against compositions, pixels",
        "seeds against compositions, judge's gist",
        "guidance 1 to 7.5: object first",
    }

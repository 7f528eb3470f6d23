"""Composition: the same seed gives the same picture, and the picture shows what the scene says."""

import torch
import torch.nn.functional as F

from training.wide.colors import members, to_hsv, to_rgb
from training.wide.compose import compose
from training.wide.scenes import ALONE, Scenes, Wish, held_out, random_scenes
from training.wide.sprites import Sprites
from training.wide.words import world

COLORS = list(world().colors)


def scenes_of(seed: int, sprites: Sprites, count: int = 16, wish: Wish | None = None) -> Scenes:
    return random_scenes(count, sprites, torch.Generator().manual_seed(seed), wish)


def test_the_same_seed_gives_the_same_pictures_and_another_gives_others(sprites):
    one, two, other = (compose(scenes_of(seed, sprites), sprites, 48) for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.allclose(one, other, atol=0.1)


def test_pictures_are_finite_and_in_range(sprites):
    pictures = compose(scenes_of(3, sprites, 64), sprites, 32)
    assert pictures.shape == (64, 3, 32, 32)
    assert pictures.isfinite().all()
    assert pictures.abs().max() <= 1


def test_a_scene_looks_the_same_at_any_size(sprites):
    scenes = scenes_of(4, sprites)
    small, large = compose(scenes, sprites, 32), compose(scenes, sprites, 128)
    assert (F.interpolate(large, (32, 32), mode="area") - small).abs().mean() < 0.05


def test_what_is_asked_for_is_drawn(sprites):
    count = len(COLORS)
    mug = torch.full((count,), world().objects.index("mug"))
    wish = Wish(object=mug, color=torch.arange(count), background=torch.arange(count).roll(1), simple=True)
    scenes = scenes_of(6, sprites, count, wish)
    assert (sprites.object[scenes.sprite[:, 0]] == mug).all()
    assert (scenes.kind == ALONE).all()
    assert (scenes.sprite[:, 1:] < 0).all()


def test_paint_takes_the_colour_of_its_family(sprites):
    blue = COLORS.index("blue")
    thing = torch.tensor([world().objects.index("backpack")])
    wish = Wish(
        object=thing,
        color=torch.tensor([blue]),
        background=torch.tensor([COLORS.index("white")]),
        simple=True,
    )
    picture = compose(scenes_of(7, sprites, 1, wish), sprites, 64)
    hue, saturation, _ = to_hsv((picture + 1) / 2)[0]
    inside = saturation > 0.5
    assert inside.float().mean() > 0.08
    assert 200 < hue[inside].median() < 240


def test_pairs_that_are_held_out_never_come_by_chance_but_can_be_asked_for(sprites):
    scenes = scenes_of(8, sprites, 600)
    painted = scenes.color[:, 0] >= 0
    things = sprites.object[scenes.sprite[painted, 0]]
    assert not held_out()[things, scenes.color[painted, 0]].any()
    assert 0.05 < held_out().float().mean() < 0.15


def test_a_family_has_more_than_one_colour(chance):
    reds = members(torch.zeros(50, dtype=torch.long), chance)
    assert len(torch.unique(reds, dim=0)) == 50
    assert (reds[:, 0] > reds[:, 1] + 0.3).all()


def test_colours_come_back_from_hue_saturation_and_value():
    rgb = torch.rand(200, 3, generator=torch.Generator().manual_seed(0))
    back = to_rgb(to_hsv(rgb[:, :, None, None])[:, :, 0, 0])
    assert torch.allclose(back, rgb, atol=1e-5)

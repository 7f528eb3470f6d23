"""Captions say what is drawn, in words that the tokenizer hears."""

import torch

from lab.models.mini.vocabulary import forms
from training.text import LENGTH, read
from training.wide.captions import in_words, random_captions, some_empty
from training.wide.scenes import PLACES, THREE, Scenes, random_scenes
from training.wide.sprites import Sprites
from training.wide.text import make_tokenizer
from training.wide.words import SPECIAL, world

TOKENS = (*SPECIAL, *world().names)


def some(sprites: Sprites, chance: torch.Generator, count: int = 300) -> tuple[Scenes, torch.Tensor]:
    scenes = random_scenes(count, sprites, chance)
    return scenes, random_captions(scenes, sprites, chance)


def test_what_a_caption_says_is_true(sprites, chance):
    scenes, captions = some(sprites, chance)
    colors, styles = list(world().colors), list(world().styles)
    for i, row in enumerate(captions.tolist()):
        said = [TOKENS[number] for number in row if number >= len(SPECIAL)]
        first = int(scenes.sprite[i, 0])
        assert world().objects[sprites.object[first]] in said
        if "on" in said:
            assert said[said.index("background") - 1] == colors[scenes.background[i]]
        for style in set(said) & set(styles):
            assert style == styles[sprites.style[first]]
        for place in set(said) & set(PLACES):
            assert place == PLACES[scenes.place[i]]
        assert ("three" in said) == bool(scenes.kind[i] == THREE)
        things = set(said) & set(world().objects)
        assert things <= {world().objects[sprites.object[k]] for k in scenes.sprite[i].tolist() if k >= 0}


def test_much_is_left_out_at_random(sprites, chance):
    scenes, captions = some(sprites, chance)
    again = random_captions(scenes, sprites, chance)
    assert (captions != again).any(1).float().mean() > 0.5


def test_the_tokenizer_hears_captions_as_they_were_meant(sprites, chance):
    _, captions = some(sprites, chance)
    assert torch.equal(read(make_tokenizer(), [in_words(row) for row in captions]), captions)


def test_the_tokenizer_knows_other_names_and_skips_the_rest():
    heard = read(
        make_tokenizer(), ["Two sleek RED rucksacks, next to a wine glass on a blue surface!", "qwerty"]
    )
    said = [TOKENS[number] for number in heard[0].tolist() if number >= len(SPECIAL)]
    assert said == ["two", "red", "backpack", "wineglass", "on", "blue", "background"]
    assert (heard[1][1:] == 1).all()


def test_a_prompt_may_be_as_long_as_one_likes():
    assert read(make_tokenizer(), ["red mug " * 100]).shape == (1, LENGTH)


def test_a_new_word_is_heard_before_the_words_in_it():
    heard = read(make_tokenizer(), ["A line-drawing of a slanted mug on a wooden table"])[0].tolist()
    assert [TOKENS[number] for number in heard if number >= len(SPECIAL)] == [
        "line",
        "tilted",
        "mug",
        "on",
        "table",
    ]


def test_no_new_word_takes_a_name_from_the_vocabulary():
    new = [name for names in world().new.values() for name in names]
    assert len(new) == len(set(new))
    assert not set(new) & forms().keys()


def test_some_captions_are_replaced_by_nothing(chance):
    captions = torch.full((1000, LENGTH), 7)
    empty = some_empty(captions, 0.1, chance)[:, 1] == 1
    assert 0.06 < empty.float().mean() < 0.14

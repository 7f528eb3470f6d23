"""What is said of scenes: captions as rows of token numbers, made for a whole batch at once.

Rule: what a caption says is true of the picture; what it does not say is left to chance. So each part (style,
size, colour, background, light, place) is said or left out at random, and the model learns both to listen
and to invent.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from training.text import LENGTH, WORDS
from training.wide.scenes import ALONE, PAIR, PLACES, STUDIO, TABLE, THREE, TWO, Scenes
from training.wide.sprites import Sprites
from training.wide.words import SPECIAL, world

BEGIN, END = 0, 1
SHADOW = 0.28  # from so much darkness on one would speak of a shadow
SAID = {  # how often each part is said, where there is something to say
    "style": 0.6,
    "size": 0.85,
    "color": 0.85,
    "natural": 0.25,
    "tilted": 0.6,
    "second": 0.95,
    "background": 0.8,
    "light": 0.75,
    "place": 0.85,
    "shadow": 0.4,
}


def random_captions(scenes: Scenes, sprites: Sprites, generator: torch.Generator) -> Tensor:
    """One of many ways to say what each scene shows. Returns (n, LENGTH) token numbers.

    Scenes, sprites and generator are on one device.
    """
    count, number, device = len(scenes), world().number, generator.device
    objects, colors, styles, places = tokens_of(device)
    sprite = scenes.sprite.clamp(min=0)
    natural = sprites.natural[sprite]  # (n, 3)
    color, kind, ground = scenes.color, scenes.kind, scenes.ground

    def say(part: str | float) -> Tensor:
        return torch.rand(count, generator=generator, device=device) < (
            SAID[part] if isinstance(part, str) else part
        )

    def word(token: str, where: Tensor) -> Tensor:
        return torch.where(where, number[token], -1)

    def colored(layer: int) -> Tensor:
        own = torch.where(say("natural") & (natural[:, layer] >= 0), colors[natural[:, layer]], -1)
        painted = torch.where(say("color"), colors[color[:, layer].clamp(min=0)], -1)
        return torch.where(color[:, layer] >= 0, painted, own)

    second = (kind == PAIR) & say("second")
    on = say("background")
    table = (ground == TABLE) & say("light")
    size, place = scenes.size, scenes.place
    sized = say("size")
    slots = [
        torch.where(say("style"), styles[sprites.style[sprite[:, 0]]], -1),
        word("two", kind == TWO),
        word("three", kind == THREE),
        word("small", (size < 0) & sized),
        word("large", (size > 0) & sized),
        colored(0),
        objects[sprites.object[sprite[:, 0]]],
        word("tilted", scenes.tilted & say("tilted") & (kind == ALONE)),
        torch.where(second, colored(1), -1),
        torch.where(second, objects[sprites.object[sprite[:, 1]]], -1),
        word("on", on),
        torch.where(on, colors[scenes.background], -1),
        word("background", on),
        word("studio", (ground == STUDIO) & say("light")),
        word("table", table),
        word("shadow", (scenes.shadow > SHADOW) & (ground != STUDIO) & say("shadow")),
        torch.where((place >= 0) & say("place"), places[place.clamp(min=0)], -1),
    ]
    order = torch.arange(len(slots), device=device).float().repeat(count, 1)
    order[:, 5] += torch.where(say(0.25), 1.5, 0.0)  # "shoe red", as in French
    order[:, 8] += torch.where(say(0.25), 1.5, 0.0)
    order[:, 13:] -= torch.where(say(0.15), 20.0, 0.0)[:, None]  # light and place first, now and then
    return in_order(torch.stack(slots, 1), order)


@cache
def tokens_of(device: torch.device) -> tuple[Tensor, ...]:
    """The token numbers of all objects, colours, styles and places.

    They are sent to a device once: a GPU that is sent something waits until it has done all else.
    """
    tables = world().objects, tuple(world().colors), tuple(world().styles), PLACES
    return tuple(torch.tensor(world().numbers(table), device=device) for table in tables)


def in_order(slots: Tensor, order: Tensor) -> Tensor:
    """The slots that say something (not -1), by rising order, between BEGIN and END. -> (n, LENGTH)"""
    order = torch.where(slots >= 0, order, torch.full_like(order, 1e6))
    sequence = order.argsort(dim=1, stable=True)
    words = slots.gather(1, sequence)[:, : WORDS - 2]
    body = torch.full((len(slots), LENGTH), END, device=slots.device)
    body[:, 0] = BEGIN
    body[:, 1 : 1 + words.shape[1]] = torch.where(words >= 0, words, torch.full_like(words, END))
    return body


def some_empty(captions: Tensor, part: float, generator: torch.Generator) -> Tensor:
    """The captions, some replaced by nothing: what guidance is measured against."""
    nothing = torch.full((LENGTH,), END, device=captions.device)
    nothing[0] = BEGIN
    empty = torch.rand(len(captions), generator=generator, device=captions.device) < part
    return torch.where(empty[:, None], nothing, captions)


def in_words(caption: Tensor) -> str:
    """A row of numbers as a person would type it: every token by its first name."""
    names = [names[0] for names in world().names.values()]
    return " ".join(names[i - len(SPECIAL)] for i in caption.tolist() if i >= len(SPECIAL))

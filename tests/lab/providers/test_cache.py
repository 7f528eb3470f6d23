"""Answers that were given before: found again, free, and never where the question differs."""

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from lab.providers.cache import Cache, fingerprint
from lab.providers.errors import ProviderError
from lab.providers.protocol import Answer, Call, Media, Message, Usage
from lab.providers.router import Router
from tests.lab.providers.conftest import entry
from tests.lab.providers.server import PlayedProvider, png

Playing = Callable[..., PlayedProvider]
Route = Callable[..., Router]

PICTURE = Media(png(), "image/png")
LOOK = Call("vision", messages=(Message("user", "What do you see?", (PICTURE,)),))
DRAW = Call("image", prompt="a red backpack", seed=7)


class Seen(BaseModel):
    object: str


def test_the_second_time_nothing_is_sent_and_it_is_free(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url), cache=True)
    first, second = router.complete(LOOK), router.complete(LOOK)
    assert len(server.calls()) == 1
    assert (first.cached, second.cached) == (False, True)
    assert (second.cost.micros, second.cost.origin) == (0, "free")
    assert (second.text, second.usage, second.seconds) == (first.text, first.usage, first.seconds)
    assert [row.outcome for row in router.ledger.entries()] == ["cached", "answered"]


def test_it_is_kept_for_the_next_process(playing: Playing, route: Route):
    server = playing()
    route(entry("one", server.url), cache=True).complete(LOOK)
    assert route(entry("one", server.url), cache=True).complete(LOOK).cached


def test_a_hit_is_free_over_the_budget_too(playing: Playing, route: Route):
    from lab.providers.spending import BudgetLimits

    server = playing()
    route(entry("one", server.url), cache=True).complete(LOOK)
    assert route(entry("one", server.url), cache=True, limits=BudgetLimits(0, 0, 0)).complete(LOOK).cached


def test_pictures_of_a_given_seed_come_back_as_they_were(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url), cache=True)
    first, second = router.complete(DRAW), router.complete(DRAW)
    assert second.cached
    assert second.pictures == first.pictures


@pytest.mark.parametrize("kind", ["image", "edit"])
def test_pictures_of_a_random_seed_are_made_anew(playing: Playing, route: Route, kind: str):
    server = playing()
    router = route(entry("one", server.url), cache=True)
    call = Call(kind, prompt="a red backpack", images=(PICTURE,) if kind == "edit" else ())  # type: ignore[arg-type]
    assert [router.complete(call).cached for _ in range(2)] == [False, False]
    assert len(server.calls()) == 2


def test_pictures_of_a_model_without_seeds_are_made_anew(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url, work={"image": {"models": ["model-a"]}}), cache=True)
    assert [router.complete(DRAW).cached for _ in range(2)] == [False, False]


def test_failures_are_not_kept(playing: Playing, route: Route):
    server = playing()
    server.next("cut", "refusal")
    router = route(entry("one", server.url), cache=True)
    for _ in range(2):
        with pytest.raises(ProviderError):
            router.complete(LOOK)
    assert not router.complete(LOOK).cached


def test_typed_answers_are_typed_again(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url), cache=True)
    call = replace(LOOK, answer_type=Seen)
    router.complete(call)
    hit = router.complete(call)
    assert hit.cached
    assert hit.data == Seen(object="backpack")


CHANGES: dict[str, Any] = {
    "kind": "edit",
    "messages": (Message("user", "What do you see?", (Media(png(25), "image/png"),)),),
    "prompt": "other",
    "images": (PICTURE, PICTURE),
    "size": "64x64",
    "n": 2,
    "seed": 1,
    "max_output_tokens": 5,
    "answer_type": Seen,
    "options": {"temperature": 0.5},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_question_is_another_key(name: str):
    call = replace(LOOK, images=(PICTURE,))
    other = replace(call, **{name: CHANGES[name]})
    assert fingerprint(call, "p", "m", {}) != fingerprint(other, "p", "m", {})


def test_another_mask_is_another_key():
    call = Call("edit", prompt="a cup", images=(PICTURE,))
    masked = [replace(call, mask=Media(png(side), "image/png")) for side in (25, 26)]
    assert len({fingerprint(each, "p", "m", {}) for each in (call, *masked)}) == 3


def test_every_field_of_a_call_was_thought_of():
    assert {field.name for field in fields(Call)} - set(CHANGES) == {
        "mask",  # above
        "model",
        "provider",
    }  # asked by name below


def test_another_provider_model_or_configuration_is_another_key():
    keys = {
        fingerprint(LOOK, p, m, o)
        for p, m, o in [("p", "m", {}), ("q", "m", {}), ("p", "n", {}), ("p", "m", {"a": 1})]
    }
    assert len(keys) == 4


def stored(cache: Cache, text: str = "seen") -> Path:
    key = fingerprint(replace(LOOK, prompt=text), "p", "m", {})
    cache.put(key, Answer("p", "m", text, usage=Usage(1, 2), seconds=1.0))
    return cache.folder / key[:2] / f"{key}.json"


def lookup(cache: Cache, path: Path) -> Answer | None:
    return cache.get(path.stem, LOOK, "USD")


@given(
    data=st.binary(max_size=200) | st.dictionaries(st.text(), st.text()).map(lambda d: json.dumps(d).encode())
)
def test_a_file_that_is_not_what_was_written_is_no_answer(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
):
    cache = Cache(tmp_path_factory.mktemp("c"), 10_000)
    path = stored(cache)
    assert lookup(cache, path)
    path.write_bytes(data)
    assert lookup(cache, path) is None


def test_the_folder_stays_within_its_size_and_the_oldest_go(tmp_path: Path):
    cache = Cache(tmp_path, 5_000)
    paths = [stored(cache, str(number)) for number in range(5)]
    for number, path in enumerate(paths):
        os.utime(path, (number, number))
    assert lookup(cache, paths[0])  # used: now it is the youngest
    for number in range(5, 40):
        stored(cache, str(number))
        assert sum(path.stat().st_size for path in tmp_path.rglob("*.json")) <= 5_000
    assert not paths[1].exists()


def test_what_was_used_lately_outlives_what_was_not(tmp_path: Path):
    cache = Cache(tmp_path, 5_000)
    used, *unused = [stored(cache, name) for name in ("used", *"abcdefgh")]
    for age, path in enumerate((used, *unused)):
        os.utime(path, (age, age))
    assert lookup(cache, used)
    number = 0
    while unused[0].exists():
        number += 1
        assert number < 100
        stored(cache, str(number))
    assert used.exists()


def test_an_answer_larger_than_the_cache_is_not_kept(tmp_path: Path):
    assert not stored(Cache(tmp_path, 100)).exists()


def test_a_disk_that_cannot_be_written_costs_the_cache_not_the_answer(
    playing: Playing, route: Route, tmp_path: Path
):
    (tmp_path / "answers").write_text("a file where a folder should be")
    server = playing()
    assert route(entry("one", server.url), cache=True).complete(LOOK).text

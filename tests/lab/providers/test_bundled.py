"""The built-in configuration reaches the lab's own endpoint, with no key and no network."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from lab.endpoint.server import Loopback
from lab.engine.local import LocalEngine
from lab.providers.address import Address
from lab.providers.opening import open_router
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from manifests.pictures import open_picture


@pytest.fixture
def router(engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Router]:
    for name in ("OPENROUTER_API_KEY", "OPENAI_API_KEY", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    loopback = Loopback(engine)
    address = {"bundled": lambda: Address(loopback.url, SecretStr(loopback.token))}
    with open_router(tmp_path, "jane", address) as router:
        yield router
    loopback.close()


def test_it_draws_looks_and_costs_nothing(router: Router):
    drawn = router.complete(Call("image", prompt="a red backpack", seed=7, options={"steps": 2}))
    assert (drawn.provider, drawn.model, drawn.seeds) == ("bundled", "mini", (7,))
    assert open_picture(drawn.pictures[0].data).size
    seen = router.complete(Call("vision", messages=(Message("user", "Describe it.", drawn.pictures),)))
    assert (seen.provider, seen.model) == ("bundled", "analyser")
    assert seen.text
    assert [answer.cost.origin for answer in (drawn, seen)] == ["free", "free"]


def test_its_edits_begin_with_the_picture(router: Router):
    drawn = router.complete(Call("image", prompt="a red backpack", seed=7, options={"steps": 2}))
    source = Media(drawn.pictures[0].data, "image/png")
    call = Call("edit", prompt="blue", images=(source,), seed=7, options={"steps": 4, "strength": 0.5})
    edited = router.complete(call)
    assert edited.pictures[0].data != source.data


def test_it_is_the_one_that_is_ready(router: Router):
    ready = [choice.provider for choice in router.choices("vision") if choice.problem is None]
    assert ready == ["bundled"]

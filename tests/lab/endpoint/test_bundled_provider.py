"""The lab's own endpoint is a provider like any other: the router asks it, offline and without a key."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from lab.endpoint.server import Loopback
from lab.judge.answers import AltText
from lab.providers.address import Address
from lab.providers.errors import RefusedPrompt
from lab.providers.opening import open_router
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from manifests.masks import as_transparent, rectangle
from manifests.pictures import open_picture
from tests.lab.endpoint.asked import png
from tests.lab.endpoint.test_openai_client import Telephone

PICTURE = Media(png(), "image/png")


@pytest.fixture
def router(server: Loopback, tmp_path: Path):
    bundled = {"bundled": lambda: Address(server.url, SecretStr(server.token))}
    with open_router(tmp_path, "jane", bundled) as router:
        yield router


def test_it_describes_and_fills_in_types(router: Router):
    message = Message("user", "What is the background of this picture?", (PICTURE,))
    answer = router.complete(Call("vision", messages=(Message("system", "task: describe"), message)))
    assert (answer.provider, answer.model) == ("bundled", "analyser")
    assert "white" in answer.text
    assert (answer.cost.amount, answer.cost.origin) == (0, "free")
    assert answer.usage.input_tokens
    typed = router.complete(Call("vision", messages=(message,), answer_type=AltText))
    assert isinstance(typed.data, AltText)


def test_what_it_declines_is_a_refusal_in_its_own_words(router: Router):
    call = Call("vision", messages=(Message("user", "Whose is it?", (PICTURE,)),), answer_type=Telephone)
    with pytest.raises(RefusedPrompt) as raised:
        router.complete(call)
    assert raised.value.partial
    assert "owner" in raised.value.partial.text


def test_it_draws_and_edits_by_the_seed(router: Router):
    options = {"steps": 2}
    call = Call("image", prompt="a red backpack", size="64x64", seed=7, options=options)
    drawn = router.complete(call)
    assert open_picture(drawn.pictures[0].data).size == (64, 64)
    edit = Call("edit", prompt="a red backpack", images=(PICTURE,), size="64x64", seed=7, options=options)
    edited = router.complete(edit)
    assert (edited.provider, edited.model) == ("bundled", "mini")
    assert edited.pictures[0].data != drawn.pictures[0].data
    mask = Media(as_transparent(rectangle(64, 64, 16, 16, 48, 48)), "image/png")
    photo = Media(drawn.pictures[0].data, "image/png")
    part = router.complete(replace(edit, images=(photo,), mask=mask))
    before, after = (open_picture(each.data) for each in (photo, part.pictures[0]))
    assert before.crop((0, 0, 64, 8)).tobytes() == after.crop((0, 0, 64, 8)).tobytes()
    assert before.crop((24, 24, 40, 40)).tobytes() != after.crop((24, 24, 40, 40)).tobytes()

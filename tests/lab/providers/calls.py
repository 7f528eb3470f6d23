"""What the router's tests ask for, and what each fault of a server is called."""

import time
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from exercises.i18n import LANGUAGES
from lab.providers.errors import ProviderError
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from tests.lab.providers.server import PlayedProvider, png

Playing = Callable[..., PlayedProvider]
Route = Callable[..., Router]

PICTURE = Media(png(), "image/png")
LOOK = Call("vision", messages=(Message("user", "What do you see?", (PICTURE,)),))
DRAW = Call("image", prompt="a red backpack", size="256x256", seed=7)
CHANGE = Call("edit", prompt="make it blue", images=(PICTURE,), seed=7)
KINDS = {"vision": LOOK, "image": DRAW, "edit": CHANGE}


class Seen(BaseModel):
    object: str
    colours: list[str]


def failure(router: Router, call: Call = LOOK, **options: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        router.complete(call, **options)  # type: ignore[arg-type]
    for language in LANGUAGES:
        text = caught.value.in_language(language)
        assert text
        assert "{" not in text
    return caught.value


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


FAULTS = {
    "400": "provider.bad_request",
    "401": "provider.wrong_key",
    "402": "provider.quota_exhausted",
    "403 moderation": "provider.moderated",
    "404 model": "provider.retired_model.without",
    "404 page": "provider.malformed_answer.address",
    "408": "provider.server_error",
    "409": "provider.server_error",
    "413": "provider.bad_request",
    "422": "provider.bad_request",
    "429": "provider.rate_limited",
    "429 retry-after long": "provider.rate_limited",
    "429 quota": "provider.quota_exhausted",
    "500": "provider.server_error",
    "503": "provider.server_error",
    "moderated": "provider.moderated",
    "embedded error": "provider.server_error",
    "redirect": "provider.malformed_answer.address",
    "html": "provider.malformed_answer.html",
    "truncated json": "provider.malformed_answer.json",
    "wrong types": "provider.malformed_answer.types",
    "huge": "provider.malformed_answer.too_large",
    "huge without length": "provider.malformed_answer.too_large",
    "gzip": "provider.malformed_answer.compressed",
    "reset": "provider.broken_off",
    "reset in the middle": "provider.broken_off",
    "ends in the middle": "provider.broken_off",
}
OF_CHAT = {
    "refusal": "provider.refused_prompt",
    "cut": "provider.cut_answer",
    "content filter": "provider.moderated",
    "empty": "provider.malformed_answer.empty",
}
OF_PICTURES = {
    "not a picture": "provider.malformed_answer.picture",
    "link": "provider.malformed_answer.link",
    "empty": "provider.malformed_answer.types",
}

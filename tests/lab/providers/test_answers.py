"""The router: what is sent to a provider, and what comes back."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from lab.providers.protocol import Call, Message
from tests.lab.providers.calls import CHANGE, DRAW, KINDS, LOOK, Playing, Route, Seen, failure
from tests.lab.providers.conftest import entry


def test_a_picture_is_described(playing: Playing, route: Route):
    server = playing("k-1")
    router = route(entry("one", server.url, key="ONE_KEY"), environment={"ONE_KEY": "k-1"})
    answer = router.complete(LOOK)
    assert (answer.text, answer.provider, answer.model) == ("A red backpack on white.", "one", "model-a")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (100, 20)
    assert (answer.cost.micros, answer.cost.origin) == (140, "price list")  # 100 * 1 + 20 * 2 per million
    sent = server.calls()[0].json()
    content = sent["messages"][0]["content"]
    assert content[0] == {"type": "text", "text": "What do you see?"}
    assert content[1]["image_url"]["url"].startswith("data:image/png;base64,")
    assert sent["max_tokens"] == 1000


def test_a_typed_answer_is_of_its_type(playing: Playing, route: Route):
    server = playing()
    answer = route(entry("one", server.url)).complete(replace(LOOK, answer_type=Seen))
    assert answer.data == Seen(object="backpack", colours=["red"])
    schema = server.calls()[0].json()["response_format"]["json_schema"]
    assert schema["strict"]
    assert set(schema["schema"]["properties"]) == {"object", "colours"}


def test_an_answer_of_another_type_is_malformed(playing: Playing, route: Route):
    class Other(BaseModel):
        number: int

    server = playing()
    error = failure(route(entry("one", server.url)), replace(LOOK, answer_type=Other))
    assert error.key == "provider.malformed_answer.types"


@pytest.mark.parametrize("protocol", ["images", "chat", "hugging_face"])
@pytest.mark.parametrize("kind", ["image", "edit"])
def test_pictures_come_with_their_original_bytes(playing: Playing, route: Route, kind: str, protocol: str):
    server = playing("hf_k")
    options = {"modalities": ["image", "text"]} if protocol == "chat" else {}
    work = {kind: {"models": ["model-a"], "protocol": protocol, "seed": True, "options": options}}
    router = route(entry("one", server.url, key="K", work=work), environment={"K": "hf_k"})
    answer = router.complete(KINDS[kind])
    assert [picture.data for picture in answer.pictures] == [server.picture]
    assert answer.pictures[0].media_type == "image/png"
    assert answer.usage.images == 1
    assert answer.seeds == (7,)
    body = server.calls()[0].body
    assert b"7" in body
    assert KINDS[kind].prompt.encode() in body


def test_a_model_that_has_no_seed_is_not_sent_one(playing: Playing, route: Route):
    server = playing()
    work = {"image": {"models": ["model-a"]}}
    answer = route(entry("one", server.url, work=work)).complete(DRAW)
    assert not any(answer.seeds)
    assert "seed" not in server.calls()[0].json()


def test_options_of_a_call_cannot_replace_its_own_fields(playing: Playing, route: Route):
    server = playing()
    call = replace(LOOK, options={"model": "dear", "stream": True, "temperature": 0.1})
    route(entry("one", server.url)).complete(call)
    sent = server.calls()[0].json()
    assert sent["model"] == "model-a"
    assert "stream" not in sent
    assert sent["temperature"] == 0.1


def test_the_cost_that_a_provider_reports_comes_before_the_price_list(playing: Playing, route: Route):
    server = playing()
    server.next("cost")
    answer = route(entry("one", server.url)).complete(LOOK)
    assert (answer.cost.micros, answer.cost.origin) == (500, "reported")


def test_without_usage_the_cost_is_unknown_and_counts_as_the_estimate(playing: Playing, route: Route):
    server = playing()
    server.next("no usage")
    router = route(entry("one", server.url))
    answer = router.complete(LOOK)
    assert (answer.cost.micros, answer.cost.origin) == (None, "unknown")
    assert answer.cost.at_most > 140
    assert router.ledger.budgets("jane")[0].counted == answer.cost.at_most


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 0},
        {"n": 11},
        {"size": "wide"},
        {"max_output_tokens": 0},
        {"messages": ()},
        {"kind": "edit"},
        {"model": "../../admin"},
        {"model": "a b"},
        {"options": {str(number): 1 for number in range(21)}},
    ],
)
def test_what_no_page_asks_is_no_call(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="of a call"):
        replace(LOOK, **wrong)


@pytest.mark.parametrize("call", [LOOK, DRAW, CHANGE])
def test_half_a_character_from_a_browser_breaks_nothing(playing: Playing, route: Route, call: Call):
    server = playing()
    call = replace(call, prompt="half \ud83d", messages=(Message("user", "half \ud83d"),))
    router = route(entry("one", server.url), cache=True)
    assert [router.complete(call).cached for _ in range(2)] == [False, True]
    assert server.calls()[0].text == "half ?"

"""The router: a text that comes in pieces, a call that is stopped, and how many there are at once."""

import threading
import time

import pytest

from lab.providers.errors import ProviderError
from lab.providers.protocol import Answer, Piece, Trying
from lab.providers.retrying import Policy
from lab.providers.router import AT_ONCE
from tests.lab.providers.calls import (
    LOOK,
    Playing,
    Route,
    failure,
    wait_until,
)
from tests.lab.providers.conftest import entry

# Streaming


def test_a_text_comes_in_pieces_and_ends_with_the_answer(playing: Playing, route: Route):
    server = playing()
    events = list(route(entry("one", server.url)).stream(LOOK))
    assert [event.text for event in events if isinstance(event, Piece)] == [
        "A red ",
        "backpack ",
        "on white.",
    ]
    answer = events[-1]
    assert isinstance(answer, Answer)
    assert answer.text == "A red backpack on white."
    assert answer.cost.micros == 140


STREAM_FAULTS = {
    "401": "provider.wrong_key",
    "refusal": "provider.refused_prompt",
    "cut": "provider.cut_answer",
    "content filter": "provider.moderated",
    "html": "provider.malformed_answer.html",
    "huge": "provider.malformed_answer.too_large",
    "huge without length": "provider.malformed_answer.too_large",
    "reset": "provider.broken_off",
    "reset in the middle": "provider.broken_off",
    "ends in the middle": "provider.broken_off",
    "truncated json": "provider.malformed_answer.json",
    "wrong types": "provider.malformed_answer.types",
    "embedded error": "provider.server_error",
    "drip body": "provider.timed_out",
}


@pytest.mark.parametrize(("fault", "key"), STREAM_FAULTS.items())
def test_each_fault_of_a_stream_has_its_own_message(playing: Playing, route: Route, fault: str, key: str):
    server = playing()
    server.always(fault)
    work = {"vision": {"models": ["model-a"], "seconds": 3}}
    with pytest.raises(ProviderError) as caught:
        list(route(entry("one", server.url, work=work)).stream(LOOK))
    assert caught.value.key == key


def test_a_text_that_broke_off_is_not_begun_again_by_somebody_else(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("reset in the middle")
    router = route(entry("one", one.url, free=True), entry("two", two.url, free=True))
    with pytest.raises(ProviderError) as caught:
        list(router.stream(LOOK))
    assert caught.value.partial
    assert caught.value.partial.text.startswith("A red")
    assert two.calls() == []
    assert len(one.calls()) == 1


def test_whoever_stops_reading_stops_the_call(playing: Playing, route: Route):
    server = playing()
    server.always("drip body")
    router = route(entry("one", server.url))
    events = router.stream(LOOK)
    assert isinstance(next(events), Trying)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: router.ledger.entries()[0].outcome == "cancelled")


# Stopping, and how many at once


def test_a_call_can_be_stopped(playing: Playing, route: Route):
    server = playing()
    server.always("hang")
    router, cancel, errors = route(entry("one", server.url)), threading.Event(), []
    thread = threading.Thread(target=lambda: errors.append(failure(router, cancel=cancel)))
    thread.start()
    wait_until(server.calls)
    cancel.set()
    thread.join(60)
    assert errors[0].code == "cancelled"
    assert errors[0].cost
    assert errors[0].cost.at_most > 0  # it was on its way


def test_what_was_stopped_before_it_was_sent_cost_nothing(playing: Playing, route: Route):
    server = playing()
    cancel = threading.Event()
    cancel.set()
    router = route(entry("one", server.url))
    assert failure(router, cancel=cancel).code == "cancelled"
    assert server.calls() == []
    assert router.ledger.budgets("jane")[0].counted == 0


def test_three_calls_at_once_and_no_more(playing: Playing, route: Route):
    server = playing()
    server.always("drip body")
    router = route(entry("one", server.url, free=True), policy=Policy(attempts=1))
    cancel = threading.Event()
    threads = [threading.Thread(target=lambda: failure(router, cancel=cancel)) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(server.calls()) == AT_ONCE)
    time.sleep(0.3)  # would a fourth one come, it would come now
    assert server.most_at_once == AT_ONCE
    cancel.set()
    for thread in threads:
        thread.join(60)
    assert len(server.calls()) == AT_ONCE

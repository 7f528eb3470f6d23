"""The router: each fault of a server has its own error, and what passes is tried again."""

import time
from dataclasses import replace

import pytest

from lab.providers.protocol import Event, Retrying
from lab.providers.retrying import Policy
from tests.lab.providers.calls import DRAW, FAULTS, KINDS, LOOK, OF_CHAT, OF_PICTURES, Playing, Route, failure
from tests.lab.providers.conftest import QUICK, entry
from tests.lab.providers.faults import ENDLESS
from tests.lab.providers.server import free_port

# Each fault has its own error


@pytest.mark.parametrize(("fault", "key"), {**FAULTS, **OF_CHAT}.items())
def test_each_fault_of_an_analysis_has_its_own_message(playing: Playing, route: Route, fault: str, key: str):
    server = playing(models=[])
    server.always(fault)
    error = failure(route(entry("one", server.url)))
    assert error.key == key
    assert (error.provider, error.model) == ("one", "model-a")


@pytest.mark.parametrize(("fault", "key"), {**FAULTS, **OF_PICTURES}.items())
def test_each_fault_of_a_picture_has_its_own_message(playing: Playing, route: Route, fault: str, key: str):
    server = playing(models=[])
    server.always(fault)
    assert failure(route(entry("one", server.url)), DRAW).key == key


@pytest.mark.parametrize("fault", ["401", "404 model", "503", "reset", "huge", "not a picture", "redirect"])
def test_hugging_face_has_the_same_messages(playing: Playing, route: Route, fault: str):
    server = playing(models=[])
    server.always(fault)
    work = {"image": {"models": ["model-a"], "protocol": "hugging_face"}}
    error = failure(route(entry("one", server.url, work=work)), DRAW)
    assert error.key == {**FAULTS, **OF_PICTURES}[fault]


@pytest.mark.parametrize("fault", ENDLESS)
@pytest.mark.parametrize("kind", ["vision", "image"])
def test_the_time_limit_ends_a_server_that_never_does(playing: Playing, route: Route, kind: str, fault: str):
    server = playing()
    server.always(fault)
    work = {kind: {"models": ["model-a"], "seconds": 0.4}}
    started = time.monotonic()
    error = failure(route(entry("one", server.url, work=work)), KINDS[kind])
    assert error.key == "provider.timed_out"
    assert time.monotonic() - started < 20
    assert len(server.calls()) == 1


def test_nobody_listening_is_a_dead_server(route: Route):
    assert failure(route(entry("one", f"http://127.0.0.1:{free_port()}/v1"))).key == "provider.dead_server"


def test_a_retired_model_names_what_is_there_instead(playing: Playing, route: Route):
    server = playing(models=[{"id": "model-b"}, {"id": "<script>"}, {"id": "model-a2"}])
    server.always("404 model")
    error = failure(route(entry("one", server.url)))
    text = error.in_language("en")
    assert "model-b" in text
    assert "model-a2" in text
    assert "script" not in text


def test_what_there_is_of_a_cut_answer_is_kept(playing: Playing, route: Route):
    server = playing()
    server.always("cut")
    error = failure(route(entry("one", server.url)))
    assert error.partial
    assert error.partial.text == "A red backpack on white."
    assert error.cost
    assert error.cost.micros == 140


# Trying again


def test_what_passes_is_tried_again(playing: Playing, route: Route):
    server = playing()
    server.next("503", "429")
    events: list[Event] = []
    answer = route(entry("one", server.url)).complete(LOOK, events.append)
    assert answer.tried == ()
    assert [event.reason for event in events if isinstance(event, Retrying)] == [
        "server_error",
        "rate_limited",
    ]
    assert len(server.calls()) == 3


@pytest.mark.parametrize("fault", ["400", "401", "402", "422", "429 quota", "404 model", "moderated", "html"])
def test_what_does_not_pass_is_not_tried_again(playing: Playing, route: Route, fault: str):
    server = playing()
    server.always(fault)
    failure(route(entry("one", server.url)))
    assert len(server.calls()) == 1


@pytest.mark.parametrize("fault", ["429 retry-after", "429 retry-after date"])
def test_retry_after_is_honoured(playing: Playing, route: Route, fault: str):
    server = playing()
    server.retry_after = 1
    server.next(fault)
    events: list[Event] = []
    started = time.monotonic()
    route(entry("one", server.url)).complete(LOOK, events.append)
    waited = next(event.seconds for event in events if isinstance(event, Retrying))
    assert 0.9 <= waited <= 2
    assert time.monotonic() - started >= waited


def test_a_wait_of_a_day_is_not_waited_for(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("429 retry-after long")
    answer = route(entry("one", one.url), entry("two", two.url)).complete(LOOK)
    assert answer.provider == "two"
    assert len(one.calls()) == 1


def test_a_wait_longer_than_the_longest_is_not_waited_for(playing: Playing, route: Route):
    server = playing()
    server.always("429 retry-after")
    assert (
        failure(route(entry("one", server.url), policy=replace(QUICK, longest_wait=0.1))).code
        == "rate_limited"
    )
    assert len(server.calls()) == 1


def test_a_wait_beyond_the_time_limit_is_not_waited_for(playing: Playing, route: Route):
    server = playing()
    server.always("429 retry-after")
    server.retry_after = 2
    router = route(entry("one", server.url, work={"vision": {"models": ["model-a"], "seconds": 1.5}}))
    assert failure(router).code == "rate_limited"
    assert len(server.calls()) == 1


def test_the_waits_grow_and_differ():
    from lab.providers.errors import ServerError
    from lab.providers.retrying import with_retries

    def waits() -> list[float]:
        found: list[float] = []

        def fails() -> None:
            raise ServerError(detail="", status=503)

        policy = Policy(attempts=5, first_wait=0.001, longest_wait=1)
        with pytest.raises(ServerError):
            with_retries(
                fails,
                policy,
                deadline=time.monotonic() + 60,
                again=lambda error: True,
                waits=lambda error, seconds: found.append(seconds),
                cancel=None,
            )
        return found

    one, two = waits(), waits()
    assert len(one) == 4
    assert one[3] > one[0] * 2
    assert one != two

"""The router: who is asked, in which order, and what each fault leads to."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest
from pydantic import BaseModel

from exercises.i18n import LANGUAGES
from lab.providers.errors import ProviderError
from lab.providers.protocol import Answer, Call, Event, Media, Message, MovedOn, Piece, Retrying, Trying
from lab.providers.retrying import Policy
from lab.providers.router import AT_ONCE, Router
from tests.lab.providers.conftest import QUICK, entry
from tests.lab.providers.server import ENDLESS, PlayedProvider, free_port, png

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


# What is sent and what comes back


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


# Each fault has its own error

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


# Moving on


def test_the_next_provider_answers_and_what_was_tried_is_told(playing: Playing, route: Route):
    one, two, three = playing(), playing(), playing()
    one.always("401")
    two.always("503")
    entries = [entry("one", one.url), entry("two", two.url), entry("three", three.url)]
    events: list[Event] = []
    answer = route(*entries).complete(LOOK, events.append)
    assert answer.provider == "three"
    assert [(tried.provider, tried.reason) for tried in answer.tried] == [
        ("one", "wrong_key"),
        ("two", "server_error"),
    ]
    assert [event.tried for event in events if isinstance(event, MovedOn)] == list(answer.tried)
    assert [event.provider for event in events if isinstance(event, Trying)][0::1][0] == "one"


def test_a_fault_of_the_model_leads_to_the_providers_next_model(playing: Playing, route: Route):
    server = playing()
    server.next("404 model")
    work = {"vision": {"models": ["model-a", "model-b"]}}
    answer = route(entry("one", server.url, work=work)).complete(LOOK)
    assert (answer.provider, answer.model) == ("one", "model-b")


def test_a_fault_of_the_provider_skips_its_other_models(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("401")
    work = {"vision": {"models": ["model-a", "model-b"]}}
    answer = route(entry("one", one.url, work=work), entry("two", two.url)).complete(LOOK)
    assert answer.provider == "two"
    assert len(one.calls()) == 1


@pytest.mark.parametrize("fault", ["refusal", "moderated", "cut", "content filter"])
def test_what_was_refused_is_not_taken_to_somebody_else(playing: Playing, route: Route, fault: str):
    one, two = playing(), playing()
    one.always(fault)
    failure(route(entry("one", one.url), entry("two", two.url)))
    assert two.calls() == []


@pytest.mark.parametrize("fault", ["reset", "html", "truncated json", "hang", "huge"])
def test_once_one_may_have_been_paid_no_other_is(playing: Playing, route: Route, fault: str):
    one, two, local = playing(), playing(), playing()
    one.always(fault)
    work = {"vision": {"models": ["model-a"], "seconds": 0.5}}
    router = route(
        entry("one", one.url, work=work), entry("two", two.url), entry("local", local.url, free=True)
    )
    assert router.complete(LOOK).provider == "local"
    assert two.calls() == []
    assert len(one.calls()) == 1


def test_where_only_paid_ones_are_left_the_error_says_what_it_may_have_cost(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("reset")
    router = route(entry("one", one.url), entry("two", two.url))
    error = failure(router)
    assert two.calls() == []
    assert error.cost
    assert error.cost.micros is None
    assert error.cost.at_most > 0
    assert "may have cost" in error.in_language("en")
    assert router.ledger.budgets("jane")[0].counted == error.cost.at_most


def test_a_free_provider_is_tried_again_whatever_happened(playing: Playing, route: Route):
    server = playing()
    server.next("reset", "reset in the middle")
    assert route(entry("one", server.url, free=True)).complete(LOOK).text
    assert len(server.calls()) == 3


def test_when_all_fail_each_is_told(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("401")
    two.always("402")
    error = failure(route(entry("one", one.url), entry("two", two.url)))
    assert error.code == "all_failed"
    text = error.in_language("fr")
    assert "la clé" in text
    assert "crédit" in text
    assert [tried.reason for tried in error.tried] == ["wrong_key", "quota_exhausted"]


# Wishes


def test_a_wish_for_a_provider_is_kept(playing: Playing, route: Route):
    one, two = playing(), playing()
    two.always("503")
    router = route(entry("one", one.url), entry("two", two.url))
    assert failure(router, replace(LOOK, provider="two")).provider == "two"
    assert one.calls() == []


def test_a_wish_for_a_model_asks_those_who_have_it(playing: Playing, route: Route):
    one, two = playing(), playing()
    other = {"vision": {"models": ["model-b"]}}
    router = route(entry("one", one.url), entry("two", two.url, work=other))
    assert router.complete(replace(LOOK, model="model-b")).provider == "two"
    assert failure(router, replace(LOOK, model="model-c")).key == "provider.no_provider.model"
    assert one.calls() == []


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (replace(LOOK, provider="nobody"), "provider.no_provider.unknown"),
        (replace(LOOK, provider="one"), "provider.no_key.key"),
        (LOOK, "provider.no_provider.kind"),
    ],
)
def test_who_is_not_set_up_is_not_asked(playing: Playing, route: Route, call: Call, key: str):
    server = playing()
    assert failure(route(entry("one", server.url, key="MISSING")), call).key == key
    assert server.seen == []


def test_a_server_without_named_models_answers_with_the_first_it_has(playing: Playing, route: Route):
    text_only = {"id": "words", "architecture": {"input_modalities": ["text"], "output_modalities": ["text"]}}
    server = playing(models=[text_only, {"id": "llava:7b"}])
    router = route(entry("local", server.url, work={"vision": {}}, free=True))
    assert router.complete(LOOK).model == "llava:7b"


def test_an_address_comes_from_the_environment_or_from_the_lab(playing: Playing, route: Route):
    from lab.providers.address import Address

    server = playing()
    local = {"name": "local", "address": "LOCAL_URL", "free": True, "work": {"vision": {"models": ["m"]}}}
    assert route(local, environment={"LOCAL_URL": server.url}).complete(LOOK).provider == "local"
    assert route(local, addresses={"local": lambda: Address(server.url)}).complete(LOOK).provider == "local"
    wrong = route(local, environment={"LOCAL_URL": "http://user:password@host/v1"})
    assert failure(wrong).key == "provider.bad_address"


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


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


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


# Leaving a failing provider alone


def test_a_provider_that_keeps_failing_is_left_alone(playing: Playing, route: Route):
    one, two = playing(), playing()
    one.always("503")
    policy = replace(QUICK, attempts=1, failures=3)
    router = route(entry("one", one.url), entry("two", two.url), policy=policy)
    reasons = [router.complete(LOOK).tried[0].reason for _ in range(5)]
    assert reasons == ["server_error"] * 3 + ["resting"] * 2
    assert len(one.calls()) == 3


def test_after_its_rest_one_call_goes_through_and_decides():
    from lab.providers.breaker import Breaker

    now = [0.0]
    breaker = Breaker(failures=2, rest=60, clock=lambda: now[0])
    breaker.failed()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
    now[0] = 61
    assert breaker.allows()
    assert not breaker.allows()  # the others wait for that one's outcome
    breaker.failed()
    now[0] = 100
    assert not breaker.allows()
    now[0] = 130
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_refused_request_does_not_count_against_the_provider(playing: Playing, route: Route):
    server = playing()
    server.always("400")
    router = route(entry("one", server.url), policy=replace(QUICK, failures=1))
    assert [failure(router).code for _ in range(3)] == ["bad_request"] * 3


def test_dates_that_make_no_sense_are_no_wait():
    from lab.providers.failures import retry_after

    assert retry_after({}) is None
    assert retry_after({"retry-after": "soon"}) is None
    assert retry_after({"retry-after": "9" * 400}) is None
    assert retry_after({"retry-after": formatdate(0, usegmt=True)}) == 0.0
    assert retry_after({"retry-after": "3"}) == 3.0

"""The router: who is asked, in which order, and who is left alone."""

from dataclasses import replace
from email.utils import formatdate

import pytest

from lab.providers.protocol import Call, Event, MovedOn, Trying
from tests.lab.providers.calls import LOOK, Playing, Route, failure
from tests.lab.providers.conftest import QUICK, entry

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

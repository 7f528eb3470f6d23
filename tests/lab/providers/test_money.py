"""Estimates are never too low, budgets are kept by the router, and offers bring prices."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.providers.configuration import Price
from lab.providers.errors import Money, ProviderError
from lab.providers.offers import alternatives, read_models
from lab.providers.prices import listed_cost, micros, upper_estimate
from lab.providers.protocol import Call, Media, Message, Usage
from lab.providers.router import Router
from lab.providers.spending import BudgetLimits
from tests.lab.providers.conftest import entry
from tests.lab.providers.server import PlayedProvider, png

Playing = Callable[..., PlayedProvider]
Route = Callable[..., Router]

LOOK = Call("vision", messages=(Message("user", "What do you see?", (Media(png(), "image/png"),)),))
amounts = st.floats(0, 100, allow_nan=False).map(lambda amount: round(amount, 6))


@given(
    text=st.text(max_size=200),
    price=st.builds(Price, input=amounts, output=amounts, picture=amounts, image=amounts, request=amounts),
    images=st.integers(0, 3),
    n=st.integers(1, 4),
    kind=st.sampled_from(["vision", "image", "edit"]),
    share=st.floats(0, 1),
)
def test_the_estimate_is_never_below_the_cost(
    text: str, price: Price, images: int, n: int, kind: str, share: float
):
    images += kind == "edit" and not images
    pictures = tuple(Media(b"", "image/png") for _ in range(images))
    messages = (Message("user", text, pictures),) if kind == "vision" else ()
    call = Call(kind, messages, "" if messages else text, () if messages else pictures, n=n)  # type: ignore[arg-type]
    most_in = len(text.encode()) + images * price.tokens_per_image
    most_out = call.max_output_tokens if kind == "vision" else n * price.tokens_per_picture
    usage = Usage(int(most_in * share), int(most_out * share), 0 if kind == "vision" else n)
    cost = listed_cost(call, usage, price)
    assert cost is not None
    assert 0 <= cost <= upper_estimate(call, price)


def test_amounts_are_whole_millionths_rounded_up():
    assert micros(Decimal("0.0000001")) == 1
    assert micros(0.1) == 100_000
    price = Price(input=0.15, output=0.6)
    assert listed_cost(LOOK, Usage(1, 0), price) == 1
    assert listed_cost(LOOK, Usage(1000, 1000), price) == 750
    assert listed_cost(LOOK, Usage(1000, None), price) is None


@pytest.mark.parametrize(
    ("amount", "english", "french"),
    [
        (0, "0.00\u00a0USD", "0,00\u00a0USD"),
        (1_250_000, "1.25\u00a0USD", "1,25\u00a0USD"),
        (140, "0.00014\u00a0USD", "0,00014\u00a0USD"),
    ],
)
def test_money_is_written_as_people_do(amount: int, english: str, french: str):
    assert (Money(amount, "USD")("en"), Money(amount, "USD")("fr")) == (english, french)


def test_over_the_budget_nothing_is_sent_and_the_free_one_answers(playing: Playing, route: Route):
    paid, free = playing(), playing()
    entries = [entry("paid", paid.url), entry("free", free.url, free=True)]
    answer = route(*entries, limits=BudgetLimits(student=100)).complete(LOOK)
    assert answer.provider == "free"
    assert [tried.reason for tried in answer.tried] == ["over_budget"]
    assert (answer.cost.micros, answer.cost.origin) == (0, "free")
    assert paid.calls() == []


def test_the_error_says_which_budget_and_what_is_left(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url), limits=BudgetLimits(class_=100))
    with pytest.raises(ProviderError) as caught:
        router.complete(LOOK)
    text = caught.value.in_language("en")
    assert "the class's budget" in text
    assert "0.0001\u00a0USD" in text
    assert server.calls() == []
    assert router.ledger.alerts_raised()[0][0].budget == "class"


def test_an_alert_comes_with_the_answer_that_raised_it(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url))
    upper = upper_estimate(LOOK, router.configuration.providers[0].prices["model-a"])
    limited = route(entry("one", server.url), limits=BudgetLimits(student=int(upper / 0.85)))
    assert [(alert.budget, alert.percent) for alert in limited.complete(LOOK).alerts] == [("student", 80)]


def test_while_a_budget_holds_a_model_without_a_price_is_not_called(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url, prices={}), limits=BudgetLimits(student=10**9))
    with pytest.raises(ProviderError) as caught:
        router.complete(LOOK)
    assert caught.value.code == "no_price"
    assert server.calls() == []
    unlimited = route(entry("one", server.url, prices={}))
    assert unlimited.complete(LOOK).cost.origin == "unknown"


def test_while_the_ledger_cannot_be_written_nothing_is_sent(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url))
    router.ledger._db.execute("PRAGMA query_only=ON")
    with pytest.raises(ProviderError) as caught:
        router.complete(LOOK)
    assert caught.value.code == "ledger"
    assert str(router.ledger.path) in caught.value.in_language("fr")
    assert server.calls() == []


def test_a_ledger_that_fails_after_the_call_costs_nobody_the_answer(playing: Playing, route: Route):
    server = playing()
    router = route(entry("one", server.url))

    def fill(event: object) -> None:
        router.ledger._db.execute("PRAGMA query_only=ON")

    answer = router.complete(LOOK, fill)
    assert answer.text
    router.ledger._db.execute("PRAGMA query_only=OFF")
    assert router.ledger.budgets("jane")[0].counted > answer.cost.at_most  # what was set aside


def test_a_charge_above_the_estimate_counts_as_what_it_is(playing: Playing, route: Route):
    server = playing()
    server.cost = 5.0
    server.next("cost")
    router = route(entry("one", server.url), limits=BudgetLimits(student=10**6))
    assert router.complete(LOOK).cost.micros == 5_000_000
    assert router.ledger.budgets("jane")[0].percent == 500
    with pytest.raises(ProviderError):
        router.complete(LOOK)


LISTED = [
    {
        "id": "model-a",
        "pricing": {"prompt": "0.000002", "completion": "0.00001", "image": "0.001", "request": "0"},
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"]},
        "shutdown_date": "2027-01-14",
    },
    {"id": "model-b"},
]


def test_listed_prices_are_used_where_the_configuration_has_none(playing: Playing, route: Route):
    server = playing(models=LISTED)
    router = route(entry("one", server.url, prices={}), limits=BudgetLimits(student=10**9))
    answer = router.complete(LOOK)
    assert (answer.cost.micros, answer.cost.origin) == (100 * 2 + 20 * 10 + 1000, "price list")
    router.complete(LOOK)
    assert sum(seen.path.endswith("/models") for seen in server.seen) == 1


def test_choices_tell_price_shutdown_and_what_is_in_the_way(playing: Playing, route: Route):
    server = playing(models=LISTED)
    work = {"vision": {"models": ["model-a", "model-z"]}}
    router = route(
        entry("one", server.url, prices={}, work=work), entry("two", server.url, key="MISSING", work=work)
    )
    a, z, two = router.choices("vision")
    assert (a.model, a.listed, a.shutdown_date, a.problem) == ("model-a", True, "2027-01-14", None)
    assert a.price
    assert a.price.input == 2.0
    assert (z.listed, z.price) == (False, None)
    assert two.problem
    assert "MISSING" in two.problem.in_language("en")
    assert router.choices("edit") == []


@pytest.mark.parametrize("fault", ["401", "hang", "html", "truncated json", "huge", "reset", "500"])
def test_a_provider_that_does_not_list_its_models_is_taken_at_the_configurations_word(
    playing: Playing, route: Route, fault: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lab.providers.offers.SECONDS", 0.3)
    server = playing()
    server.models_fault(fault)
    router = route(entry("one", server.url, prices={}))
    assert router.complete(LOOK).text
    assert router.choices("vision")[0].listed is None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=10) | st.sampled_from(["a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["data", "id", "pricing", "prompt", "architecture", "x"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(document=json_values)
def test_any_list_of_models_is_read_or_left(document: object):
    models = read_models(document)
    assert models is None or all(model.id == name for name, model in models.items())


def test_alternatives_are_alike_first_and_can_do_the_work():
    models = read_models(
        {"data": [*LISTED, {"id": "pictures", "architecture": {"output_modalities": ["image"]}}]}
    )
    assert models
    assert alternatives("model-b2", models, "vision") == ["model-b", "model-a"]
    assert "pictures" in alternatives("x", models, "image")
    assert replace(models["model-b"], id="q").can("edit")

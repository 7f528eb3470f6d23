"""Sums over the ledger: what each day and model cost, failed and took; how pictures were scored."""

import dataclasses
from pathlib import Path

from benchmarks.tolerance import BASE
from exercises.i18n import translator
from lab.providers.ledger import Ledger
from lab.providers.protocol import Cost, Kind, Usage
from lab.records.costs import by_day
from lab.records.performance import drawn, performances, qualities, scores_of, slow
from lab.ui.html import charges as api_words
from manifests.manifest import Charge, Request, Tried
from manifests.notebook import Notebook
from manifests.store import Store
from tests.grading.api_good import api_draft, ask, file_of
from tests.manifests.notebooks import record


def paid(
    ledger: Ledger,
    model: str,
    micros: int | None,
    outcome: str = "answered",
    seconds: float = 1.0,
    kind: Kind = "vision",
) -> None:
    row, _ = ledger.reserve("ada", provider="p", model=model, kind=kind, upper=100, lasts=60)
    cost = Cost(
        micros, "USD", "reported" if micros is not None else "unknown", 100 if micros is None else micros
    )
    ledger.settle(row, cost=cost, usage=Usage(), seconds=seconds, outcome=outcome)


def test_a_models_calls_errors_time_and_cost_are_summed(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for seconds in (1.0, 5.0, 2.0):
        paid(ledger, "a", 10, seconds=seconds)
    paid(ledger, "a", 0, outcome="timed_out", seconds=300)
    paid(ledger, "b", None)
    ledger.record_hit("ada", provider="p", model="a", kind="vision")
    first, second = performances(ledger.entries("ada"))
    assert (first.model, first.calls, first.answered, first.errors) == ("a", 4, 3, {"timed_out": 1})
    assert (first.seconds, first.slow, first.counted, first.unknown) == (2.0, 5.0, 30, 0)
    assert (first.success, first.cached, first.hits, first.picture) == (0.75, 1, 0.25, None)
    assert (second.model, second.counted, second.unknown) == ("b", 100, 1)
    assert list(by_day(ledger.entries("ada")).values()) == [130]
    assert by_day([]) == {}
    assert performances([]) == []


def test_what_a_picture_costs_is_told_of_models_that_make_them(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for micros in (40, 60):
        paid(ledger, "a", micros, kind="image")
    paid(ledger, "a", 9)  # a question
    (found,) = performances(ledger.entries("ada"))
    assert (found.picture, found.counted) == (50, 109)


def test_pictures_drawn_here_stand_beside_the_apis(tmp_path: Path):
    store = Store(tmp_path, "api-analysis", "ada")
    for number, seconds in enumerate((1.0, 3.0, 8.0)):
        draft = dataclasses.replace(
            api_draft("studio", "studio", "a bag"), request=Request(**BASE), seconds=seconds
        )
        store.save(draft, file_of(number))
    store.save(api_draft("studio", "studio", "a bag"), file_of(9))  # an API's: the ledger tells of it
    (found,) = drawn(store.records())
    assert (found.provider, found.model, found.calls) == ("", "mini", 3)
    assert (found.seconds, found.slow, found.counted, found.success, found.hits) == (3.0, 8.0, 0, None, None)
    assert drawn([]) == []


def test_one_in_twenty_takes_longer_than_what_is_slow():
    assert slow([float(n) for n in range(1, 101)]) == 95.0
    assert slow([4.0]) == 4.0
    assert slow([]) is None


def test_scores_are_averaged_by_the_model_that_made_the_picture(tmp_path: Path):
    store, notebook = Store(tmp_path, "api-analysis", "ada"), Notebook(tmp_path, "api-analysis", "ada")
    one, two = (store.save(api_draft("studio", "studio", "a bag"), file_of(n)) for n in (1, 2))
    score = {"artifacts": {"score": 2, "reason": ""}, "reproducibility": {"score": None, "reason": ""}}
    ask(notebook, one, "quality", "{}", dict(score))
    own = {two.manifest.image.sha256: {"artifacts": 1, "visual_realism": 0}}
    (found,) = qualities(store.records(), notebook.entries(), own)
    assert (found.model, found.pictures, found.by_models, found.by_student) == ("mini", 2, 2.0, 0.5)
    assert qualities(store.records(), [], {}) == []


def test_scores_that_are_none_or_no_numbers_do_not_count(tmp_path: Path):
    notebook = Notebook(tmp_path, "api-analysis", "ada")
    odd = {"a": {"score": True}, "b": {"score": "2"}, "c": "2", "d": {"score": 1}, "e": [1]}
    assert scores_of(record(notebook, task="quality", data=odd)) == [1]
    assert scores_of(record(notebook, task="describe", data=odd)) == []


def test_a_cost_is_said_with_where_it_is_known_from():
    t, french = translator("lab", "en"), translator("lab", "fr")
    usd = {"currency": "USD"}
    assert api_words.cost(t, Charge(amount=0.0021, origin="reported", **usd)) == (  # type: ignore[arg-type]
        "0.0021\u00a0USD (as the provider reports)"
    )
    assert "0,50\u00a0USD" in api_words.cost(french, Charge(amount=0.5, origin="price list", **usd))  # type: ignore[arg-type]
    assert api_words.cost(t, Charge(amount=None, origin="unknown", **usd)) == "unknown"  # type: ignore[arg-type]
    assert api_words.cost(t, Charge(amount=0, origin="free", **usd)) == "free"  # type: ignore[arg-type]
    assert api_words.cost(t, None) == "unknown"
    assert "cache" in api_words.cost(t, Charge(amount=0, origin="free", **usd), cached=True)  # type: ignore[arg-type]


def test_every_reason_has_words_and_an_unknown_one_stays_itself():
    from lab.providers import errors

    codes = [
        each.code
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.ProviderError) and hasattr(each, "code")
    ]
    assert len(codes) > 15
    for language in ("en", "fr"):
        t = translator("lab", language)  # type: ignore[arg-type]
        assert [code for code in codes if api_words.failure_words(t, code) == code] == []
        assert api_words.failure_words(t, "new_one") == "new_one"
        said = api_words.tried(t, [Tried(provider=p, model="m", reason="timed_out") for p in ("one", "two")])
        assert said.index("one") < said.index("two")

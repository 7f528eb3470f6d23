"""Providers' models through the gateway: for a lab and for any OpenAI client, by name, price and cost."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from openai import APIStatusError
from prometheus_client.parser import text_string_to_metric_families

from exercises.loader import find_assignment
from gateway.budgets import BudgetFile
from lab.jobs.analyse import ModelSelection
from lab.jobs.api_pictures import ApiPicture
from lab.jobs.generate import PictureSaved
from lab.providers.errors import KeyFile, ProviderError
from lab.providers.protocol import Alert, Answer, Call, Message, Piece
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from manifests.manifest import Charge
from manifests.pictures import open_picture
from manifests.png import pixels_sha256
from manifests.receipts import Keys, request_digest, verify
from manifests.store import Store
from tests.gateway.paying import (
    OWN,
    PLANTED,
    Class,
    PayingGateway,
    running,
    school,
    write_budgets,
    write_providers,
)
from tests.lab.providers.calls import CHANGE, DRAW, LOOK, PICTURE, Seen
from tests.lab.providers.server import PlayedProvider

LISTED = Call("vision", messages=LOOK.messages, provider="school", model="model-a")


@pytest.fixture
def played() -> Iterator[PlayedProvider]:
    with PlayedProvider(PLANTED) as server:
        yield server


@pytest.fixture
def paying(tmp_path: Path, played: PlayedProvider) -> Iterator[PayingGateway]:
    write_providers(tmp_path, school(played.url), OWN)
    write_budgets(tmp_path, {"student": 1.0, "class": 10.0, "day": 1.0, "groups": {"m1": 5.0}})
    with running(tmp_path, Class(groups={"ada": frozenset({"m1"})})) as gateway:
        yield gateway


def failed(gateway: PayingGateway, call: Call, name: str = "ada") -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        gateway.router(name).complete(call)
    return caught.value


def test_a_lab_is_answered_by_the_provider_and_its_student_charged(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    answer = paying.router().complete(LISTED)
    assert (answer.provider, answer.model, answer.text) == ("school", "model-a", "A red backpack on white.")
    assert answer.cost.micros == 140  # 100 tokens in, 20 out, as priced
    assert answer.cost.origin == "price list"
    (row,) = paying.ledger.entries()
    assert (row.student, row.counted, row.model) == ("ada", 140, "model-a")
    assert [b.counted for b in paying.ledger.budgets("ada", ["m1"])] == [140] * 4
    assert played.calls()[0].headers["authorization"].endswith("0123456789")


def test_a_lab_reads_text_in_pieces_types_and_pictures_as_on_a_laptop(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    router = paying.router()
    events = list(router.stream(LISTED))
    assert [event.text for event in events if isinstance(event, Piece)] == played.pieces
    last = events[-1]
    assert isinstance(last, Answer)
    assert (last.text, last.cost.micros) == ("A red backpack on white.", 140)
    typed = router.complete(replace(LISTED, answer_type=Seen))
    assert typed.data == Seen(object="backpack", colours=["red"])
    drawn = router.complete(replace(DRAW, provider="school", model="model-a"))
    assert drawn.pictures[0].data == played.picture  # byte for byte
    assert drawn.seeds == (7,)
    changed = router.complete(replace(CHANGE, provider="school", model="model-a"))
    assert changed.pictures[0].data == played.picture


def test_whoever_answers_first_may_be_left_to_the_gateway(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    assert paying.router().complete(LOOK).model == "model-a"
    played.always("401")
    described = (Message("system", "task: describe"), Message("user", "What is it?", (PICTURE,)))
    answer = paying.router().complete(Call("vision", messages=described))
    assert answer.provider == "bundled"  # the gateway's own analyser
    assert [each.reason for each in answer.tried] == ["wrong_key"]
    assert answer.cost.origin == "free"


def test_an_answer_given_before_costs_nobody_anything(paying: PayingGateway, played: PlayedProvider) -> None:
    paying.router("ada").complete(LISTED)
    again = paying.router("ben").complete(LISTED)
    assert again.cached
    assert (again.cost.micros, again.cost.origin) == (0, "free")
    assert len(played.calls()) == 1


def test_calls_costs_tokens_and_failing_keys_are_metrics_and_the_instructor_sees_what_fails(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    answer = paying.router("ada").complete(LISTED)
    paying.router("ben").complete(LISTED)  # out of the cache
    played.always("401")
    failed(paying, replace(LISTED, messages=(Message("user", "Another question"),)))
    told = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(paying.get("/metrics", "teacher").text)
        for sample in family.samples
    }
    whose = ("model-a", "school")
    assert told["genai_provider_calls_total", "answered", *whose] == 1
    assert told["genai_provider_calls_total", "cached", *whose] == 1
    assert told["genai_provider_calls_total", "failed", *whose] == 1
    assert told["genai_provider_cost_total", *whose] == pytest.approx(answer.cost.amount)
    assert told["genai_provider_tokens_total", "input", *whose] == answer.usage.input_tokens
    assert told[("genai_class_budget_used",)] > 0
    assert paying.get("/class", "teacher").json()["failures"] == {"wrong_key": 1}


def test_prices_are_shown_before_anything_is_sent(paying: PayingGateway, played: PlayedProvider) -> None:
    there = {each["id"]: each for each in paying.get("/v1/models").json()["data"]}
    assert {"school/model-a", "mini", "analyser"} <= set(there)
    assert float(there["school/model-a"]["pricing"]["prompt"]) * 1e6 == pytest.approx(1.0)
    vision = paying.router().choices("vision")
    assert [(each.provider, each.model, each.free) for each in vision] == [
        ("school", "model-a", False),
        ("gateway", "analyser", True),
    ]
    assert vision[0].price is not None
    assert (vision[0].price.input, vision[0].price.picture) == (1.0, 0.01)
    assert ("gateway", "mini") in [(each.provider, each.model) for each in paying.router().choices("edit")]
    assert not played.calls()


def test_spending_alerts_and_what_is_left_are_told_in_the_answer_and_on_request(
    paying: PayingGateway,
) -> None:
    drawing = Call("image", prompt="a cup", provider="school", model="model-a")
    cost = paying.router("ben").complete(drawing).cost.micros or 0
    assert 10_000 < cost < 11_000
    paying.budgets(student=cost * 2.3 / 1e6)
    assert paying.router().complete(drawing).alerts == ()
    answer = paying.router().complete(replace(drawing, prompt="a pot"))
    assert answer.alerts == (Alert("student", 80),)
    standing = paying.router().standing()
    assert (standing.currency, standing.budgets[0].counted) == ("USD", 2 * cost)
    assert [each.model for each in standing.entries] == ["model-a"] * 2
    assert len(paying.router("ben").standing().entries) == 1
    said = paying.get("/class/spending", "teacher").json()
    assert said["students"] == {"ada": 2 * cost, "ben": cost}
    assert [(each["of"], each["percent"]) for each in said["alerts"]] == [("ada", 80)]


def test_a_call_beyond_the_budget_is_not_sent_and_says_so_in_both_languages(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    paying.budgets(student=0.0001)
    error = failed(paying, LISTED)
    assert error.code == "over_budget"
    assert "your budget" in error.in_language("en")
    assert "votre budget" in error.in_language("fr")
    assert not error.maybe_charged
    assert not played.calls()
    with pytest.raises(APIStatusError) as refused:
        paying.openai().chat.completions.create(
            model="school/model-a", messages=[{"role": "user", "content": "What?"}]
        )
    assert refused.value.status_code == 402
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert not played.calls()
    seen = paying.get("/class/spending", "teacher").json()
    assert [(each["of"], each["percent"]) for each in seen["alerts"]] == [("ada", 100)]
    assert paying.get("/class/spending").status_code == 403


def test_the_instructors_change_counts_with_the_next_call_and_a_slip_of_the_pen_stops_all_that_costs(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    paying.budgets(student=0)
    assert failed(paying, LISTED).code == "over_budget"
    paying.budgets(student=1)
    paying.router().complete(LISTED)
    for wrong in ("student = many", "student = -1", "stundent = 1", "x" * 300_000):
        (paying.state / "budgets.toml").write_text(wrong)
        assert failed(paying, replace(LISTED, max_output_tokens=7)).code == "no_budgets"
    (paying.state / "budgets.toml").unlink()
    assert failed(paying, replace(LISTED, max_output_tokens=7)).code == "no_budgets"
    assert len(played.calls()) == 1


@pytest.mark.parametrize(
    ("fault", "code", "may_have_cost"),
    [
        ("401", "wrong_key", False),
        ("404 model", "retired_model", False),
        ("400", "bad_request", False),
        ("moderated", "moderated", False),
        ("refusal", "refused_prompt", True),
        ("cut", "cut_answer", True),
        ("reset", "broken_off", True),
        ("truncated json", "malformed_answer", True),
    ],
)
def test_a_providers_failure_reaches_the_lab_as_on_a_laptop_and_no_charge_is_lost(
    paying: PayingGateway, played: PlayedProvider, fault: str, code: str, may_have_cost: bool
) -> None:
    played.always(fault)
    error = failed(paying, LISTED)
    assert error.code == code
    assert (error.cost is not None) is may_have_cost
    counted = paying.ledger.budgets("ada")[0].counted
    assert counted == (error.cost.at_most if error.cost else 0)
    assert len(played.calls()) == 1  # nobody asks again what may have been paid


def test_an_openai_client_streams_and_sees_what_it_cost(paying: PayingGateway) -> None:
    client = paying.openai("ben")
    whole = client.chat.completions.create(
        model="school/model-a", messages=[{"role": "user", "content": "What?"}], temperature=0.5
    )
    assert whole.choices[0].message.content == "A red backpack on white."
    assert whole.model_extra is not None
    assert whole.model_extra["genai_cost"]["amount"] == 0.00014
    assert whole.model_extra["genai_cost"]["left"] == pytest.approx(1 - 0.00014)
    chunks = list(
        client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": "What now?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert (
        "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "A red backpack on white."
    )
    said = client.responses.create(model="school/model-a", input="And now?")
    assert said.output_text == "A red backpack on white."
    events = list(client.responses.create(model="school/model-a", input="And then?", stream=True))
    assert events[-1].type == "response.completed"
    made = client.images.generate(model="school/model-a", prompt="a cup")
    assert made.data
    assert made.model_extra is not None
    assert made.model_extra["genai_cost"]["origin"] == "price list"
    assert client.models.retrieve("school/model-a").id == "school/model-a"


def test_a_providers_picture_has_a_receipt_of_what_the_lab_will_record(
    paying: PayingGateway, played: PlayedProvider, tmp_path: Path
) -> None:
    store = Store(tmp_path / "work", "api-analysis", "ada")
    job = ApiPicture(
        store, paying.router(), "studio", "studio", "a cup", ModelSelection("school", "model-a"), "256x256", 7
    )
    saved = list(job.events())[-1]
    assert isinstance(saved, PictureSaved)
    manifest = saved.record.manifest
    assert manifest.receipt is not None
    keys = Keys.model_validate(paying.get("/receipts/keys").json())
    receipt, pixels = verify(manifest.receipt, keys)
    assert (receipt.student, receipt.kind, receipt.model) == ("ada", "drawn", "model-a")
    assert pixels == pixels_sha256(open_picture(played.picture))
    assert receipt.request == request_digest(manifest.request)
    assert isinstance(manifest.cost, Charge)
    assert (manifest.model.repository, manifest.cost.origin) == ("school", "price list")


def test_what_the_instructor_does_not_offer_is_not_asked(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    for name in ("school/model-b", "elsewhere/model-a", "bundled/analyser", "school/", "../x"):
        with pytest.raises(APIStatusError) as refused:
            paying.openai().chat.completions.create(
                model=name, messages=[{"role": "user", "content": "What?"}]
            )
        assert refused.value.status_code == 404
    assert not played.calls()


def test_a_client_chooses_nothing_that_lets_a_call_cost_more_than_was_set_aside(
    paying: PayingGateway, played: PlayedProvider
) -> None:
    paying.openai().chat.completions.create(
        model="school/model-a",
        messages=[{"role": "user", "content": "What?"}],
        max_tokens=10,
        extra_body={
            "max_completion_tokens": 10,
            "best_of": 50,
            "service_tier": "priority",
            "web_search": True,
        },
    )
    paying.openai().images.generate(
        model="school/model-a", prompt="a cup", quality="high", extra_body={"background": "transparent"}
    )
    chat, picture = (call.json() for call in played.calls())
    assert set(chat) == {"model", "messages", "max_tokens"}
    assert set(picture) == {"model", "prompt", "n"}


def test_a_form_for_the_answer_counts_as_what_is_sent(paying: PayingGateway) -> None:
    schema = {"type": "object", "properties": {"x" * 2000: {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": False}}
    for more in ({}, {"response_format": form}):
        paying.openai().chat.completions.create(
            model="school/model-a",
            messages=[{"role": "user", "content": "What?"}],
            max_tokens=11,
            extra_body=more,
        )
    with_form, without = (row.reserved for row in paying.ledger.entries())
    assert with_form >= without + 2000


def test_keys_are_in_no_answer_log_or_file_but_their_own(
    tmp_path: Path,
    played: PlayedProvider,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    write_providers(tmp_path, school(played.url))
    said: list[str] = []
    with running(tmp_path) as gateway:
        for fault in ("ok", "400", "401", "500", "embedded error", "html", "reset"):
            played.always(fault)
            for call in (LISTED, replace(DRAW, provider="school", model="model-a", prompt=f"a {fault}")):
                question = Message("user", f"What of {fault}?")
                asked = replace(call, messages=(question,)) if call.kind == "vision" else call
                for ask in (gateway.router().complete, lambda each: list(gateway.router().stream(each))):
                    try:
                        said.append(repr(ask(asked)))
                    except ProviderError as error:
                        said += [
                            repr(error),
                            str(vars(error)),
                            error.in_language("en"),
                            error.in_language("fr"),
                        ]
        for path in (
            "/v1/models",
            "/v1/spending",
            "/class/spending",
            "/class",
            "/metrics",
            "/v1/openapi.json",
        ):
            said.append(gateway.get(path, "teacher").text)
        said.append(repr(vars(gateway.gateway)))
    out, err = capfd.readouterr()
    said += [caplog.text, out, err]
    assert not [text for text in said if PLANTED in text]
    files = [file for file in tmp_path.rglob("*") if file.is_file() and PLANTED.encode() in file.read_bytes()]
    assert files == [tmp_path / "providers.env"]
    assert len(played.calls()) > 10


def test_a_key_that_others_can_read_lets_no_gateway_start(tmp_path: Path, played: PlayedProvider) -> None:
    write_providers(tmp_path, school(played.url))
    (tmp_path / "providers.env").chmod(0o644)
    with pytest.raises(KeyFile, match="chmod 600"), running(tmp_path):
        pass


def test_what_the_gateway_keeps_about_money_is_for_its_account_alone(paying: PayingGateway) -> None:
    paying.router().complete(LISTED)
    assert (paying.state / "providers.env").stat().st_mode & 0o077 == 0


def test_the_first_budgets_are_those_of_the_settings_or_small_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = BudgetFile(tmp_path / "one.toml")()
    assert (first.student, first.class_, first.day) == (2_000_000, 20_000_000, 1_000_000)
    assert (tmp_path / "one.toml").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("GENAI_BUDGET_STUDENT", "3.5")
    second = BudgetFile(tmp_path / "two.toml")()
    assert (second.student, second.class_, second.day) == (3_500_000, None, None)


def test_the_most_a_usual_call_costs_is_known_before_it_is_sent(paying: PayingGateway) -> None:
    vision, edit = paying.router().choices("vision")[0], paying.router().choices("edit")[0]
    assert 1000 < vision.most < 10_000  # micros: a picture, a question, and a long answer
    assert 10_000 < edit.most < 20_000
    assert vision.currency == "USD"
    asked = paying.router().complete(LISTED)
    assert (asked.cost.micros or 0) <= vision.most


def test_a_lab_below_a_gateway_reads_no_key_and_keeps_no_ledger(
    paying: PayingGateway, played: PlayedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-student-0123456789")
    monkeypatch.setenv("GENAI_BUDGET_STUDENT", "999999")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "ada-token")
    paying.budgets(student=0)
    settings = LabSettings(gateway=paying.url)
    lab = Lab(settings, find_assignment("api-analysis"), tmp_path / "work", "somebody-else", None)  # type: ignore[arg-type]
    assert {each.provider for each in lab.router.choices("image")} == {"school", "gateway"}
    with pytest.raises(ProviderError) as refused:
        lab.router.complete(LISTED)
    assert refused.value.code == "over_budget"
    paying.budgets(student=1)
    lab.router.complete(LISTED)
    assert set(paying.ledger.spent_by_student()) == {"ada"}  # as the token says, not the lab
    assert not list((tmp_path / "work").rglob("ledger*"))
    lab.router.close()

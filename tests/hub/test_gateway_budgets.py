"""The form of the budgets: saving changes what was typed and nothing else, and an amount is read honestly."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from markupsafe import Markup

from exercises.i18n import LANGUAGES, Language, translator
from gateway.budgets import BudgetFile, Budgets
from hub.class_page.shared import GatewayClient, Shared
from hub.gateway_budgets import BudgetForm, NotAnAmount, body_of, form_of
from hub.gateway_page import page_content
from tests.gateway.paying import running

FILE = """\
class = 1234.125  # three digits behind the point
student = 0.005
day = 0.0000001

[students]
"jane.doe" = 5
"ben" = 1.000
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_saving_the_form_leaves_limits_that_nobody_touched_as_they_are(
    tmp_path: Path, language: Language
) -> None:
    file = BudgetFile(tmp_path / "budgets.toml")
    file.file.write_text(FILE, encoding="utf-8")
    budgets, version = file.read()
    told = {
        "budgets": budgets.model_dump(mode="json", by_alias=True),
        "version": version,
        "currency": "EUR",
        "wrong": None,
    }
    form = form_of(told, language)
    assert form.own[1].amount == ("5,00" if language == "fr" else "5.00")
    asked = body_of(form, translator("hub", language))["budgets"]
    file.write(Budgets.model_validate(asked), version)
    kept = file.file.read_text(encoding="utf-8")
    assert kept.startswith(FILE)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("0,85", "0.85"),
        ("12.5", "12.5"),
        ("0.125", "0.125"),
        ("1000", "1000"),
        ("1 000", "1000"),
        ("1\u202f000,50", "1000.50"),
        ("1,000.50", "1000.50"),
        ("1.000,50", "1000.50"),
        ("1,000,000", "1000000"),
        ("1.1250", "1.1250"),
    ],
)
def test_an_amount_is_read_as_it_is_written(typed: str, amount: str) -> None:
    body = body_of(BudgetForm(class_=typed), translator("hub", "en"))
    assert Decimal(body["budgets"]["class"]) == Decimal(amount)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("typed", ["1,000", "1.000", "999,999"])
def test_an_amount_that_can_be_read_in_two_ways_is_refused_with_both(typed: str, language: Language) -> None:
    with pytest.raises(NotAnAmount) as error:
        body_of(BudgetForm(class_=typed), translator("hub", language))
    assert typed in str(error.value)
    assert typed.replace(",", "").replace(".", "") in str(error.value)


@pytest.mark.parametrize("typed", ["1,00,000", "-1", "1e3", "NaN", "1,000,001", "1.000.000,00,5", "plenty"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAmount):
        body_of(BudgetForm(class_=typed), translator("hub", "en"))


def test_an_error_in_place_of_the_budgets_leaves_the_page_without_a_form(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        refused = gateway.get("/class/budgets", "ada").json()  # as where one asks too often
    assert "error" in refused
    assert form_of(refused, "en") == BudgetForm()


def test_a_wrong_file_of_budgets_leaves_the_pages_their_figures_and_buttons(tmp_path: Path) -> None:
    with running(tmp_path) as gateway:
        (tmp_path / "budgets.toml").write_text("class = much\n", encoding="utf-8")
        answer = gateway.get("/class/spending", "teacher")
        assert answer.status_code == 200, answer.text
        state, spending = gateway.get("/class", "teacher").json(), answer.json()
        own = gateway.get("/v1/spending")
        assert (own.status_code, own.json()["error"]["code"]) == (503, "no_budgets")
        assert asyncio.run(_looked(gateway.url)) is not None
    for language in LANGUAGES:
        t = translator("hub", language)
        page = page_content(state, spending, t, Markup(""))
        assert 'value="pause"' in page
        assert t("gateway.budgets_unread") in page


async def _looked(url: str) -> Shared | None:
    client = GatewayClient(url, "teacher-token")
    try:
        return await client.look()
    finally:
        await client.close()

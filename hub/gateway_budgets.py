"""The form of the class's budgets on the instructors' page about the gateway.

What is shown comes from `GET /class/budgets` of the gateway, what is sent goes to `PUT /class/budgets`; the
gateway decides. What was typed is shown again with what is wrong about it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from exercises.i18n import Language, Translator, decimal

KINDS = ("students", "groups")  # whose limits differ
Kind = Literal["students", "groups"]
MOST_ROWS = 7000

_PLAIN = re.compile(r"[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+")
_EITHER = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")  # thousands to some, thousandths to others
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?P<apart>[ \u202f\xa0.,])[0-9]{3}(?:(?P=apart)[0-9]{3})*(?:(?!(?P=apart))[.,][0-9]+)?"
)


@dataclass
class OwnLimit:
    """A line for one student or one group, as typed."""

    kind: str
    name: str
    amount: str


@dataclass
class BudgetForm:
    """The form as typed or as it is; empty amounts are no limit. `wrong`: why it cannot be set just now."""

    class_: str = ""
    student: str = ""
    day: str = ""
    own: list[OwnLimit] = field(default_factory=list)
    version: str = ""
    currency: str = ""
    wrong: str = ""
    error: str = ""


class NotAnAmount(Exception):
    """Holds the text, translated, that says which field is wrong."""


def form_of(told: Mapping[str, Any] | None, language: Language) -> BudgetForm:
    """The form of what the gateway said; without an answer, or with an error, there is nothing to fill in."""
    if told is None or "budgets" not in told:
        return BudgetForm()
    if told["budgets"] is None:
        return BudgetForm(currency=told["currency"], wrong=told["wrong"])
    budgets = told["budgets"]

    def shown(amount: str | None) -> str:
        return "" if amount is None else decimal(_all_digits(Decimal(amount)), language)

    own = [
        OwnLimit(kind, name, shown(amount))
        for kind in KINDS
        for name, amount in sorted(budgets[kind].items())
    ]
    class_, student, day = (shown(budgets[name]) for name in ("class", "student", "day"))
    return BudgetForm(class_, student, day, own, told["version"], told["currency"])


def form_from(fields: Callable[[str], list[str]]) -> BudgetForm:
    """The form as it was sent; `fields` gives all values of a name."""

    def one(name: str) -> str:
        return next(iter(fields(name)), "").strip()

    rows = zip(fields("kind"), fields("name"), fields("amount"), strict=False)
    own = [OwnLimit(kind, name.strip(), amount.strip()) for kind, name, amount in rows]
    own = [row for row in own if row.name or row.amount][:MOST_ROWS]
    return BudgetForm(one("class"), one("student"), one("day"), own, one("version"))


def body_of(form: BudgetForm, t: Translator) -> dict[str, Any]:
    """What the gateway is asked for. Raises NotAnAmount."""
    told: dict[str, Any] = {kind: {} for kind in KINDS}
    for row in form.own:
        if row.kind not in KINDS or not row.name:
            raise NotAnAmount(t("gateway.whose_limit", amount=row.amount))
        amount = _amount(row.amount, row.name, t)
        if amount is not None:
            told[row.kind][row.name] = amount
    for name, typed in (("class", form.class_), ("student", form.student), ("day", form.day)):
        told[name] = _amount(typed, t(f"gateway.limit_{name}"), t)
    return {"budgets": told, "version": form.version}


def _amount(typed: str, what: str, t: Translator) -> str | None:
    """A number with a point or a comma, its thousands apart or not; None where nothing was typed."""
    if not typed:
        return None
    if _EITHER.fullmatch(typed):
        part = decimal(f"{Decimal(typed.replace(',', '.')):.2f}", t.language)
        whole = re.sub("[.,]", "", typed)
        raise NotAnAmount(t("gateway.may_be_thousands", what=what, typed=typed, part=part, whole=whole))
    grouped = _GROUPED.fullmatch(typed)
    digits = typed.replace(grouped["apart"], "") if grouped else typed
    if not _PLAIN.fullmatch(digits) or not (amount := Decimal(digits.replace(",", "."))) <= 1_000_000:
        raise NotAnAmount(t("gateway.not_an_amount", what=what, typed=typed[:40]))
    return f"{amount:f}"


def _all_digits(amount: Decimal) -> str:
    """An amount with two decimals or as many as it has, so that saving it changes nothing.

    With three of them it gets a fourth, as three digits behind a sign may be read as thousands.
    """
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{4 if places == 3 else places}f}"

"""`GET /v1/spending`: how who asks stands. For instructors `GET /class/spending`: how the class does, and
`GET` and `PUT /class/budgets`: what it may spend.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from exercises.errors import UserError
from exercises.i18n import nearest_language
from gateway.budgets import BudgetFile, Budgets, BudgetsChanged
from gateway.class_routes import only_instructors
from gateway.gate import person_of
from gateway.provided import ProviderModels
from gateway.provided_words import ProviderRefused
from lab.endpoint.errors import ApiError
from lab.providers.errors import NoBudgets


class BudgetsTold(BaseModel):
    """The budgets as they are. `version` goes back with a change, which so undoes nobody else's."""

    budgets: Budgets | None  # None where the file is wrong
    version: str
    currency: str
    wrong: str | None = None  # where and what, in the language of who asks


class BudgetsAsked(BaseModel):
    """The budgets as they shall be."""

    budgets: Budgets
    version: str = Field(max_length=64)


def router(providers: ProviderModels, budgets: BudgetFile) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/v1/spending")
    def standing(request: Request) -> dict[str, Any]:
        """One's budgets and newest calls; amounts in millionths of the currency's unit."""
        try:
            return asdict(providers.standing(person_of(request)))
        except NoBudgets as error:
            raise ProviderRefused(error, None) from error

    @routes.get("/class/spending", dependencies=[Depends(only_instructors)])
    def of_class() -> dict[str, Any]:
        """What each has spent, the alerts so far, and the limits that hold (None: their file is wrong)."""
        ledger = providers.router.ledger
        try:
            limits = asdict(ledger.limits)
        except NoBudgets:
            limits = None
        return {
            "currency": ledger.currency,
            "limits": limits,
            "students": ledger.spent_by_student(),
            "alerts": [
                {"budget": alert.budget, "percent": alert.percent, "of": scope, "time": when}
                for alert, scope, when in ledger.alerts_raised()
            ],
        }

    @routes.get("/class/budgets", dependencies=[Depends(only_instructors)])
    def told_limits(request: Request) -> BudgetsTold:
        """What the file says, or what is wrong with it."""
        currency = providers.router.ledger.currency
        try:
            told, version = budgets.read()
        except UserError as error:
            wrong = error.in_language(nearest_language(request.headers.get("accept-language")))
            return BudgetsTold(budgets=None, version="", currency=currency, wrong=wrong)
        return BudgetsTold(budgets=told, version=version, currency=currency)

    @routes.put("/class/budgets", dependencies=[Depends(only_instructors)])
    def set_limits(asked: BudgetsAsked, request: Request) -> BudgetsTold:
        """Change the file; it counts with the next call."""
        try:
            budgets.write(asked.budgets, asked.version)
        except BudgetsChanged as error:
            raise ApiError(409, "budgets_changed") from error
        except UserError as error:
            raise ApiError(409, "budgets_wrong", reason=error) from error
        return told_limits(request)

    return routes

"""`GET /v1/spending`: how who asks stands; `GET /class/spending`: how the class does, for its instructors."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, Request

from gateway.class_routes import only_instructors
from gateway.gate import person_of
from gateway.provided import ProviderModels


def router(providers: ProviderModels) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/v1/spending")
    def standing(request: Request) -> dict[str, Any]:
        """One's budgets and newest calls; amounts in millionths of the currency's unit."""
        return asdict(providers.standing(person_of(request)))

    @routes.get("/class/spending", dependencies=[Depends(only_instructors)])
    def of_class() -> dict[str, Any]:
        """What each student has spent, the alerts so far, and the limits that hold."""
        ledger = providers.router.ledger
        return {
            "currency": ledger.currency,
            "limits": asdict(ledger.limits),
            "students": ledger.spent_by_student(),
            "alerts": [
                {"budget": alert.budget, "percent": alert.percent, "of": scope, "time": when}
                for alert, scope, when in ledger.alerts_raised()
            ],
        }

    return routes

"""Builds a router from the settings: providers, ledger, budgets and cache, for one student's work."""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from exercises.errors import SystemReason
from lab.providers.address import Address
from lab.providers.cache import Cache
from lab.providers.class_router import ClassRouter
from lab.providers.configuration import load_configuration
from lab.providers.errors import LedgerFailed
from lab.providers.ledger import Ledger
from lab.providers.prices import micros
from lab.providers.router import Router
from lab.providers.settings import ProviderSettings
from lab.providers.spending import BudgetLimits

AnyRouter = Router | ClassRouter  # of a laptop alone, or below a gateway


def budget_limits(settings: ProviderSettings) -> BudgetLimits:
    """The budgets of the settings, in micros."""
    student, class_, day = (
        None if budget is None else micros(budget)
        for budget in (settings.budget_student, settings.budget_class, settings.budget_day)
    )
    return BudgetLimits(student, class_, day)


def open_router(
    work: Path, student: str, addresses: Mapping[str, Callable[[], Address]] | None = None
) -> Router:
    """Raises ExerciseError where the providers' file is wrong, ValidationError where a setting is,
    LedgerFailed where the ledger cannot be used.

    `addresses`: by provider's name, what only this process knows (`{"bundled": lambda: ...}`).
    """
    settings = ProviderSettings()
    configuration = load_configuration(settings.providers)
    limits = budget_limits(settings)
    path = settings.ledger or work / "ledger.sqlite"
    try:
        ledger = Ledger(path, class_=settings.class_, limits=limits, currency=configuration.currency)
    except (OSError, sqlite3.Error) as error:
        raise LedgerFailed(
            path=path, reason=SystemReason(error) if isinstance(error, OSError) else error
        ) from error
    folder = settings.answers or work / ".cache" / "answers"
    cache = Cache(folder, settings.answers_mib * 2**20) if settings.answers_mib else None
    return Router(configuration, ledger, student=student, cache=cache, addresses=addresses)

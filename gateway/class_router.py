"""The class's router, on what the gateway keeps in its state: keys, providers, budgets, ledger and answers.

providers.env     the keys, as NAME=key; for the gateway's account alone
providers.toml    who is asked, where it is not the built-in file (or GENAI_PROVIDERS)
budgets.toml      what may be spent: `budgets`
ledger.sqlite     what was
answers/          answers to give again; may be deleted
"""

import sqlite3
from pathlib import Path

from pydantic import SecretStr

from exercises.errors import SystemReason
from gateway.budgets import BudgetFile
from lab.endpoint.server import Loopback
from lab.providers.address import Address
from lab.providers.cache import Cache
from lab.providers.configuration import Configuration, load_configuration
from lab.providers.errors import KeyFile, LedgerFailed
from lab.providers.keys import find_key
from lab.providers.ledger import Ledger
from lab.providers.retrying import Policy
from lab.providers.router import Router
from lab.providers.settings import ProviderSettings

OWN = (
    "bundled"  # the provider that is this gateway: it stands behind `auto`, and is asked by its models' names
)


def open_class_router(
    state: Path, own: Loopback, budgets: BudgetFile, policy: Policy | None = None
) -> Router:
    """`own` looks at pictures where nobody else can. Raises UserError where a file is not in order."""
    settings = ProviderSettings()
    told = state / "providers.toml"
    configuration = _own_looks_only(load_configuration(told if told.exists() else settings.providers))
    keys = state / "providers.env"
    for provider in configuration.providers:
        if provider.key:
            _check_key(provider.name, provider.key, keys)
    path = state / "ledger.sqlite"
    try:
        ledger = Ledger(path, class_=settings.class_, limits=budgets, currency=configuration.currency)
    except (OSError, sqlite3.Error) as error:
        raise LedgerFailed(
            path=path, reason=SystemReason(error) if isinstance(error, OSError) else error
        ) from error
    cache = Cache(state / "answers", settings.answers_mib * 2**20) if settings.answers_mib else None
    return Router(
        configuration,
        ledger,
        student="",
        cache=cache,
        addresses={OWN: lambda: Address(own.url, SecretStr(own.token))},
        env_place=keys,
        policy=policy,
    )


def _check_key(provider: str, name: str, keys: Path) -> None:
    """Raises KeyFile, also for a file that others can read."""
    try:
        find_key(name, place=keys)
    except KeyFile as error:
        raise error.at(provider, "") from None


def _own_looks_only(configuration: Configuration) -> Configuration:
    """The same, where the bundled provider only looks at pictures: what the class draws goes by its queue."""
    providers = []
    for provider in configuration.providers:
        if provider.name == OWN:
            work = {kind: each for kind, each in provider.work.items() if kind == "vision"}
            if not work:
                continue
            provider = provider.model_copy(update={"work": work})
        providers.append(provider)
    return configuration.model_copy(update={"providers": tuple(providers)})

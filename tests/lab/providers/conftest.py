"""Routers on played providers: `playing()` for servers, `route(...)` for a router on them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.providers.cache import Cache
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger
from lab.providers.retrying import Policy
from lab.providers.router import Router
from lab.providers.spending import BudgetLimits
from tests.lab.providers.server import PlayedProvider

QUICK = Policy(attempts=3, first_wait=0.01, longest_wait=2.0, failures=1000, rest=60.0)
PRICE = {"input": 1.0, "output": 2.0, "picture": 0.01, "tokens_per_image": 1000, "tokens_per_picture": 0}


@pytest.fixture
def playing() -> Iterator[Callable[..., PlayedProvider]]:
    """Starts played providers, and closes them after the test."""
    servers: list[PlayedProvider] = []

    def start(key: str = "", **options: Any) -> PlayedProvider:
        servers.append(PlayedProvider(key, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def entry(name: str, url: str, **changes: Any) -> dict[str, Any]:
    """A provider's entry in the configuration: one model for all kinds of work, priced."""
    work = {
        "vision": {"models": ["model-a"]},
        "image": {"models": ["model-a"], "seed": True},
        "edit": {"models": ["model-a"], "seed": True},
    }
    return {"name": name, "base_url": url, "work": work, "prices": {"model-a": PRICE}} | changes


@pytest.fixture
def route(tmp_path: Path) -> Iterator[Callable[..., Router]]:
    """Makes routers on these entries; ledger and cache in the test's folder."""
    routers: list[Router] = []

    def make(
        *entries: dict[str, Any],
        limits: BudgetLimits | None = None,
        cache: bool = False,
        policy: Policy = QUICK,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> Router:
        routers.append(
            Router(
                Configuration.model_validate({"providers": entries}),
                Ledger(tmp_path / "ledger.sqlite", limits=limits),
                student="jane",
                cache=Cache(tmp_path / "answers", 2**20) if cache else None,
                policy=policy,
                environment=environment or {},
                env_place=tmp_path,
                **options,
            )
        )
        return routers[-1]

    yield make
    for router in routers:
        router.close()

"""What the class's gateway says of each student: what was spent, and how many pictures wait.

The gateway belongs to the Hub, so its word counts; an answer that is none is as if there was none.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx2

SECONDS = 10.0


@dataclass(frozen=True)
class Shared:
    """By student; amounts in millionths of the currency's unit. Who is not named has none."""

    currency: str
    spent: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    limit: int | None = None  # of those without one of their own
    waiting: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)

    def limit_of(self, user: str) -> int | None:
        return self.limits.get(user, self.limit)


class GatewayClient:
    """Asks the gateway with the token it shares with the Hub."""

    def __init__(self, address: str, token: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS, trust_env=False
        )

    async def look(self) -> Shared | None:
        try:
            state, spending = await asyncio.gather(self._get("/class"), self._get("/class/spending"))
            students = state["students"]
            limits = spending["limits"] or {"students": {}, "student": None}  # None: the file is wrong
            return Shared(
                currency=str(spending["currency"]),
                spent=spending["students"],
                limits=limits["students"],
                limit=limits["student"],
                waiting={each["student"]: each["waiting"] for each in students},
                drawn={each["student"]: each["pictures"] for each in students},
            )
        except (httpx2.HTTPError, ValueError, KeyError, TypeError):
            return None

    async def _get(self, path: str) -> Any:
        answer = await self._http.get(path)
        answer.raise_for_status()
        return answer.json()

    async def close(self) -> None:
        await self._http.aclose()

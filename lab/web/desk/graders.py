"""Whose submissions somebody may judge, by the Hub's own word.

Instructors, who are the Hub's admins, judge everyone's. A group's properties name its graders
(`properties["genai_lab"]["graders"]`, written by `genai-lab cohort graders`), who judge those in it. All
others judge nobody's. What the Hub said is taken for some seconds, so rights that are taken back end soon.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from grading.desk.visitor import Visitor
from lab.web.singleuser.access import HubUnreachable

HOLDS = 5.0  # seconds
PATIENCE = 10.0
PAGE = 200  # groups that are asked for at once
MOST_KNOWN = 1000  # people remembered
PAGINATED = "application/jupyterhub-pagination+json"


class _OurData(BaseModel):
    model_config = ConfigDict(extra="ignore")

    graders: frozenset[str] = frozenset()


class _Properties(BaseModel):
    model_config = ConfigDict(extra="ignore")

    genai_lab: _OurData = Field(default_factory=_OurData)


class _Group(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    users: frozenset[str] = frozenset()
    properties: dict[str, Any] = {}

    def is_graded_by(self, name: str) -> bool:
        """Properties that cannot be understood name nobody."""
        try:
            return name in _Properties.model_validate(self.properties).genai_lab.graders
        except ValidationError:
            return False


@dataclass
class Graders:
    """Asks the Hub with the desk's own token; many requests at once ask it once."""

    api_url: str
    token: SecretStr
    clock: Callable[[], float] = time.monotonic
    _groups: tuple[float, list[_Group]] | None = None
    _teaches: dict[str, tuple[float, bool | None]] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def visitor(self, name: str) -> Visitor | None:
        """What a user of the Hub may see; None for nothing. Raises HubUnreachable."""
        async with self._lock:
            teaches = await self._is_admin(name)
            if teaches is None:
                return None
            if teaches:
                return Visitor(name)
            given = [group for group in await self._all_groups() if group.is_graded_by(name)]
        if not given:
            return None
        students = frozenset(student for group in given for student in group.users)
        return Visitor(name, students, tuple(sorted(group.name for group in given)))

    async def _is_admin(self, name: str) -> bool | None:
        """None for whom the Hub does not know."""
        known = self._teaches.get(name)
        if known is None or self.clock() - known[0] >= HOLDS:
            said = await self._ask(f"users/{quote(name, safe='')}")
            if len(self._teaches) >= MOST_KNOWN:
                self._teaches.clear()
            admin = None if said is None else said.get("admin") is True
            known = self._teaches[name] = self.clock(), admin
        return known[1]

    async def _all_groups(self) -> list[_Group]:
        if self._groups is None or self.clock() - self._groups[0] >= HOLDS:
            found: list[_Group] = []
            offset: int | None = 0
            while offset is not None:
                said = await self._ask("groups", {"offset": offset, "limit": PAGE})
                try:
                    found += [_Group.model_validate(each) for each in (said or {})["items"]]
                    following = (said or {})["_pagination"]["next"]
                    offset = int(following["offset"]) if following else None
                except (KeyError, TypeError, ValueError) as error:
                    raise HubUnreachable from error
            self._groups = self.clock(), found
        return self._groups[1]

    async def _ask(self, path: str, query: dict[str, int] | None = None) -> dict[str, Any] | None:
        """What the Hub says; None where it knows no such thing."""
        import httpx2

        headers = {"Authorization": f"token {self.token.get_secret_value()}", "Accept": PAGINATED}
        try:
            async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
                answer = await client.get(
                    f"{self.api_url.rstrip('/')}/{path}", params=query or {}, headers=headers
                )
            if answer.status_code == 404:
                return None
            said = answer.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise HubUnreachable from error
        if answer.status_code != 200 or not isinstance(said, dict):
            raise HubUnreachable
        return said

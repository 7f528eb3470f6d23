"""The Hub's REST API, as far as the cohort tools need it: all pages, and again where that helps.

What the Hub is too busy for (429, 502, 503, 504) or what does not reach it is asked again, after as
long as it says, for a bounded time; everything asked for here may be asked twice. What it refuses
is a `HubRefused` with its own words.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urljoin

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential_jitter,
)

from exercises.i18n import preferred_language
from hub.cohort.errors import CohortError

PATIENCE = 60  # seconds in which something is asked again
LONGEST_WAIT = 120  # seconds between two attempts, whatever the Hub says
BUSY = (429, 502, 503, 504)
PAGE = 200  # users or groups in one answer; the Hub may give fewer
PAGES = "application/jupyterhub-pagination+json"
_TIMEOUT = httpx.Timeout(30, read=300)  # making 300 accounts is one request
_BACK_OFF = wait_exponential_jitter(initial=0.5, max=15)

Model = TypeVar("Model", bound=BaseModel)


class HubRefused(CohortError):
    """The Hub said no. `status` is HTTP's; `values["message"]` its words, tamed."""

    status = 0


class HubBusy(HubRefused):
    """The Hub cannot now; `retry_after` is its wish in seconds, where it said one."""

    retry_after: float | None = None


class HubUnreachable(CohortError):
    """No answer, or none that a JupyterHub would give."""


class Server(BaseModel):
    """A student's lab as the Hub sees it. `state` is what its spawner tells of itself."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ready: bool = False
    pending: str | None = None
    url: str = ""
    started: AwareDatetime | None = None
    last_activity: AwareDatetime | None = None
    user_options: dict[str, Any] | None = None
    state: dict[str, Any] | None = None


class User(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    admin: bool = False
    groups: tuple[str, ...] = ()
    last_activity: AwareDatetime | None = None
    servers: dict[str, Server] = Field(default_factory=dict)  # those that run, or are about to

    @property
    def server(self) -> Server | None:
        """The default server, which is the lab; None while it does not run."""
        return self.servers.get("")


class Group(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    users: tuple[str, ...] = ()
    properties: dict[str, Any] = Field(default_factory=dict)


class Hub:
    """`async with Hub(address, token) as hub:`. Raises HubRefused or HubUnreachable from every method."""

    def __init__(self, address: str, token: str, *, patience: float = PATIENCE) -> None:
        self.address = address
        self._patience = patience
        self._http = httpx.AsyncClient(
            base_url=f"{address}/hub/api/",
            headers={"Authorization": f"token {token}", "Accept-Language": preferred_language()},
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None),  # one stream for each lab that starts
        )

    async def __aenter__(self) -> Self:
        """Looks once whether there is a Hub and whether it knows the token."""
        try:
            answer = await self._ask("GET", "user", patience=0, accept=(404,))
            if answer.status_code == 404 or not isinstance(_json(answer), dict):
                raise HubUnreachable("cohort.no_hub", url=self.address)
        except BaseException:
            await self._http.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def users(self) -> list[User]:
        """Everyone the Hub knows."""
        items = [item async for item in self._pages("users")]
        if any(isinstance(item, dict) and "servers" not in item for item in items):
            # the Hub leaves out what the token may not see, as if no lab ran
            raise HubRefused("cohort.forbidden", status=403, message="read:servers")
        return [_model(User, item) for item in items]

    async def groups(self) -> dict[str, Group]:
        return {group.name: group async for group in self._groups()}

    async def create_users(self, names: list[str]) -> None:
        await self._ask("POST", "users", json={"usernames": names}, accept=(409,))

    async def create_group(self, name: str) -> None:
        await self._ask("POST", f"groups/{_part(name)}", json={}, accept=(409,))

    async def add_to_group(self, name: str, users: list[str]) -> None:
        await self._ask("POST", f"groups/{_part(name)}/users", json={"users": users})

    async def set_properties(self, group: str, properties: dict[str, Any]) -> None:
        """Replaces all of the group's properties."""
        await self._ask("PUT", f"groups/{_part(group)}/properties", json=properties)

    async def server(self, user: str) -> Server | None:
        """The user's lab, also one that is stopped; None where there never was one."""
        answer = await self._ask("GET", f"users/{_part(user)}/server", accept=(404,))
        return None if answer.status_code == 404 else _model(Server, _json(answer))

    async def start(self, user: str, options: dict[str, Any] | None = None) -> None:
        """Ask for the lab; it may take its time. Without options those of last time count."""
        body = {} if options is None else {"user_options": options}
        await self._ask("POST", f"users/{_part(user)}/server", json=body)

    async def set_options(self, user: str, options: dict[str, Any]) -> None:
        """What a stopped lab starts with next time."""
        await self._ask("PATCH", f"users/{_part(user)}/server", json={"user_options": options})

    async def stop(self, user: str) -> None:
        """Ask for the end of the lab; done at once, or soon after."""
        await self._ask("DELETE", f"users/{_part(user)}/server", accept=(404,))

    async def lab_pass(self, user: str) -> str:
        """A token for that one lab, for some minutes (`hub.cohort.passes`)."""
        answer = _json(await self._ask("POST", f"users/{_part(user)}/lab-pass"))
        if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
            raise HubUnreachable("cohort.no_hub", url=self.address)
        return str(answer["token"])

    @asynccontextmanager
    async def progress(self, user: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The events of a lab that is starting, until it is ready or has failed; of another one none."""
        path = f"users/{_part(user)}/server/progress"
        try:
            async with self._http.stream("GET", path, timeout=httpx.Timeout(30, read=60)) as answer:
                yield _events(answer)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    def lab_url(self, server: Server) -> str:
        """The lab's address, with a last slash: below the Hub's, or of its own where the Hub gives names."""
        return urljoin(f"{self.address}/", server.url)

    async def _groups(self) -> AsyncIterator[Group]:
        async for item in self._pages("groups"):
            yield _model(Group, item)

    async def _pages(self, path: str) -> AsyncIterator[Any]:
        offset: int | None = 0
        while offset is not None:
            answer = _json(
                await self._ask(
                    "GET", path, params={"offset": offset, "limit": PAGE}, headers={"Accept": PAGES}
                )
            )
            try:
                for item in answer["items"]:
                    yield item
                following = answer["_pagination"]["next"]
                beyond = None if following is None else int(following["offset"])
            except (KeyError, TypeError, ValueError):
                raise HubUnreachable("cohort.no_hub", url=self.address) from None
            if beyond is not None and beyond <= offset:
                raise HubUnreachable("cohort.no_hub", url=self.address)
            offset = beyond

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (),
        patience: float | None = None,
        **more: Any,
    ) -> httpx.Response:
        """The answer, below 400 or in `accept`."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((HubBusy, HubUnreachable)),
            stop=stop_after_delay(self._patience if patience is None else patience),
            wait=_wait,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._once(method, path, accept, more)
        raise AssertionError("tenacity raises or returns")

    async def _once(
        self, method: str, path: str, accept: tuple[int, ...], more: dict[str, Any]
    ) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.status_code < 300 or answer.status_code in accept:
            return answer
        if answer.status_code < 400:
            raise HubUnreachable("cohort.no_hub", url=self.address)
        raise _refusal(answer)

    def _unreachable(self, error: httpx.HTTPError) -> HubUnreachable:
        reason = tame(str(error)) or type(error).__name__
        return HubUnreachable("cohort.unreachable", url=self.address, reason=reason)


def tame(text: object) -> str:
    """Words of a stranger for a terminal: printable, in one line, not too many."""
    line = " ".join(str(text)[:2000].split())
    return "".join(letter for letter in line if letter.isprintable())[:300]


def _refusal(answer: httpx.Response) -> HubRefused:
    try:
        words = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        words = answer.reason_phrase
    if answer.status_code in BUSY:
        busy = HubBusy("cohort.refused", status=answer.status_code, message=tame(words))
        asked = answer.headers.get("Retry-After", "")
        busy.retry_after = float(asked) if asked.isdecimal() and asked.isascii() else None
        error: HubRefused = busy
    else:
        key = "cohort.forbidden" if answer.status_code in (401, 403) else "cohort.refused"
        error = HubRefused(key, status=answer.status_code, message=tame(words))
    error.status = answer.status_code
    return error


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, HubBusy) else None
    return _BACK_OFF(state) if asked is None else min(asked, LONGEST_WAIT)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    if answer.status_code != 200:
        return
    async for line in answer.aiter_lines():
        if not line.startswith("data:"):
            continue
        try:
            event = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _part(name: str) -> str:
    """One part of a path, whatever the name holds."""
    return quote(name, safe="")


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise HubUnreachable("cohort.no_hub", url=str(answer.request.url.host)) from None


def _model(kind: type[Model], value: Any) -> Model:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise HubUnreachable("cohort.odd_answer", place=error.errors()[0]["loc"]) from None

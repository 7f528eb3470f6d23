"""A client for the part of the Hub's REST API that the cohort tools need.

Lists are read page by page. A request is repeated if it does not reach the Hub or if the Hub is too
busy (429, 502, 503, 504): after the pause that the Hub asks for, and for a limited time. All requests
here may be repeated safely. A request that the Hub refuses raises `HubRefused` with the Hub's message.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urljoin

import httpx2
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
from hub.cohort.taking_turns import Turns
from hub.cohort.text import printable_line

RETRY_SECONDS = 60  # how long a request is repeated
MAX_PAUSE = 120  # seconds between two attempts, even if the Hub asks for more
BUSY_STATUSES = (429, 502, 503, 504)
PAGE_SIZE = 200  # users or groups in one answer; the Hub may give fewer
PAGINATION = "application/jupyterhub-pagination+json"
_TIMEOUT = httpx2.Timeout(30, read=300)  # 300 accounts are made in one request
_BACK_OFF = wait_exponential_jitter(multiplier=0.5, max=15)

Model = TypeVar("Model", bound=BaseModel)


class HubRefused(CohortError):
    """The Hub refused a request. `status` is the HTTP status, and `values["message"]` the Hub's message."""

    status = 0


class HubBusy(HubRefused):
    """The Hub is too busy. `retry_after` is the pause in seconds that it asks for, if any."""

    retry_after: float | None = None


class HubUnreachable(CohortError):
    """There was no answer, or it did not come from a JupyterHub."""


class Server(BaseModel):
    """A student's lab as the Hub knows it. `state` is the state of its spawner."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    ready: bool = False
    pending: str | None = None
    url: str = ""
    started: AwareDatetime | None = None
    last_activity: AwareDatetime | None = None
    user_options: dict[str, Any] | None = None
    state: dict[str, Any] | None = None


class User(BaseModel):
    """A person at the Hub. `servers` holds only labs that run, or are about to."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    admin: bool = False
    groups: tuple[str, ...] = ()
    last_activity: AwareDatetime | None = None
    servers: dict[str, Server] = Field(default_factory=dict)

    @property
    def server(self) -> Server | None:
        """The lab, which is the default server, or None while it does not run."""
        return self.servers.get("")


class Group(BaseModel):
    """A group at the Hub, whose properties hold its deadlines."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    users: tuple[str, ...] = ()
    properties: dict[str, Any] = Field(default_factory=dict)


class Pass(BaseModel):
    """A token for one lab, and where the Hub itself reaches that lab; empty while it does not run."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    token: str
    url: str = ""


class HubClient:
    """A client of one Hub, used as `async with HubClient(address, token) as hub:`.

    Every method raises HubRefused or HubUnreachable. `turns` is for those who change a group's properties;
    `state` is the Hub's state folder, by which processes on its machine take turns, too.
    """

    def __init__(
        self, address: str, token: str, *, retry_seconds: float = RETRY_SECONDS, state: Path | None = None
    ) -> None:
        self.address = address
        self.turns = Turns(state)
        self._retry_seconds = retry_seconds
        self._http = httpx2.AsyncClient(
            base_url=f"{address}/hub/api/",
            headers={"Authorization": f"token {token}", "Accept-Language": preferred_language()},
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=None),  # there is one stream for each lab that starts
        )

    async def __aenter__(self) -> Self:
        """Check once that there is a Hub and that it knows the token."""
        try:
            answer = await self._request("GET", "user", retry_seconds=0, accept=(404,))
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

    async def now(self) -> datetime:
        """Return the time by the Hub's clock, to the second: the date of its answer."""
        answer = await self._request("GET", "user")
        try:
            return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        except (KeyError, ValueError):
            raise HubUnreachable("cohort.no_hub", url=self.address) from None

    async def users(self) -> list[User]:
        """Return everyone the Hub knows."""
        items = [item async for item in self._pages("users")]
        if any(isinstance(item, dict) and "servers" not in item for item in items):
            # The Hub omits what the token may not see, so it would seem that no lab runs.
            raise HubRefused("cohort.forbidden", status=403, message="read:servers")
        return [_model(User, item) for item in items]

    async def groups(self) -> dict[str, Group]:
        return {group.name: group async for group in self._groups()}

    async def create_users(self, names: list[str]) -> None:
        await self._request("POST", "users", json={"usernames": names}, accept=(409,))

    async def delete_user(self, name: str) -> None:
        """Delete the account, whose lab must not run."""
        await self._request("DELETE", f"users/{_quoted(name)}", accept=(404,))

    async def create_group(self, name: str) -> None:
        await self._request("POST", f"groups/{_quoted(name)}", json={}, accept=(409,))

    async def add_to_group(self, name: str, users: list[str]) -> None:
        await self._request("POST", f"groups/{_quoted(name)}/users", json={"users": users})

    async def set_properties(self, group: str, properties: dict[str, Any]) -> None:
        """Replace all properties of the group; to be called within `turns.turn()`, as reading them is."""
        await self._request("PUT", f"groups/{_quoted(group)}/properties", json=properties)

    async def server(self, user: str) -> Server | None:
        """Return the user's lab even if it is stopped, or None if it was never started."""
        answer = await self._request("GET", f"users/{_quoted(user)}/server", accept=(404,))
        return None if answer.status_code == 404 else _model(Server, _json(answer))

    async def start(self, user: str, options: dict[str, Any] | None = None) -> None:
        """Ask the Hub to start a lab, which may take a while. Without options it uses the last ones."""
        body = {} if options is None else {"user_options": options}
        await self._request("POST", f"users/{_quoted(user)}/server", json=body)

    async def set_options(self, user: str, options: dict[str, Any]) -> None:
        """Set the options with which a stopped lab starts next time."""
        await self._request("PATCH", f"users/{_quoted(user)}/server", json={"user_options": options})

    async def stop(self, user: str) -> None:
        """Ask the Hub to stop a lab, which may take a while."""
        await self._request("DELETE", f"users/{_quoted(user)}/server", accept=(404,))

    async def lab_pass(self, user: str) -> Pass:
        """Return a token for that one lab, valid for some minutes (see `hub.cohort.passes`)."""
        return _model(Pass, _json(await self._request("POST", f"users/{_quoted(user)}/lab-pass")))

    @asynccontextmanager
    async def progress(self, user: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Yield the events of a lab's start, until it is ready or has failed. Other labs have no events."""
        path = f"users/{_quoted(user)}/server/progress"
        try:
            async with self._http.stream("GET", path, timeout=httpx2.Timeout(30, read=60)) as answer:
                yield _events(answer)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None

    def lab_url(self, server: Server) -> str:
        """Return the lab's address, with a final slash. It may be on a host of its own."""
        return urljoin(f"{self.address}/", server.url)

    async def _groups(self) -> AsyncIterator[Group]:
        async for item in self._pages("groups"):
            yield _model(Group, item)

    async def _pages(self, path: str) -> AsyncIterator[Any]:
        offset: int | None = 0
        while offset is not None:
            answer = _json(
                await self._request(
                    "GET", path, params={"offset": offset, "limit": PAGE_SIZE}, headers={"Accept": PAGINATION}
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

    async def _request(
        self,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (),
        retry_seconds: float | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """Return the answer, whose status is below 300 or in `accept`."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((HubBusy, HubUnreachable)),
            stop=stop_after_delay(self._retry_seconds if retry_seconds is None else retry_seconds),
            wait=_pause,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._request_once(method, path, accept, options)
        raise AssertionError("tenacity raises or returns")

    async def _request_once(
        self, method: str, path: str, accept: tuple[int, ...], options: dict[str, Any]
    ) -> httpx2.Response:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise self._unreachable(error) from None
        if answer.status_code < 300 or answer.status_code in accept:
            return answer
        if answer.status_code < 400:
            raise HubUnreachable("cohort.no_hub", url=self.address)
        raise _refusal(answer)

    def _unreachable(self, error: httpx2.HTTPError) -> HubUnreachable:
        reason = printable_line(error) or type(error).__name__
        return HubUnreachable("cohort.unreachable", url=self.address, reason=reason)


def _refusal(answer: httpx2.Response) -> HubRefused:
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        message = answer.reason_phrase
    if answer.status_code in BUSY_STATUSES:
        busy = HubBusy("cohort.refused", status=answer.status_code, message=printable_line(message))
        retry_after = answer.headers.get("Retry-After", "")
        busy.retry_after = float(retry_after) if retry_after.isdecimal() and retry_after.isascii() else None
        error: HubRefused = busy
    else:
        key = "cohort.forbidden" if answer.status_code in (401, 403) else "cohort.refused"
        error = HubRefused(key, status=answer.status_code, message=printable_line(message))
    error.status = answer.status_code
    return error


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    retry_after = error.retry_after if isinstance(error, HubBusy) else None
    return _BACK_OFF(state) if retry_after is None else min(retry_after, MAX_PAUSE)


async def _events(answer: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
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


def _quoted(name: str) -> str:
    """Quote a name, so that it is a single part of a path."""
    return quote(name, safe="")


def _json(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise HubUnreachable("cohort.no_hub", url=str(answer.request.url.host)) from None


def _model(kind: type[Model], value: Any) -> Model:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise HubUnreachable("cohort.odd_answer", place=error.errors()[0]["loc"]) from None

"""A real gateway over played providers: its application on a socket of this machine, in this process."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from openai import OpenAI
from pydantic import SecretStr

from gateway.app import Gateway, build_gateway
from gateway.people import Person
from lab.engine.local import LocalEngine
from lab.providers.class_router import ClassRouter
from lab.providers.ledger import Ledger
from lab.providers.retrying import Policy
from tests.lab.providers.conftest import entry

PLANTED = "sk-planted-in-the-gateway-0123456789"
OWN = {  # the provider that is the gateway itself, as the built-in file has it
    "name": "bundled",
    "address": "GENAI_BUNDLED_URL",
    "free": True,
    "work": {"vision": {"models": ["analyser"]}, "image": {"models": ["mini"]}},
}
QUICK = Policy(attempts=2, first_wait=0.01, longest_wait=0.1, failures=10**9)


@dataclass
class Class:
    """Who may ask, by token; anybody whose token is `<name>-token`. `groups` by name."""

    teachers: frozenset[str] = frozenset({"teacher"})
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def who(self, token: str) -> Person | None:
        name, _, rest = token.partition("-")
        if rest != "token":
            return None
        role = "instructor" if name in self.teachers else "student"
        return Person(name, role, self.groups.get(name, frozenset()))  # type: ignore[arg-type]


@dataclass
class PayingGateway:
    """One that runs: where it answers and what it keeps."""

    url: str
    state: Path
    gateway: Gateway

    @property
    def ledger(self) -> Ledger:
        return self.gateway.providers.router.ledger

    def router(self, name: str = "ada") -> ClassRouter:
        """As that person's lab has it."""
        return ClassRouter(self.url, SecretStr(f"{name}-token"), QUICK)

    def openai(self, name: str = "ada") -> OpenAI:
        """As that person's own script has it."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=f"{name}-token")

    def get(self, path: str, name: str = "ada") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {name}-token"}
        return httpx2.get(self.url + path, headers=headers, trust_env=False)

    def budgets(self, **changes: Any) -> None:
        """What the instructor writes, in the currency's unit."""
        write_budgets(self.state, changes)


def write_budgets(state: Path, budgets: Mapping[str, Any]) -> None:
    file = state / "budgets.toml"
    new = file.with_suffix(".new")
    new.write_text(toml(budgets))
    new.replace(file)


def write_providers(state: Path, *entries: dict[str, Any]) -> None:
    (state / "providers.toml").write_text(toml({"providers": list(entries)}))
    (state / "providers.env").write_text(f"SCHOOL_KEY={PLANTED}\n")
    (state / "providers.env").chmod(0o600)


def toml(document: Mapping[str, Any]) -> str:
    """A document as TOML, in inline tables."""

    def value(of: Any) -> str:
        if isinstance(of, Mapping):
            return "{" + ", ".join(f"{json.dumps(key)} = {value(each)}" for key, each in of.items()) + "}"
        if isinstance(of, list | tuple):
            return "[" + ", ".join(map(value, of)) + "]"
        return json.dumps(of)

    return "".join(f"{key} = {value(of)}\n" for key, of in document.items())


def school(url: str, name: str = "school", **changes: Any) -> dict[str, Any]:
    """A provider that wants the planted key."""
    return entry(name, url, key="SCHOOL_KEY", **changes)


@contextmanager
def running(state: Path, people: Class | None = None) -> Iterator[PayingGateway]:
    """The gateway on what lies in its state."""
    gateway = Gateway(state, people or Class(), LocalEngine(), QUICK)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(build_gateway(gateway), log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    try:
        yield PayingGateway(f"http://127.0.0.1:{listener.getsockname()[1]}", state, gateway)
    finally:
        server.should_exit = True
        thread.join(20)


def wait_until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)

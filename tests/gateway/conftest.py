"""A real gateway: `genai-lab gateway` as a process over the tiny model, with three people who know it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from lab.engine.remote import RemoteEngine
from manifests.receipts import Keys

TOKENS = {name: f"{name}-token-of-the-tests" for name in ("ada", "ben", "teacher")}
PEOPLE = "student,token,role\n" + "".join(
    f"{name},{token},{'instructor' if name == 'teacher' else 'student'}\n" for name, token in TOKENS.items()
)


@dataclass
class RunningGateway:
    """A gateway that was started: where it answers, what it keeps, and its process."""

    port: int
    state: Path
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def engine(self, name: str = "ada", give_up: float = 60.0) -> RemoteEngine:
        """The engine of that person's lab."""
        return RemoteEngine(self.url, SecretStr(TOKENS[name]), give_up)

    def client(self, name: str = "ada") -> httpx2.Client:
        """Plain HTTP with that person's token."""
        headers = {"Authorization": f"Bearer {TOKENS[name]}"}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)

    def keys(self) -> Keys:
        return Keys.model_validate_json(httpx2.get(f"{self.url}/receipts/keys", trust_env=False).content)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


StartGateway = Callable[..., RunningGateway]


@pytest.fixture(scope="session")
def start_gateway(tmp_path_factory: pytest.TempPathFactory, tiny_mini: Path) -> Iterator[StartGateway]:
    """Start `genai-lab gateway` as often as a test needs, on the same state and port, with more settings."""
    started: list[subprocess.Popen[str]] = []

    def start(state: Path | None = None, port: int = 0, **settings: str) -> RunningGateway:
        state = state or tmp_path_factory.mktemp("gateway")
        people = state / "people.csv"
        if not people.exists():
            people.write_text(PEOPLE, encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GENAI_", "JUPYTERHUB_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "genai_lab", "gateway", "--port", str(port), "--state", str(state)],
            cwd=tmp_path_factory.mktemp("elsewhere"),
            env=kept
            | {
                "GENAI_MINI_WEIGHTS": str(tiny_mini),
                "XDG_CACHE_HOME": str(state / "cache"),
                "GENAI_LANGUAGE": "en",
                "PYTHONUNBUFFERED": "1",
                "OMP_NUM_THREADS": "1",
            }
            | settings,
            stdout=subprocess.PIPE,
            stderr=(state / "gateway.log").open("a"),
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:(\d+)/v1", line)
        assert address, f"the gateway did not start: {line}{(state / 'gateway.log').read_text()}"
        return RunningGateway(int(address.group(1)), state, process)

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
    for process in started:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """One gateway for the tests that leave it as it is."""
    return start_gateway()

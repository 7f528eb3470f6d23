"""From the spawn click to a usable server, and the memory it then takes: the lab beside JupyterLab.

Two JupyterHubs on this machine: this project's (`genai-lab hub`), and one with the same proxy, the same
kind of local spawner and JupyterHub's own single-user server with JupyterLab (needs `pip install
jupyterlab`). A new student each time, taking turns, so that whatever else the machine does hits both
alike. Measured: seconds from the click (`/hub/spawn`) until the server's page has come through the
proxy, login at the server included; then, after some seconds of rest, the memory of its process tree:
RSS, and PSS, which counts shared pages in parts. Printed: each round, medians, ratios.

    python benchmarks/hub_start.py [ROUNDS]
"""

import json
import os
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

REST = 5  # seconds before memory is read
PATIENCE = 600  # seconds

PEER = """
import os, sys
from pathlib import Path
state = Path({state!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.db_url = f"sqlite:///{{state / 'jupyterhub.sqlite'}}"
c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
c.JupyterHub.proxy_class = "traefik_file"
c.TraefikProxy.static_config_file = str(state / "traefik.toml")
c.TraefikFileProviderProxy.dynamic_config_file = str(state / "routes.toml")
c.TraefikProxy.traefik_api_url = "http://127.0.0.1:{traefik_port}"
c.TraefikProxy.traefik_api_username, c.TraefikProxy.traefik_api_password = "hub", {password!r}
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(state / "homes" / "{{username}}")
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 300
c.Spawner.args = ["--allow-root"]
"""


@dataclass(frozen=True)
class Hub:
    """A running hub: where it is, the students' password, and the page that counts as usable."""

    name: str
    url: str
    password: str
    page: str


@dataclass(frozen=True)
class Measured:
    seconds: float
    rss: float  # MB
    pss: float  # MB


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ours(state: Path) -> Iterator[Hub]:
    port = free_port()
    settings = {"PORT": port, "API_PORT": free_port(), "STATE": state, "INSTRUCTORS": "prof"}
    chosen = {f"GENAI_HUB_{name}": str(value) for name, value in settings.items()}
    with running([sys.executable, "-m", "genai_lab", "hub"], state, port, chosen):
        password = json.loads((state / "passwords.json").read_text())["students"]
        yield Hub("lab", f"http://127.0.0.1:{port}/", password, "en/")


@contextmanager
def theirs(state: Path) -> Iterator[Hub]:
    port, password = free_port(), secrets.token_urlsafe(16)
    text = PEER.format(
        state=str(state), port=port, api_port=free_port(), traefik_port=free_port(), password=password
    )
    (state / "jupyterhub_config.py").write_text(text)
    with running([sys.executable, "-m", "jupyterhub", "-f", "jupyterhub_config.py"], state, port, {}):
        yield Hub("JupyterLab", f"http://127.0.0.1:{port}/", password, "lab")


@contextmanager
def running(command: list[str], state: Path, port: int, settings: dict[str, str]) -> Iterator[None]:
    """The hub as a process, from its first answer on until the block ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GENAI_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (state / "console.txt").open("wb") as console:
        process = subprocess.Popen(
            command, cwd=state, env=inherited | {"PATH": path} | settings, stdout=console, stderr=console
        )
    try:
        until = time.monotonic() + PATIENCE
        while True:
            if process.poll() is not None or time.monotonic() > until:
                sys.exit((state / "console.txt").read_text()[-2000:])
            try:
                if httpx2.get(f"http://127.0.0.1:{port}/hub/health").status_code == 200:
                    break
            except httpx2.TransportError:
                time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def measure(hub: Hub, student: str) -> Measured:
    """Log a new student in, start their server, and close it again."""
    client = httpx2.Client(base_url=hub.url, timeout=PATIENCE, headers={"Accept": "text/html"})
    form = client.get("hub/login").text
    token = re.search(r'name="_xsrf" value="([^"]+)"', form)
    assert token
    fields = {"_xsrf": token.group(1), "username": student, "password": hub.password}
    answer = client.post("hub/login?next=/hub/home", data=fields)
    assert answer.headers["location"] == "/hub/home", answer.text
    before = set(psutil.pids())

    began = time.monotonic()
    client.get("hub/spawn")
    api = f"hub/api/users/{student}/server"
    headers = {"Referer": f"{hub.url}hub/"}
    events = client.get(f"{api}/progress", headers=headers).text
    assert '"ready": true' in events, events
    page = client.get(f"user/{student}/{hub.page}", follow_redirects=True)
    seconds = time.monotonic() - began
    assert page.status_code == 200, page.text
    assert page.url.path.startswith(f"/user/{student}/"), page.url

    time.sleep(REST)
    rss, pss = memory(before, student)
    xsrf = next(
        cookie.value for cookie in client.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/hub/"
    )
    client.delete(api, headers=headers | {"X-XSRFToken": xsrf or ""})
    return Measured(seconds, rss, pss)


def memory(before: set[int], student: str) -> tuple[float, float]:
    """RSS and PSS, in MB, of the processes that are new and belong to that student."""
    rss = pss = 0
    for process in psutil.process_iter():
        try:
            if process.pid not in before and process.environ().get("JUPYTERHUB_USER") == student:
                full = process.memory_full_info()
                rss, pss = rss + full.rss, pss + full.pss
        except psutil.Error:
            continue
    assert rss, "the student's processes were not found"
    return rss / 1e6, pss / 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ExitStack() as stack:
        states = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        hubs = [stack.enter_context(ours(states[0])), stack.enter_context(theirs(states[1]))]
        results: dict[str, list[Measured]] = {hub.name: [] for hub in hubs}
        for number in range(rounds):
            for hub in hubs:
                got = measure(hub, f"student{number}")
                results[hub.name].append(got)
                figures = f"{got.seconds:6.2f} s   {got.rss:6.0f} MB RSS   {got.pss:6.0f} MB PSS"
                print(f"{number + 1}: {hub.name:<10} {figures}", flush=True)
    for figure in ("seconds", "rss", "pss"):
        lab, peer = (statistics.median(getattr(one, figure) for one in got) for got in results.values())
        print(f"median {figure}: lab {lab:.2f}, JupyterLab {peer:.2f}, ratio {lab / peer:.2f}")


if __name__ == "__main__":
    main()

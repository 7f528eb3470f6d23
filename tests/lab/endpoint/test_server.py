"""The endpoint on its sockets: the lab's own on loopback, and `genai-lab api`."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from lab.endpoint.server import ApiSettings, Loopback
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.test_app import make_lab

PATIENCE = 120


def new_servers(before: set[threading.Thread]) -> int:
    return sum(thread.name == "endpoint" and thread not in before for thread in threading.enumerate())


def get(server: Loopback, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{server.url}/models", headers=headers, timeout=PATIENCE).status_code


def test_the_labs_endpoint_is_opened_when_it_is_first_asked_for_and_only_once(tmp_path: Path):
    before = set(threading.enumerate())
    lab = make_lab(tmp_path, prefix="/user/jane")
    assert lab.endpoint.token
    assert new_servers(before) == 0
    urls: list[str] = []
    asking = [threading.Thread(target=lambda: urls.append(lab.endpoint.url)) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(PATIENCE)
    assert len(urls) == 4
    assert len(set(urls)) == 1
    assert new_servers(before) == 1
    assert get(lab.endpoint, lab.endpoint.token) == 200
    assert urlsplit(lab.endpoint.url).hostname == "127.0.0.1"
    lab.endpoint.close()


def test_each_process_has_a_token_of_its_own_that_is_not_shown(tmp_path: Path):
    one, other = Loopback(QuickEngine()), Loopback(QuickEngine())
    assert one.token != other.token
    assert len(one.token) >= 40
    assert one.token not in repr(one)
    assert one.token not in repr(make_lab(tmp_path).endpoint)
    assert get(one, other.token) == 401
    one.close()


def test_a_socket_that_was_handed_over_is_left_to_the_lab(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    server = Loopback(QuickEngine())
    assert get(server, server.token) == 200
    server.close()


def test_closing_it_leaves_the_engine_to_the_lab():
    engine, before = QuickEngine(), set(threading.enumerate())
    server = Loopback(engine)
    port = urlsplit(server.url).port
    (thread,) = (t for t in threading.enumerate() if t.name == "endpoint" and t not in before)
    server.close()
    thread.join(PATIENCE)
    assert not engine.closed
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_token_is_a_secret_among_the_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GENAI_API_TOKEN", "not to be shown")
    assert "not to be shown" not in repr(ApiSettings())
    assert ApiSettings().api_token.get_secret_value() == "not to be shown"  # type: ignore[union-attr]


def start(tmp_path: Path, *options: str, **settings: str) -> "subprocess.Popen[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GENAI_", "JUPYTERHUB_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "api", *options],
        cwd=tmp_path,
        env=inherited | {"PYTHONUNBUFFERED": "1", "LANG": "C"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", ["option", "environment", "made"])
def test_the_command_says_where_it_answers_and_closes_on_ctrl_c(tmp_path: Path, how: str):
    token = "a token for the tests"
    options = ["--port", "0", *(["--token", token] if how == "option" else [])]
    settings = {"GENAI_API_TOKEN": token} if how == "environment" else {}
    process = start(tmp_path, *options, **settings)
    try:
        assert process.stdout
        found = re.search(r"http://\S+/v1", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        if how == "made":
            token = process.stdout.readline().split(": ", 1)[1].strip()
        for given, status in ((token, 200), ("another", 401)):
            headers = {"Authorization": f"Bearer {given}"}
            assert (
                httpx2.get(f"{found.group()}/models", headers=headers, timeout=PATIENCE).status_code == status
            )
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert token not in out + err


def test_a_token_too_short_to_be_one_is_refused_in_one_line(tmp_path: Path):
    out, err = start(tmp_path, "--port", "0", "--token", "short").communicate(timeout=PATIENCE)
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "short" not in err.replace("too short", "")


def test_a_port_that_is_none_is_named(tmp_path: Path):
    out, err = start(tmp_path, "--port", "99999").communicate(timeout=PATIENCE)
    assert out == ""
    assert "GENAI_API_PORT" in err


def test_until_something_is_looked_at_or_drawn_nothing_heavy_is_loaded():
    program = (
        "import sys, lab.endpoint.app, lab.web.rest.app, lab.cli.api; "
        "print({'torch', 'gradio', 'diffusers', 'transformers', 'openai'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout
    assert printed.strip() == "set()"

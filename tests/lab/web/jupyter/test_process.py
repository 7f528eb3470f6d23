"""JupyterLab beside a lab: what it knows, who reaches it, and that it comes back and ends."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.web.jupyter import process
from lab.web.jupyter.passing import JupyterBeside
from lab.web.jupyter.process import Jupyter, environment, offer_notebooks
from lab.web.singleuser import server

BASE = "/user/jane/jupyter/"


def a_lab(home: Path, **settings: object) -> Lab:
    chosen = LabSettings(**settings)  # type: ignore[arg-type]
    return Lab(chosen, find_assignment("tp2"), home / "work", "jane", LocalEngine())


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    opened = a_lab(tmp_path)
    yield opened
    opened.close()


def get(jupyter: Jupyter, path: str, token: str = "") -> httpx2.Response:
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(jupyter.socket)), timeout=60) as client:
        headers = {"authorization": f"token {token}"} if token else {}
        return client.get(f"http://localhost{BASE}{path}", headers=headers)


def test_notebooks_find_the_labs_settings_and_neither_its_token_nor_the_hubs_variables(
    tmp_path: Path,
) -> None:
    own = {
        "PATH": "/bin", "GENAI_LANGUAGE": "fr", "JUPYTERHUB_API_TOKEN": "secret", "JUPYTERHUB_USER": "jane",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/jane/", "LISTEN_PID": "1",
    }  # fmt: skip
    alone = environment(own, a_lab(tmp_path))
    assert alone == {
        "PATH": "/bin",
        "GENAI_LANGUAGE": "fr",
        "GENAI_WORK": str(tmp_path / "work"),
        "GENAI_STUDENT": "jane",
    }
    below_gateway = environment(own, a_lab(tmp_path, gateway="http://127.0.0.1:7880"))
    assert below_gateway.keys() - alone.keys() == {"GENAI_GATEWAY_TOKEN"}


def test_the_projects_notebooks_are_offered_once_and_what_is_there_stays(tmp_path: Path) -> None:
    offer_notebooks(tmp_path)
    first = tmp_path / "notebooks" / "fr" / "02_first_image.ipynb"
    assert first.is_file()
    first.write_text("mine")
    offer_notebooks(tmp_path)
    assert first.read_text() == "mine"


def test_it_is_offered_where_the_instructor_wants_it_and_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not server.offers_notebooks(a_lab(tmp_path))
    assert server.offers_notebooks(a_lab(tmp_path, notebooks=True))
    monkeypatch.setattr(server, "is_installed", lambda: False)
    assert not server.offers_notebooks(a_lab(tmp_path, notebooks=True))


def test_only_the_token_opens_it_one_that_was_killed_comes_back_and_nothing_is_left(lab: Lab) -> None:
    async def scenario() -> None:
        jupyter = Jupyter(lab, BASE)
        assert await jupyter.started()
        folder = jupyter.socket.parent
        assert folder.stat().st_mode & 0o077 == 0
        assert get(jupyter, "api/contents").status_code == 403
        assert get(jupyter, "api/contents", "wrong").status_code == 403
        assert get(jupyter, "api/contents", jupyter.token).status_code == 200
        first = jupyter._process
        assert first is not None
        assert jupyter.token not in Path(f"/proc/{first.pid}/cmdline").read_text()
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        assert await jupyter.started()
        assert get(jupyter, "api/contents", jupyter.token).status_code == 200
        second = jupyter._process
        jupyter.close()
        assert second is not None
        assert second.poll() is not None
        assert not folder.exists()

    asyncio.run(scenario())


def test_where_it_does_not_start_the_page_says_what_to_do(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process.sys, "executable", "/bin/false")
    jupyter = Jupyter(lab, BASE)

    async def nothing(*_: object) -> None:
        raise AssertionError("it was passed on")

    beside = JupyterBeside(nothing, jupyter, "/user/jane/", lambda: None)

    async def ask() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(beside)) as client:
            return await client.get(f"http://testserver{BASE}lab", headers={"accept-language": "fr"})

    answer = asyncio.run(ask())
    jupyter.close()
    assert answer.status_code == 503
    assert "Rechargez" in answer.text

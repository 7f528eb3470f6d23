"""Opening the lab: its address, wrong settings told in one line, and how little it needs to start."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError

from exercises.errors import UserError
from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.web.server import CannotServe, address, listen, open_lab
from manifests.settings import WorkSettings


def start(tmp_path: Path, *options: str, **settings: str) -> "subprocess.Popen[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GENAI_", "JUPYTERHUB_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "serve", *options],
        cwd=tmp_path,
        env=inherited | {"PYTHONUNBUFFERED": "1", "LANG": "C"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_taken_port_is_named_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe) as raised:
            listen("127.0.0.1", port)
    assert str(port) in raised.value.in_language("en")
    assert "--port" in raised.value.in_language("fr")


def test_an_address_is_written_as_one_opens_it() -> None:
    with listen("127.0.0.1", 0) as server:
        assert address(server, "/user/jane") == f"http://127.0.0.1:{server.getsockname()[1]}/user/jane/"
    if socket.has_ipv6:
        with listen("::1", 0) as server:
            assert address(server, "").startswith("http://[::1]:")


@pytest.mark.parametrize("setting", [{"assignment": "tp99"}, {"model": "gigantic"}])
def test_an_unknown_assignment_or_model_is_said_before_anything_starts(setting: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"tp99|gigantic"):
        open_lab(LabSettings(**setting), WorkSettings())  # type: ignore[arg-type]


@pytest.mark.parametrize("prefix", ["user/jane", "/a b", '/"><script>', "//evil.example"])
def test_a_prefix_that_is_no_path_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        LabSettings(prefix=prefix)


def test_the_prefix_is_one_value_however_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/jane/")
    assert LabSettings().prefix == "/user/jane"
    monkeypatch.setenv("GENAI_PREFIX", "/lab")
    assert LabSettings().prefix == "/lab"


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        process = start(tmp_path, "--port", str(taken.getsockname()[1]))
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (("--port", "99999"), {}),
        ((), {"GENAI_PORT": "abc"}),
        ((), {"GENAI_PREFIX": "no path"}),
        ((), {"GENAI_STUDENT": "x" * 201}),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    tmp_path: Path, options: tuple[str, ...], settings: dict[str, str]
) -> None:
    out, err = start(tmp_path, *options, **settings).communicate(timeout=60)
    assert out == ""
    assert next(iter(settings), "GENAI_PORT") in err
    assert len(err.strip().splitlines()) == 1


def test_the_lab_opens_over_a_folder_it_cannot_write_in_and_says_so(tmp_path: Path) -> None:
    """So that Health can be read; the cache is then a folder of the system's."""
    (tmp_path / "work").write_text("a file stands here")
    process = start(tmp_path, "--port", "0")
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        with urllib.request.urlopen(found.group() + "en/") as response:  # noqa: S310
            assert b"gradio" in response.read()
    finally:
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "cannot be written" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("error", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_cache_that_cannot_be_written_is_one_of_the_system_s_until_the_lab_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    lab = Lab(LabSettings(), find_assignment("tp2"), tmp_path / "work", "jane", LocalEngine())
    real = tempfile.TemporaryFile

    def refuse(dir: Path) -> object:
        if dir.is_relative_to(tmp_path):
            raise OSError(error, os.strerror(error), str(dir))
        return real(dir=dir)

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    elsewhere = lab.cache
    assert not elsewhere.is_relative_to(tmp_path / "work")
    assert elsewhere == lab.cache
    assert elsewhere.is_dir()
    lab.close()
    assert not elsewhere.exists()


def test_the_lab_opens_in_an_empty_folder_small_and_without_torch_and_closes_on_ctrl_c(
    tmp_path: Path,
) -> None:
    process = start(tmp_path, "--port", "0", GENAI_STUDENT="jane.doe")
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        with urllib.request.urlopen(found.group() + "en/") as response:  # noqa: S310
            assert b"gradio" in response.read()
        seen = psutil.Process(process.pid)
        assert seen.memory_info().rss < 250 * 2**20
        assert not any("libtorch" in mapped.path for mapped in seen.memory_maps())
        assert seen.cpu_times().user < 12  # seconds of work; wall time is the machine's affair
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in (0, 130, -signal.SIGINT)
    assert (tmp_path / "work").is_dir()


def test_pages_that_are_open_when_the_lab_is_closed_are_no_error(tmp_path: Path) -> None:
    process = start(tmp_path, "--port", "0")
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        heartbeat = f"{found.group()}en/gradio_api/heartbeat/a-page"
        with urllib.request.urlopen(heartbeat) as response:  # noqa: S310
            assert response.readline()  # and more would come for as long as the page is open
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "Traceback" not in errors
    assert "ERROR" not in errors

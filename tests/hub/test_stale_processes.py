"""What a killed hub left running is ended, also where it ends by itself at that moment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hub.stale_processes import end_stale_processes


def service(state: Path) -> subprocess.Popen[bytes]:
    """A process that looks like a service which a hub on this state folder started."""
    return subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"],
        cwd=state,
        env=os.environ | {"JUPYTERHUB_SERVICE_NAME": "class"},
        stdout=subprocess.PIPE,
    )


def test_a_process_that_ends_at_that_moment_keeps_no_other_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending, staying = service(tmp_path), service(tmp_path)
    for process in (ending, staying):
        assert process.stdout is not None
        process.stdout.readline()  # it runs

    def seen() -> Iterator[psutil.Process]:
        yield psutil.Process(ending.pid)  # is taken for stale, and then gone
        ending.kill()
        ending.wait()
        yield psutil.Process(staying.pid)

    monkeypatch.setattr(psutil, "process_iter", seen)
    try:
        end_stale_processes(tmp_path, tmp_path / "traefik.toml")
        assert not psutil.pid_exists(staying.pid)
    finally:
        staying.kill()
        staying.wait()

"""JupyterLab as a process of the lab's: begun when somebody wants it, ended with the lab.

It listens on a socket file in a folder that only this account can enter, and wants a token that never leaves
this process; so whoever reaches it has passed the lab's gate. Its notebooks work in the lab's own folders.
"""

import asyncio
import logging
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from exercises.i18n import LANGUAGES
from lab.session.lab import Lab

PATH = "jupyter/"  # below the lab's prefix
START_SECONDS = 120  # the machine may be busy
GRACE = 5  # seconds to end in
NOTEBOOKS = "notebooks"  # the folder in the student's home, and the package they come from

log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Whether the extra `notebooks` is here."""
    return all(find_spec(name) for name in ("jupyterlab", "websockets"))


@dataclass
class Jupyter:
    """One student's JupyterLab. `base_url` is its path, with a slash at both ends."""

    lab: Lab
    base_url: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    _folder: Path | None = None  # of the socket; the same until the lab ends
    _process: subprocess.Popen[bytes] | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def socket(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="genai-jupyter-"))  # mode 700; a short path
        return self._folder / "jupyter.sock"

    @property
    def is_up(self) -> bool:
        return self._process is not None and self._process.poll() is None and self.socket.exists()

    async def started(self) -> bool:
        """Whether it answers; it is started where it does not run."""
        async with self._starting:
            if self._process is None or self._process.poll() is not None:
                self.socket.unlink(missing_ok=True)
                self._process = await asyncio.to_thread(self._start)
            deadline = asyncio.get_running_loop().time() + START_SECONDS
            while not self.is_up and self._process is not None:
                if self._process.poll() is not None or asyncio.get_running_loop().time() > deadline:
                    log.error("JupyterLab did not start; it ended with %s", self._process.poll())
                    return False
                await asyncio.sleep(0.1)
            return self.is_up

    def close(self) -> None:
        """End it with its kernels, and leave nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin:
                process.stdin.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _start(self) -> subprocess.Popen[bytes]:
        root = self.lab.work.parent
        offer_notebooks(root)
        options = {
            "ServerApp.sock": str(self.socket),
            "ServerApp.sock_mode": "0600",
            "ServerApp.base_url": self.base_url,
            "ServerApp.root_dir": str(root),
            "ServerApp.open_browser": "False",
            "ServerApp.terminals_enabled": "False",
            "ServerApp.allow_root": "True",  # as whoever the lab runs as
            "ServerApp.log_level": "WARN",
            "LabApp.extension_manager": "readonly",
            "ServerApp.allow_remote_access": "True",  # the Host is that of the Hub; the gate has looked at it
            "KernelManager.transport": "ipc",  # a kernel's port would be open to all accounts here
            "LabApp.news_url": "None",  # nothing is asked of other sites
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        return subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "lab.web.jupyter.child",
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            cwd=root,
            env=environment(os.environ, self.lab)
            | {"JUPYTER_TOKEN": self.token, "JUPYTER_RUNTIME_DIR": str(self.socket.parent / "runtime")},
            stdin=subprocess.PIPE,  # never written to: that it closes tells the child of the lab's end
        )


def environment(own: Mapping[str, str], lab: Lab) -> dict[str, str]:
    """What notebooks find: the lab's own settings and folder, nothing that makes them a server of the Hub's.

    The lab's token stays out, but where a class's gateway draws: that asks by it who wants a picture.
    """
    kept = {name: value for name, value in own.items() if not name.startswith(("JUPYTERHUB_", "LISTEN_"))}
    kept |= {"GENAI_WORK": str(lab.work), "GENAI_STUDENT": lab.student}
    token = own.get("GENAI_GATEWAY_TOKEN") or own.get("JUPYTERHUB_API_TOKEN")
    if lab.settings.gateway and token:
        kept["GENAI_GATEWAY_TOKEN"] = token
    return kept


def offer_notebooks(root: Path) -> None:
    """Put the project's notebooks into the student's folder, once: what is there already is theirs."""
    found, target = find_spec(NOTEBOOKS), root / NOTEBOOKS
    if found is None or not found.submodule_search_locations or target.exists():
        return
    package = Path(next(iter(found.submodule_search_locations)))
    try:
        for language in LANGUAGES:
            shutil.copytree(package / language, target / language)
    except OSError as error:
        log.warning("The notebooks could not be put into %s: %s", target, error.strerror)

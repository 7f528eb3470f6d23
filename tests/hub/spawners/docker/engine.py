"""A real container engine for the tests: dockerd as root, with its own data root, socket and pid file.

The engine's images are kept in `.cache/docker`, so that a second run builds only what changed. The base
image is made by mmdebstrap, so no registry is needed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docker import APIClient
from docker.errors import DockerException
from filelock import FileLock

ROOT = Path(__file__).parents[4]
CACHE = ROOT / ".cache" / "docker"
BASE = "genai-lab-tests-base"
IMAGE = "genai-lab-tests"
STARTING = 120  # seconds for the engine
TORCH = "torch==2.13.0"
# A base made by mmdebstrap lacks this machine's package index and certificates.
OF_THIS_MACHINE = ("etc/pip.conf", "etc/ssl/certs/ca-certificates.crt")


def why_unavailable() -> str:
    """Return why no engine can start here, or "" if one can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "a container engine of the tests' own needs root"
    commands = [name for name in ("dockerd", "docker", "iptables", "mmdebstrap") if not shutil.which(name)]
    return f"not installed: {', '.join(commands)}" if commands else ""


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Start an engine and give its address.

    A fake hook of NVIDIA's runtime does nothing, so that a container with a GPU request starts as on a
    machine with a card, but finds no card.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    hook = folder / "bin" / "nvidia-container-runtime-hook"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    address = f"unix://{folder / 'docker.sock'}"
    log = folder / "dockerd.log"
    with FileLock(CACHE / "lock"), log.open("wb") as stream:
        process = subprocess.Popen(
            [
                "dockerd",
                f"--data-root={CACHE / 'engine'}",
                f"--exec-root={folder / 'exec'}",
                f"--pidfile={folder / 'pid'}",
                f"--host={address}",
                "--bridge=none",
                "--storage-driver=overlay2",
            ],
            env=os.environ | {"PATH": f"{hook.parent}:{os.environ['PATH']}"},
            stdout=stream,
            stderr=stream,
        )
        try:
            _wait(process, address, log)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            # Containers that used the host's network leave this mount, which keeps the folder from removal.
            namespace = str(folder / "exec" / "netns" / "default")
            subprocess.run(["umount", namespace], check=False, capture_output=True)


def _wait(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = time.monotonic() + STARTING
    while True:
        try:
            APIClient(base_url=address, version="auto", timeout=60).ping()
            return
        except DockerException:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"dockerd did not start:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.2)


def build(address: str) -> str:
    """Build `Dockerfile.gpu` with the present code on our own base, and return the image's name."""
    client = APIClient(base_url=address, version="auto", timeout=600)
    if not client.images(name=BASE):
        _make_base(address)
    if not list((ROOT / "wheels").glob("torch-*.whl")):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", TORCH, "--dest", "wheels"]
        subprocess.run(pip, cwd=ROOT, check=True, timeout=1200)
    _docker(
        address,
        *("build", "--quiet", "--network=host", f"--build-arg=BASE_IMAGE={BASE}"),
        *("--file=Dockerfile.gpu", f"--tag={IMAGE}", "."),
    )
    return IMAGE


def _make_base(address: str) -> None:
    archive = CACHE / "base.tar"
    packages = "python3,python3-venv,python3-pip,ca-certificates"
    copied = [
        f"--customize-hook=copy-in /{name} /{Path(name).parent}"
        for name in OF_THIS_MACHINE
        if Path("/", name).exists()
    ]
    bootstrap = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", *copied]
    subprocess.run([*bootstrap, "bookworm", str(archive)], check=True, timeout=900, stdout=subprocess.DEVNULL)
    _docker(address, "import", str(archive), BASE)
    archive.unlink()


def _docker(address: str, *arguments: str) -> None:
    done = subprocess.run(
        ["docker", *arguments],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": address, "DOCKER_BUILDKIT": "0"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"docker {arguments[0]}: {(done.stdout + done.stderr)[-4000:]}")

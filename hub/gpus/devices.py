"""Which GPUs, or MIG slices, there are to lend: named by the instructor, or listed by `nvidia-smi -L`.

What `nvidia-smi` says is parsed strictly: a line that is not understood is an error, never a guess.
A card that is cut into MIG slices is lent by the slice, never as a whole.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass

from exercises.errors import CatalogueError

MOST = 256  # devices of one machine
SECONDS = 20  # nvidia-smi may wake the driver first

_ID = re.compile(r"\d{1,3}|\d{1,3}:\d{1,3}|GPU-[0-9a-f-]{8,64}|MIG-[0-9A-Za-z/-]{8,96}")
_CARD = re.compile(r"GPU \d{1,3}: (?P<name>[^\x00-\x1f]{1,100}?) \(UUID: (?P<id>GPU-[0-9a-f-]{8,64})\)")
_SLICE = re.compile(
    r"\s+MIG (?P<name>[0-9a-z.+ ]{1,40}?)\s+Device\s+\d{1,3}: \(UUID: (?P<id>MIG-[0-9A-Za-z/-]{8,96})\)"
)


class DevicesError(CatalogueError):
    """The list of GPUs cannot be used."""

    package = "hub"


@dataclass(frozen=True)
class Device:
    """One GPU or slice: what the container engine calls it, and its name for people."""

    id: str
    name: str


def configured(names: str) -> tuple[Device, ...]:
    """The devices of `0,1` or `GPU-…,MIG-…`. Raises DevicesError for what is no device, or named twice."""
    ids = [name.strip() for name in names.split(",") if name.strip()]
    for device in ids:
        if not _ID.fullmatch(device):
            raise DevicesError("gpus.no_device", device=device[:100])
    return _unique([Device(device, f"GPU {device}") for device in ids])


def listed(text: str) -> tuple[Device, ...]:
    """The devices in the answer of `nvidia-smi -L`. Raises DevicesError for a line not understood."""
    devices: list[Device] = []
    card: str | None = None  # the card whose slices may follow
    for line in text.splitlines():
        if found := _CARD.fullmatch(line.rstrip()):
            card = found["name"]
            devices.append(Device(found["id"], card))
        elif card and (found := _SLICE.fullmatch(line.rstrip())):
            if devices[-1].id.startswith("GPU-"):
                devices.pop()  # cut into slices
            devices.append(Device(found["id"], f"{card} ({found['name']})"))
        elif line.strip():
            raise DevicesError("gpus.not_understood", line=line[:200])
    return _unique(devices)


def found() -> tuple[Device, ...]:
    """What this machine has by `nvidia-smi -L`; none where there is no such command, or no card.

    Raises DevicesError where the command answers something else, as with a driver that does not run.
    """
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        done = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DevicesError("gpus.not_answered", reason=type(error).__name__) from error
    if done.returncode != 0:
        raise DevicesError("gpus.not_answered", reason=(done.stdout or done.stderr).strip()[:200])
    return () if done.stdout.strip() == "No devices found." else listed(done.stdout[:100_000])


def _unique(devices: list[Device]) -> tuple[Device, ...]:
    if len(devices) > MOST:
        raise DevicesError("gpus.too_many", most=MOST)
    ids = [device.id for device in devices]
    twice = next((device for device in ids if ids.count(device) > 1), None)
    if twice is not None:
        raise DevicesError("gpus.twice", device=twice)
    return tuple(devices)

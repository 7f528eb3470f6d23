"""Which GPUs or MIG slices can be leased: those the instructor names, or those `nvidia-smi -L` lists.

The output of `nvidia-smi` is parsed strictly: a line that does not match is an error, never a guess.
A card that is divided into MIG slices is leased slice by slice, never as a whole.
"""

import re
import shutil
import subprocess
from dataclasses import dataclass

from exercises.errors import CatalogueError

MAX_DEVICES = 256
TIMEOUT = 20  # seconds; nvidia-smi may have to wake the driver first

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
    """One GPU or slice: its id in the container engine, and its name for people."""

    id: str
    name: str


def parse_setting(names: str) -> tuple[Device, ...]:
    """Parse `0,1` or `GPU-…,MIG-…`. Raises DevicesError for an invalid id or one that is named twice."""
    ids = [name.strip() for name in names.split(",") if name.strip()]
    for device in ids:
        if not _ID.fullmatch(device):
            raise DevicesError("gpus.no_device", device=device[:100])
    return _check_unique([Device(device, f"GPU {device}") for device in ids])


def parse_nvidia_smi(text: str) -> tuple[Device, ...]:
    """Parse the output of `nvidia-smi -L`. Raises DevicesError for a line that does not match."""
    devices: list[Device] = []
    card: str | None = None  # the last card, whose slices may follow
    for line in text.splitlines():
        if found := _CARD.fullmatch(line.rstrip()):
            card = found["name"]
            devices.append(Device(found["id"], card))
        elif card and (found := _SLICE.fullmatch(line.rstrip())):
            if devices[-1].id.startswith("GPU-"):
                devices.pop()  # the card is divided into slices, so it is not leased as a whole
            devices.append(Device(found["id"], f"{card} ({found['name']})"))
        elif line.strip():
            raise DevicesError("gpus.not_understood", line=line[:200])
    return _check_unique(devices)


def detect_devices() -> tuple[Device, ...]:
    """Ask `nvidia-smi -L` for this machine's devices; return none if there is no such command or no card.

    Raises DevicesError if the command fails, for example because the driver does not run.
    """
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        done = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DevicesError("gpus.not_answered", reason=type(error).__name__) from error
    if done.returncode != 0:
        raise DevicesError("gpus.not_answered", reason=(done.stdout or done.stderr).strip()[:200])
    return () if done.stdout.strip() == "No devices found." else parse_nvidia_smi(done.stdout[:100_000])


def _check_unique(devices: list[Device]) -> tuple[Device, ...]:
    if len(devices) > MAX_DEVICES:
        raise DevicesError("gpus.too_many", most=MAX_DEVICES)
    ids = [device.id for device in devices]
    duplicate = next((device for device in ids if ids.count(device) > 1), None)
    if duplicate is not None:
        raise DevicesError("gpus.twice", device=duplicate)
    return tuple(devices)

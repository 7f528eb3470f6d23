"""What this machine has: its graphics cards, and the memory that this process may use."""

import csv
import subprocess
from pathlib import Path

import psutil


def graphics_cards() -> list[str]:
    """Name and memory of each NVIDIA card the driver sees; none where there is no driver."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [
        f"{name.strip()} ({free.strip()} / {total.strip()})"
        for name, total, free in (row for row in csv.reader(answer.stdout.splitlines()) if len(row) == 3)
    ]


def free_memory() -> tuple[int, int]:
    """Bytes of memory free and in all, as far as this process may use them: a container's limit counts."""
    machine = psutil.virtual_memory()
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):  # no cgroup, or no limit ("max")
        return machine.available, machine.total
    return min(machine.available, limit - used), min(machine.total, limit)

"""A class at the beginning of a lesson: all labs are asked for at once; when is each of them ready?

One hub with the local spawner on this machine. Printed: seconds until each lab answers through the proxy, the
first, the median and the last, and the load. All labs stay open, so twenty need 6 GB of memory.

    python -m benchmarks.class_start [STUDENTS]
"""

import json
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from benchmarks.hub_start import PATIENCE, ours
from hub.secret_files import COHORT_TOKEN_FILE


def main() -> None:
    students = [f"student{number:02}" for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20)]
    with tempfile.TemporaryDirectory() as folder, ours(Path(folder)) as hub:
        token = (Path(folder) / COHORT_TOKEN_FILE).read_text().strip()
        api = httpx2.Client(
            base_url=f"{hub.url}hub/api/", headers={"Authorization": f"token {token}"}, timeout=PATIENCE
        )
        api.post("users", json={"usernames": students}).raise_for_status()
        began = time.monotonic()

        def start(student: str) -> float:
            api.post(f"users/{student}/server").raise_for_status()
            events = api.get(f"users/{student}/server/progress").text
            last = json.loads(events.strip().splitlines()[-1].removeprefix("data: "))
            if not last.get("ready"):
                sys.exit(f"{student}: {last.get('message')}")
            return time.monotonic() - began

        with ThreadPoolExecutor(len(students)) as pool:
            times = sorted(pool.map(start, students))
        print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print("ready after seconds:", " ".join(f"{took:.1f}" for took in times))
        print(f"first {times[0]:.1f}, median {statistics.median(times):.1f}, last {times[-1]:.1f}")


if __name__ == "__main__":
    main()

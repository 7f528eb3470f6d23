"""Whether a batch of a hundred that is killed ten times ends with a hundred records, none of them twice.

python -m benchmarks.batch_kills [--count 100] [--kills 10]
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from manifests.chain import verify_chain
from manifests.settings import WorkSettings
from manifests.store import Store
from tests.lab.engine.tiny import build_mini


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["GENAI_MINI_WEIGHTS"] = str(build_mini(folder / "mini"))
        file, work = folder / "bags.csv", folder / "work"
        rows = "".join(f"a red bag,{seed},12,64,64\n" for seed in range(options.count))
        file.write_text("prompt,seed,steps,width,height\n" + rows)
        command = [sys.executable, "-m", "genai_lab", "batch", str(file), "--work", str(work)]
        at_kill = []
        for _ in range(options.kills):
            before = _count(work)
            process = subprocess.Popen(command)
            while _count(work) == before and process.poll() is None:
                time.sleep(0.005)
            time.sleep(random.random() * 0.3)
            process.kill()
            process.wait()
            at_kill.append(_count(work))
        code = subprocess.run(command).returncode
        records = Store(work, "tp2", WorkSettings().student).records()
        twice = [run for run, count in Counter(each.manifest.run for each in records).items() if count > 1]
        broken = verify_chain([each.manifest for each in records])
        print(f"records after each kill: {at_kill}; at the end {len(records)}, exit code {code}")
        print(f"twice: {twice}; faults of the chain: {broken}")
        raise SystemExit(bool(len(records) != options.count or twice or broken or code))


def _count(work: Path) -> int:
    return len(list((work / "tp2" / "outputs").glob("*.json")))


if __name__ == "__main__":
    main()

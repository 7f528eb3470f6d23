"""Kill the desk at random moments while somebody marks, and count the marks that are lost.

    python -m benchmarks.desk_kills [--kills 200]

Three students; one person gives marks as fast as the desk answers. A mark counts as given once the desk has
answered that it is saved. Bar: none lost.
"""

import argparse
import random
import shutil
import tempfile
import threading
import time
from pathlib import Path
from unittest.mock import patch

from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from grading.desk.app import open_desk
from tests.grading.desk.process import Marker, start
from tests.grading.desk.serving import make_class

CHECK = "reflection/cost_quality/topic"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args()
    tp2, folder = find_assignment("tp2"), Path(tempfile.mkdtemp(prefix="genai-lab-kills-"))
    try:
        with patch("os.fsync"):  # writing the submissions is not what is tried
            subs = make_class(folder / "subs", tp2, ["alice", "bob", "carla"])
        out = folder / "out"
        grade_class(subs, tp2, out, language="en")
        marker = Marker("reflection", CHECK)
        for _ in range(options.kills):
            desk = start(subs, out)
            worker = threading.Thread(target=marker.work, args=(desk,))
            worker.start()
            time.sleep(random.uniform(0, 1))
            desk.process.kill()
            desk.process.communicate()
            worker.join(60)
        names = {s.key: s.entry.name for s in open_desk(subs, tp2, out, "x", "en").seats.current()}
        given, lost = sum(map(len, marker.told.values())), marker.lost(out, names)
        print(f"{options.kills} kills; {given} marks given; lost: {len(lost)}")
        print("\n".join(lost[:20]))
        raise SystemExit(bool(lost))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

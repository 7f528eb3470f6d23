"""A process that writes answers into a notebook, one line `written N` after each; killed by the tests.

python -m tests.manifests.note_writer WORK COUNT      (COUNT 0: for as long as it lives)
"""

import os
import sys
from itertools import count
from pathlib import Path

from manifests.notebook import Notebook
from tests.manifests.notebooks import record


def main() -> None:
    work, most = Path(sys.argv[1]), int(sys.argv[2])
    for number in range(most) if most else count():
        entry = record(Notebook(work, "api-analysis", "ada"), f"{os.getpid()} {number}")
        print("written", entry.sequence, flush=True)


if __name__ == "__main__":
    main()

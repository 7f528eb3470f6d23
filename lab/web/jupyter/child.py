"""JupyterLab that ends with the lab: its standard input closes when the lab ends, however it ends."""

import os
import signal
import sys
import threading

# What Jupyter checks by a schema holds no address in other letters than Latin ones, and the parser for those
# takes two seconds to import; without it schemas are checked all the same.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from jupyterlab.labapp import main  # noqa: E402


def _end_with_the_lab() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)  # which ends the kernels too


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_lab, daemon=True).start()
    main()

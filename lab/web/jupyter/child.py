"""JupyterLab that ends with the lab: its standard input closes when the lab ends, however it ends."""

import os
import signal
import threading

from jupyterlab.labapp import main


def _end_with_the_lab() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)  # which ends the kernels too


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_lab, daemon=True).start()
    main()

"""In the job, before the lab: hold a free port, tell the Hub which, then become the lab.

The port is not chosen and let go again: on a node that others use too, somebody could take it in
between and be handed the student's visits. The lab gets the open socket, in the way systemd hands
one over (LISTEN_FDS). The Hub takes the node's name from Slurm, and only the port from here.

A Hub that knows of no such start (it was killed while the job waited in the queue) refuses, and the
job ends: no lab runs on that nobody can reach or stop.
"""

import os
import socket
import sys
import time
from urllib.parse import urlsplit

import httpx

LISTEN_FD = 3  # where systemd's convention begins
BACKLOG = 128
LAB = [sys.executable, "-P", "-m", "genai_lab", "serve"]
PATIENCE = 300  # seconds for a Hub that is being restarted
PAUSE = 5


class ReportRefused(Exception):
    """The Hub does not wait for this lab, or could not be reached."""


def report(api_url: str, token: str, port: int, patience: float = PATIENCE, pause: float = PAUSE) -> None:
    """Tell the Hub the port. Raises ReportRefused."""
    until = time.monotonic() + patience
    with httpx.Client(trust_env=False, timeout=30) as client:  # the Hub is near: no proxy of the site
        while True:
            try:
                answer = client.post(
                    f"{api_url}/slurm/address",
                    headers={"Authorization": f"token {token}"},
                    json={"port": port},
                )
                if answer.status_code == httpx.codes.NO_CONTENT:
                    return
                if answer.status_code < 500:
                    raise ReportRefused(f"the Hub waits for no lab here (HTTP {answer.status_code})")
                trouble = f"HTTP {answer.status_code}"
            except httpx.HTTPError as error:
                trouble = str(error) or type(error).__name__
            if time.monotonic() + pause > until:
                raise ReportRefused(f"the Hub at {api_url} cannot be reached: {trouble}")
            time.sleep(pause)


def main() -> None:
    """Become `genai-lab serve`, or end with one line on stderr (which the job's log keeps)."""
    server = socket.create_server(("", 0), backlog=BACKLOG)
    port: int = server.getsockname()[1]
    try:
        report(os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"], port)
    except ReportRefused as error:
        sys.exit(f"genai-lab: {error}")
    asked = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    os.dup2(server.fileno(), LISTEN_FD)
    os.set_inheritable(LISTEN_FD, True)  # by itself: where both were 3 already, dup2 did nothing
    os.environ |= {
        "JUPYTERHUB_SERVICE_URL": asked._replace(netloc=f"0.0.0.0:{port}").geturl(),
        "LISTEN_FDS": "1",
        "LISTEN_PID": str(os.getpid()),
    }
    os.execv(LAB[0], LAB)  # noqa: S606


if __name__ == "__main__":
    main()

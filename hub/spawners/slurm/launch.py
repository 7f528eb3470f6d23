"""Runs in the job before the lab: opens a free port, reports it to the Hub, then becomes the lab.

The port stays open from the beginning. If it were chosen and closed again, another user of the node
could take it in between and receive the student's visits. The lab inherits the open socket in the way
in which systemd hands one over (LISTEN_FDS). The Hub takes the node's name from Slurm and only the port
number from here.

If the Hub was restarted while the job waited in the queue, no start waits for the report. The Hub then
refuses it and the job ends, so that no lab runs which nobody can reach or stop.
"""

import os
import socket
import sys
import time
from urllib.parse import urlsplit

import httpx2

LISTEN_FD = 3  # the first file descriptor of systemd's convention
BACKLOG = 128
LAB = [sys.executable, "-P", "-m", "genai_lab", "serve"]
RETRY_SECONDS = 300  # how long a Hub that is being restarted is waited for
PAUSE_SECONDS = 5


class ReportRefused(Exception):
    """The Hub does not wait for this lab, or could not be reached."""


def report(
    api_url: str, token: str, port: int, retry_seconds: float = RETRY_SECONDS, pause: float = PAUSE_SECONDS
) -> None:
    """Report the port to the Hub, and try again while the Hub does not answer. Raises ReportRefused."""
    deadline = time.monotonic() + retry_seconds
    with httpx2.Client(trust_env=False, timeout=30) as client:  # the Hub is reached without a proxy
        while True:
            try:
                answer = client.post(
                    f"{api_url}/slurm/address",
                    headers={"Authorization": f"token {token}"},
                    json={"port": port},
                )
                if answer.status_code == httpx2.codes.NO_CONTENT:
                    return
                if answer.status_code < 500:
                    raise ReportRefused(f"the Hub waits for no lab here (HTTP {answer.status_code})")
                failure = f"HTTP {answer.status_code}"
            except httpx2.HTTPError as error:
                failure = str(error) or type(error).__name__
            if time.monotonic() + pause > deadline:
                raise ReportRefused(f"the Hub at {api_url} cannot be reached: {failure}")
            time.sleep(pause)


def main() -> None:
    """Become `genai-lab serve`, or end with one line on stderr, which goes to the job's log."""
    server = socket.create_server(("", 0), backlog=BACKLOG)
    port: int = server.getsockname()[1]
    try:
        report(os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"], port)
    except ReportRefused as error:
        sys.exit(f"genai-lab: {error}")
    service_url = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    os.dup2(server.fileno(), LISTEN_FD)
    os.set_inheritable(LISTEN_FD, True)  # dup2 does nothing if the socket already has this number
    os.environ |= {
        "JUPYTERHUB_SERVICE_URL": service_url._replace(netloc=f"0.0.0.0:{port}").geturl(),
        "LISTEN_FDS": "1",
        "LISTEN_PID": str(os.getpid()),
    }
    os.execv(LAB[0], LAB)  # noqa: S606


if __name__ == "__main__":
    main()

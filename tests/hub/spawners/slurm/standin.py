"""In place of Python in a job: the project's own launcher, but what it becomes is no lab, only its answer.

For tests of the queue and of jobs' ends, where the lab's own start would cost more than all the rest.
"""

import os
import sys
from pathlib import Path

from hub.spawners.slurm import launch

CRASHES = "crash"  # the lab of a student of this name ends at once


def write(file: Path) -> Path:
    """An executable that takes the place of `python` in the settings; gives the file."""
    file.write_text(f"#!{sys.executable}\nfrom tests.hub.spawners.slurm.standin import start\nstart()\n")
    file.chmod(0o755)
    return file


def start() -> None:
    lab = "crash" if os.environ["JUPYTERHUB_USER"] == CRASHES else "answer"
    launch.LAB = [sys.executable, "-c", f"from tests.hub.spawners.slurm.standin import {lab}; {lab}()"]
    launch.main()


def answer() -> None:
    """HTTP 200 to everything, on the socket that was handed over."""
    import socket
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a stand-in")

    server = HTTPServer(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=launch.LISTEN_FD)
    server.serve_forever()


def crash() -> None:
    """End at once, as a lab that cannot open."""
    sys.exit("genai-lab: the model is missing")

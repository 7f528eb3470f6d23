"""A stand-in for the lab: the project's own launcher starts a small HTTP server instead of a lab.

Tests of the queue and of jobs' ends use it, because starting a real lab would take longer than the test.
"""

import os
import sys
from pathlib import Path

from hub.spawners.slurm import launch

CRASHES = "crash"  # the lab of a student of this name ends at once


def write(file: Path) -> Path:
    """Write an executable for the setting `python`, and return its path."""
    file.write_text(f"#!{sys.executable}\nfrom tests.hub.spawners.slurm.standin import start\nstart()\n")
    file.chmod(0o755)
    return file


def start() -> None:
    lab = "crash" if os.environ["JUPYTERHUB_USER"] == CRASHES else "answer"
    launch.LAB = [sys.executable, "-c", f"from tests.hub.spawners.slurm.standin import {lab}; {lab}()"]
    launch.main()


def answer() -> None:
    """Answer every request with HTTP 200, on the inherited socket."""
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
    """End at once, like a lab that cannot start."""
    sys.exit("genai-lab: the model is missing")

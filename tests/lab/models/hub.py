"""A stand-in for the Hugging Face Hub on this machine: serves folders as repositories, each at one commit."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Handler(BaseHTTPRequestHandler):
    server: "_Hub"

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.asked.append(path)
        hub.tokens.add(self.headers.get("Authorization"))
        if hub.status != 200:
            self._send(hub.status, b"", {"X-Error-Code": hub.error} if hub.error else {})
            return
        commit = next(each for each in hub.folders if each in path)
        if path.startswith("/api/"):
            told = hub.tree(commit) if "/tree/" in path else hub.info(commit)
            self._send(200, json.dumps(told).encode() if body else b"", {})
        else:
            data = (hub.folders[commit] / path.split(f"/resolve/{commit}/", 1)[-1]).read_bytes()
            etag = hashlib.sha256(data).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "X-Linked-Size": str(len(data))}
            self._send(200, data, headers, send_body=body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], send_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if send_body:
            self.wfile.write(data)


class _Hub(ThreadingHTTPServer):
    def __init__(self, folders: dict[str, Path], status: int, error: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders, self.status, self.error = folders, status, error
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files(self, commit: str) -> list[Path]:
        return sorted(file for file in self.folders[commit].rglob("*") if file.is_file())

    def info(self, commit: str) -> dict[str, object]:
        folder = self.folders[commit]
        siblings = [{"rfilename": str(file.relative_to(folder))} for file in self.files(commit)]
        return {"id": "a/b", "modelId": "a/b", "sha": commit, "siblings": siblings}

    def tree(self, commit: str) -> list[dict[str, object]]:
        return [
            {
                "type": "file",
                "path": str(file.relative_to(self.folders[commit])),
                "size": file.stat().st_size,
                "oid": hashlib.sha1(file.read_bytes()).hexdigest(),  # noqa: S324 (what git names a file by)
            }
            for file in self.files(commit)
        ]


@contextmanager
def hub(folders: dict[str, Path], status: int = 200, error: str = "") -> Iterator[_Hub]:
    """Serve each folder at its commit; with another status every answer is that refusal, `error` its code."""
    server = _Hub(folders, status, error)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

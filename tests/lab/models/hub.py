"""A stand-in for the Hugging Face Hub on this machine: serves one folder as one repository at one commit."""

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
        elif path.startswith("/api/"):
            listing = "/tree/" in path
            self._send(200, json.dumps(hub.tree() if listing else hub.info()).encode() if body else b"", {})
        else:
            file = hub.folder / path.split(f"/resolve/{hub.commit}/", 1)[-1]
            data = file.read_bytes()
            etag = hashlib.sha256(data).hexdigest()
            headers = {"ETag": f'"{etag}"', "X-Repo-Commit": hub.commit, "X-Linked-Size": str(len(data))}
            self._send(200, data, headers, send_body=body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], send_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if send_body:
            self.wfile.write(data)


class _Hub(ThreadingHTTPServer):
    def __init__(self, folder: Path, commit: str, status: int, error: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.commit, self.status, self.error = folder, commit, status, error
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def files(self) -> list[Path]:
        return sorted(file for file in self.folder.rglob("*") if file.is_file())

    def info(self) -> dict[str, object]:
        siblings = [{"rfilename": str(file.relative_to(self.folder))} for file in self.files()]
        return {"id": "a/b", "modelId": "a/b", "sha": self.commit, "siblings": siblings}

    def tree(self) -> list[dict[str, object]]:
        return [
            {
                "type": "file",
                "path": str(file.relative_to(self.folder)),
                "size": file.stat().st_size,
                "oid": hashlib.sha1(file.read_bytes()).hexdigest(),  # noqa: S324 (what git names a file by)
            }
            for file in self.files()
        ]


@contextmanager
def hub(folder: Path, commit: str, status: int = 200, error: str = "") -> Iterator[_Hub]:
    """Serve `folder`; with another status every answer is that refusal, `error` its code."""
    server = _Hub(folder, commit, status, error)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""How a played provider answers one request: rightly, or with the fault that is planned."""

import base64
import json
import socket
import struct
import time
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from tests.lab.providers.faults import ENDLESS, STATUS

if TYPE_CHECKING:
    from tests.lab.providers.server import PlayedProvider


@dataclass(frozen=True)
class Seen:
    """A request as it came in. `text` is what the person asked (the last message or the prompt)."""

    path: str
    headers: dict[str, str]
    body: bytes
    text: str
    fault: str

    def json(self) -> Any:
        return json.loads(self.body)


class Handler(BaseHTTPRequestHandler):
    played: "PlayedProvider"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, body: bytes) -> None:
        played = self.played
        played.begin()
        try:
            fault = played.fault(self.path)
            authorization = self.headers.get("authorization", "")
            if played.key and authorization != f"Bearer {played.key}":
                fault = "401"
            text = _asked(body, self.headers.get("content-type", ""))
            played.saw(Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, body, text, fault))
            self._play(fault, body, authorization.removeprefix("Bearer "))
        finally:
            self.close_connection = True
            played.end()

    def _play(self, fault: str, body: bytes, key: str) -> None:
        if fault in STATUS:
            self._status(fault, key)
        elif fault == "redirect":
            self._send(302, b"", location="http://127.0.0.1:9/elsewhere")
        elif fault == "404 page":
            self._send(404, b"<html>not here</html>", "text/html")
        elif fault in ENDLESS:
            self._endless(fault)
        elif fault == "reset":
            self._reset()
        elif fault == "html":
            self._send(200, b"<!doctype html><title>Log in to the network</title>", "text/html")
        elif fault.startswith("huge"):
            self._huge(with_length=fault == "huge")
        elif self.path.endswith("/models"):
            data = json.dumps({"object": "list", "data": self.played.models}).encode()
            self._send(200, data[: len(data) // 2] if fault == "truncated json" else data)
        elif "/chat/" in self.path and json.loads(body).get("stream"):
            self._stream(fault, json.loads(body))
        else:
            self._whole(fault, body)

    def _whole(self, fault: str, body: bytes) -> None:
        if "/models/" in self.path:  # Hugging Face's inference answers with the picture itself
            data = b"no picture" if fault == "not a picture" else self.played.picture
            self._send(200, data, "image/png")
            return
        document = self._chat(fault, body) if "/chat/" in self.path else self._pictures(fault, body)
        data = json.dumps(document).encode()
        if fault == "truncated json":
            self._send(200, data[: len(data) // 2])
        elif fault == "gzip":
            self._send(200, data, encoding="gzip")
        elif fault in ("reset in the middle", "ends in the middle"):
            self._head(200, length=len(data))
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            if fault == "reset in the middle":
                self._reset()
        else:
            self._send(200, data)

    def _chat(self, fault: str, body: bytes) -> dict[str, Any]:
        if fault == "embedded error":
            return {"error": {"code": 503, "message": "Provider returned error"}}
        asked = json.loads(body)
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.played.pieces)}
        if "response_format" in asked:
            message["content"] = json.dumps({"object": "backpack", "colours": ["red"]})
        if "image" in asked.get("modalities", []):
            data = base64.b64encode(self._picture(fault)).decode()
            url = "https://example.org/a.png" if fault == "link" else f"data:image/png;base64,{data}"
            message |= {"content": "", "images": [{"type": "image_url", "image_url": {"url": url}}]}
        reason = {"cut": "length", "content filter": "content_filter"}.get(fault, "stop")
        if fault == "refusal":
            message |= {"content": None, "refusal": "I cannot help with that."}
        if fault == "empty":
            message |= {"content": "", "images": []}
        if fault == "wrong types":
            message |= {"content": 42}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        document = {"id": "c-1", "object": "chat.completion", "created": 1, "model": asked["model"]}
        return {**document, "choices": [choice], **self._usage(fault, "prompt_tokens", "completion_tokens")}

    def _pictures(self, fault: str, body: bytes) -> dict[str, Any]:
        if fault == "embedded error":
            return {"error": {"code": 503, "message": "Provider returned error"}}
        data: Any = [{"b64_json": base64.b64encode(self._picture(fault)).decode()}]
        if fault == "link":
            data = [{"url": "http://127.0.0.1:9/a.png"}]
        if fault == "wrong types":
            data = "pictures"
        if fault == "empty":
            data = []
        return {"created": 1, "data": data, **self._usage(fault, "input_tokens", "output_tokens")}

    def _picture(self, fault: str) -> bytes:
        return b"no picture at all" if fault == "not a picture" else self.played.picture

    def _usage(self, fault: str, input_name: str, output_name: str) -> dict[str, Any]:
        if fault == "no usage":
            return {}
        used, made = self.played.usage
        cost = {"cost": self.played.cost} if fault == "cost" else {}
        return {"usage": {input_name: used, output_name: made, "total_tokens": used + made, **cost}}

    def _stream(self, fault: str, asked: dict[str, Any]) -> None:
        self._head(200, "text/event-stream")
        pieces = ["I cannot help with that."] if fault == "refusal" else list(self.played.pieces)
        field = "refusal" if fault == "refusal" else "content"
        broken = fault in ("reset in the middle", "ends in the middle", "truncated json", "wrong types")
        for number, piece in enumerate(pieces):
            if broken and number == 1:
                break
            self._event(_chunk(asked, {"delta": {field: piece}, "finish_reason": None}))
        if fault == "reset in the middle":
            self._reset()
        elif fault == "truncated json":
            self.wfile.write(b'data: {"choices": [{"del\n\n')
        elif fault == "wrong types":
            self._event(_chunk(asked, {"delta": {"content": 42}, "finish_reason": None}))
        elif fault == "embedded error":
            self._event({"error": {"code": 503, "message": "Provider returned error"}})
        elif fault != "ends in the middle":
            reason = {"cut": "length", "content filter": "content_filter"}.get(fault, "stop")
            self._event(_chunk(asked, {"delta": {}, "finish_reason": reason}))
            usage = self._usage(fault, "prompt_tokens", "completion_tokens")
            self._event({**_chunk(asked, None), **usage})
            self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, document: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(document)}\n\n".encode())
        self.wfile.flush()

    def _status(self, fault: str, key: str) -> None:
        status, code, message = STATUS[fault]
        error: dict[str, Any] = {"message": message.format(key=key), "code": code, "type": "error"}
        if fault == "403 moderation":
            error["metadata"] = {"reasons": ["violence"]}
        headers = {}
        if fault == "429 retry-after":
            headers["retry_after"] = str(self.played.retry_after)
        if fault == "429 retry-after date":
            headers["retry_after"] = formatdate(time.time() + self.played.retry_after + 1, usegmt=True)
        if fault == "429 retry-after long":
            headers["retry_after"] = "86400"
        self._json({"error": error}, status, **headers)

    def _endless(self, fault: str) -> None:
        """Until the client leaves, the server closes, or the test releases it."""
        if fault == "drip headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        elif fault == "drip body":
            self._head(200)
        while not (self.played.closing.wait(0.05) or self.played.released.is_set()):
            if fault != "hang":
                self.wfile.write(b" ")
                self.wfile.flush()
            elif _left(self.connection):
                return

    def _huge(self, *, with_length: bool) -> None:
        size = 50_000_000
        self._head(200, length=size if with_length else None)
        chunk = b" " * 65536
        for _ in range(size // len(chunk) + 1):
            self.wfile.write(chunk)

    def _reset(self) -> None:
        """End the connection without a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def _json(self, document: Any, status: int = 200, **headers: str) -> None:
        self._send(status, json.dumps(document).encode(), **headers)

    def _send(
        self,
        status: int,
        data: bytes,
        media_type: str = "application/json",
        encoding: str = "",
        **headers: str,
    ) -> None:
        self._head(status, media_type, len(data), encoding, **headers)
        self.wfile.write(data)

    def _head(
        self,
        status: int,
        media_type: str = "application/json",
        length: int | None = None,
        encoding: str = "",
        **headers: str,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Connection", "close")
        if length is not None:
            self.send_header("Content-Length", str(length))
        if encoding:
            self.send_header("Content-Encoding", encoding)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def _chunk(asked: dict[str, Any], choice: dict[str, Any] | None) -> dict[str, Any]:
    choices = [] if choice is None else [{"index": 0, **choice}]
    return {
        "id": "c-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": asked["model"],
        "choices": choices,
    }


def _asked(body: bytes, content_type: str) -> str:
    """The person's words in a request."""
    if not body:
        return ""
    if content_type.startswith("multipart/"):
        _, _, after = body.partition(b'name="prompt"')
        return after.split(b"\r\n\r\n", 1)[-1].split(b"\r\n", 1)[0].decode() if after else ""
    document = json.loads(body)
    if "messages" in document:
        content = document["messages"][-1]["content"]
        return content if isinstance(content, str) else content[0]["text"]
    return str(document.get("prompt") or document.get("inputs") or "")


def _left(connection: socket.socket) -> bool:
    """Whether the client closed its end."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.setblocking(True)

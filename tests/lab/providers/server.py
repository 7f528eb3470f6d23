"""A provider played by a real HTTP server on this machine, with every fault on demand.

    with PlayedProvider(key="k-1") as provider:
        provider.next("429 retry-after", "ok")     # for the next requests, then "ok" again
        provider.always("hang")

It speaks chat completions, images (generations and edits), models, and Hugging Face's inference. What
it would charge for (every request that it did not turn away with an error status) is in `charged`.
"""

import io
import random
import socket
import sys
import threading
from collections import deque
from http.server import ThreadingHTTPServer
from typing import Any, Self

from PIL import Image

from tests.lab.providers.answers import Handler, Seen
from tests.lab.providers.faults import UNCHARGED, known


class PlayedProvider:
    """`pieces`: what a chat answers, streamed in these; `usage`: tokens it reports; `cost`: for "cost"."""

    def __init__(self, key: str = "", *, models: list[dict[str, Any]] | None = None) -> None:
        self.key = key
        self.models = models if models is not None else [{"id": "model-a", "object": "model"}]
        self.pieces = ["A red ", "backpack ", "on white."]
        self.usage = (100, 20)
        self.cost = 0.0005
        self.retry_after = 1
        self.picture = png()
        self.seen: list[Seen] = []
        self.charged: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._next: deque[str] = deque()
        self._always = "ok"
        self._models_fault = "ok"
        self._random: tuple[random.Random, tuple[str, ...]] | None = None
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.released = threading.Event()
        provider = self

        class Answers(Handler):
            played = provider

        self._server = _Server(("127.0.0.1", 0), Answers)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def next(self, *faults: str) -> None:
        """What the next requests meet, one each."""
        with self._lock:
            self._next.extend(known(fault) for fault in faults)

    def always(self, fault: str) -> None:
        """What requests meet when nothing else is planned."""
        self._always = known(fault)

    def at_random(self, seed: int, faults: tuple[str, ...]) -> None:
        self._random = (random.Random(seed), tuple(known(fault) for fault in faults))

    def models_fault(self, fault: str) -> None:
        """What `GET /models` meets."""
        self._models_fault = known(fault)

    def fault(self, path: str) -> str:
        with self._lock:
            if path.endswith("/models"):
                return self._models_fault
            if self._next:
                return self._next.popleft()
            if self._random:
                rng, faults = self._random
                return rng.choice(faults)
            return self._always

    def calls(self) -> list[Seen]:
        """The requests that were calls (not the list of models)."""
        return [seen for seen in self.seen if not seen.path.endswith("/models")]

    def saw(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)
            begun = seen.fault == "embedded error" and b'"stream": true' in seen.body.replace(b":t", b": t")
            if (begun or seen.fault not in UNCHARGED) and not seen.path.endswith("/models"):
                self.charged.append(seen.text)

    def begin(self) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def png(side: int = 24) -> bytes:
    """A small picture, with a text chunk that a re-encoding would lose."""
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("origin", "as the provider sent it")
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(file, "PNG", pnginfo=text)
    return file.getvalue()


def free_port() -> int:
    """A port on which nobody listens (now)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left in the middle is what some tests are about."""


if __name__ == "__main__":  # in a process of its own, until its input ends: prints where it listens
    with PlayedProvider() as alone:
        print(alone.url, flush=True)
        sys.stdin.read()

"""What router, ledger and cache add to a call, beside the bare `openai` client.

    python -m benchmarks.providers [--calls 200]

Both ask the same server on this machine the same question with a picture in it, taking turns call by
call, so that whatever else the machine does hits both alike. Printed: milliseconds per call (median and
90th percentile), the difference, and what an answer out of the cache takes. Bar: 10 ms a call more.
"""

import argparse
import base64
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import openai

from lab.providers.cache import Cache
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger, Limits
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from tests.lab.providers.conftest import entry
from tests.lab.providers.server import PlayedProvider, png

BAR_MS = 10.0


def milliseconds(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


def line(name: str, times: list[float]) -> str:
    ninetieth = sorted(times)[int(len(times) * 0.9)]
    return f"{name:<28}{statistics.median(times):8.2f}{ninetieth:10.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    calls = parser.parse_args().calls
    picture = png(512)
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    with tempfile.TemporaryDirectory() as folder, PlayedProvider() as server:
        bare = openai.OpenAI(api_key="none", base_url=server.url, max_retries=0)
        router = Router(
            Configuration.model_validate({"providers": [entry("one", server.url)]}),
            Ledger(Path(folder) / "ledger.sqlite", limits=Limits(10**12, 10**12, 10**12)),
            student="bench",
            cache=Cache(Path(folder) / "answers", 2**30),
            environment={},
        )

        def by_client(number: int) -> object:
            content = [
                {"type": "text", "text": f"What do you see? {number}"},
                {"type": "image_url", "image_url": {"url": url}},
            ]
            messages = [{"role": "user", "content": content}]
            return bare.chat.completions.create(model="model-a", messages=messages, max_tokens=1000)  # type: ignore[arg-type]

        def by_router(number: int) -> object:
            message = Message("user", f"What do you see? {number}", (Media(picture, "image/png"),))
            return router.complete(Call("vision", messages=(message,)))

        by_client(-1), by_router(-1)  # imports and first connections
        client: list[float] = []
        routed: list[float] = []
        for number in range(calls):
            client.append(milliseconds(lambda: by_client(number)))  # noqa: B023
            routed.append(milliseconds(lambda: by_router(number)))  # noqa: B023
        cached = [milliseconds(lambda: by_router(number)) for number in range(calls)]  # noqa: B023
        router.close()

    more = statistics.median(routed) - statistics.median(client)
    print(f"{calls} calls, milliseconds      median       90 %")
    print(line("openai client alone", client))
    print(line("router, ledger and cache", routed))
    print(line("out of the cache", cached))
    verdict = "under" if more < BAR_MS else "OVER"
    print(f"{more:+.2f} ms a call, {verdict} the bar of {BAR_MS:g} ms")


if __name__ == "__main__":
    main()

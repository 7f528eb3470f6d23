"""What router, ledger and cache add to a call, beside the bare `openai` client.

    python -m benchmarks.providers [--calls 200] [--side 512]

Both ask the same server on this machine the same question with a picture in it, taking turns call by
call, so that whatever else the machine does hits both alike. The server is a process of its own. Printed:
milliseconds per call on the clock (median and 90th percentile) and of the processors, the differences, and
what an answer out of the cache takes. Bar: 10 ms a call more on the clock of a machine with nothing else
to do.
"""

import argparse
import base64
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai
from PIL import Image

from lab.providers.cache import Cache
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from lab.providers.spending import BudgetLimits
from tests.lab.providers.conftest import entry

BAR_MS = 10.0


def grainy_picture(side: int) -> bytes:
    """A PNG that takes as much room as a photo's: at 512 x 512, about half a megabyte."""
    file = io.BytesIO()
    Image.effect_noise((side, side), 40).convert("RGB").save(file, "PNG")
    return file.getvalue()


@contextmanager
def served() -> Iterator[str]:
    """The address of a played provider in a process of its own."""
    command = [sys.executable, "-m", "tests.lab.providers.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        assert server.stdout
        yield server.stdout.readline().strip()
        server.stdin.close()


@dataclass
class Times:
    """Milliseconds of each call: on the clock, and of the processors in this process."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def take(self, ask: Callable[[int], object], number: int) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        ask(number)
        self.clock.append((time.perf_counter() - clock) * 1000)
        self.processor.append((time.process_time() - processor) * 1000)

    def line(self, name: str) -> str:
        ninetieth = sorted(self.clock)[int(len(self.clock) * 0.9)]
        medians = statistics.median(self.clock), statistics.median(self.processor)
        return f"{name:<28}{medians[0]:8.2f}{ninetieth:10.2f}{medians[1]:14.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--side", type=int, default=512, help="of the picture, in pixels")
    arguments = parser.parse_args()
    calls, picture = arguments.calls, grainy_picture(arguments.side)
    with tempfile.TemporaryDirectory() as folder, served() as url_of_server:
        bare = openai.OpenAI(api_key="none", base_url=url_of_server, max_retries=0)
        router = Router(
            Configuration.model_validate({"providers": [entry("one", url_of_server)]}),
            Ledger(Path(folder) / "ledger.sqlite", limits=BudgetLimits(10**12, 10**12, 10**12)),
            student="bench",
            cache=Cache(Path(folder) / "answers", 2**30),
            environment={},
        )

        def by_client(number: int) -> object:
            url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
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
        client, routed, cached = Times(), Times(), Times()
        for number in range(calls):
            client.take(by_client, number)
            routed.take(by_router, number)
        for number in range(calls):
            cached.take(by_router, number)
        router.close()

    print(f"{f'{calls} calls, milliseconds':<28}  median       90 %     processor")
    print(client.line("openai client alone"))
    print(routed.line("router, ledger and cache"))
    print(cached.line("out of the cache"))
    more = statistics.median(routed.clock) - statistics.median(client.clock)
    work = statistics.median(routed.processor) - statistics.median(client.processor)
    verdict = "under" if more < BAR_MS else "OVER"
    print(
        f"{more:+.2f} ms a call on the clock ({work:+.2f} of the processors), {verdict} the bar of {BAR_MS:g}"
    )


if __name__ == "__main__":
    main()

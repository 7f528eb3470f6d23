"""What the gateway adds to a provider's call, beside the lab's own router.

    python -m benchmarks.gateway_overhead [--calls 200] [--side 512]

Three ask the same played provider the same question with a picture in it, taking turns call by call, so that
whatever else the machine does hits all alike: the router of a lab alone (ledger, budgets and cache in the
lab), a student's script with the bare `openai` client through the gateway, and a lab below the gateway. The
provider and the gateway are processes of their own. Printed: milliseconds per call on the clock, and how
much more than the first. Bar: 10 ms.
"""

import argparse
import base64
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
from pydantic import SecretStr

from benchmarks.providers import BAR_MS, Times, grainy_picture, served
from lab.providers.cache import Cache
from lab.providers.class_router import ClassRouter
from lab.providers.configuration import Configuration
from lab.providers.ledger import Ledger
from lab.providers.protocol import Call, Media, Message
from lab.providers.router import Router
from lab.providers.spending import BudgetLimits
from tests.gateway.paying import write_budgets, write_providers
from tests.lab.providers.conftest import entry

TOKEN = "a-token-of-the-benchmark"  # noqa: S105
RICH = {"student": 10**5, "class": 10**5, "day": 10**5}


@contextmanager
def gateway(state: Path, provider: str) -> Iterator[str]:
    """The address of `genai-lab gateway` over that provider."""
    write_providers(state, entry("one", provider))
    write_budgets(state, RICH)
    (state / "people.csv").write_text(f"student,token,role\nbench,{TOKEN},student\n")
    command = [sys.executable, "-m", "genai_lab", "gateway", "--port", "0", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        yield line[line.index("http") :].strip().removesuffix("/v1")
        process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--side", type=int, default=512, help="of the picture, in pixels")
    arguments = parser.parse_args()
    picture = grainy_picture(arguments.side)
    with tempfile.TemporaryDirectory() as folder, served() as provider:
        place = Path(folder)
        (place / "state").mkdir()
        with gateway(place / "state", provider) as url:
            alone = Router(
                Configuration.model_validate({"providers": [entry("one", provider)]}),
                Ledger(place / "ledger.sqlite", limits=BudgetLimits(10**11, 10**11, 10**11)),
                student="bench",
                cache=Cache(place / "answers", 2**30),
                environment={},
            )
            below = ClassRouter(url, SecretStr(TOKEN))
            script = openai.OpenAI(api_key=TOKEN, base_url=f"{url}/v1", max_retries=0)

            def asked(who: str, number: int) -> Call:
                message = Message("user", f"{who}: what do you see? {number}", (Media(picture, "image/png"),))
                return Call("vision", messages=(message,), provider="one", model="model-a")

            def by_script(number: int) -> object:
                link = {"url": f"data:image/png;base64,{base64.b64encode(picture).decode()}"}
                content = [{"type": "text", "text": f"{number}"}, {"type": "image_url", "image_url": link}]
                messages = [{"role": "user", "content": content}]
                ask: Any = script.chat.completions.create
                return ask(
                    model="one/model-a",
                    messages=messages,
                    max_tokens=1000,
                )

            ways = {
                "a lab alone": (lambda number: alone.complete(asked("alone", number)), Times()),
                "a script, by the gateway": (by_script, Times()),
                "a lab below the gateway": (lambda number: below.complete(asked("below", number)), Times()),
            }
            for number in range(-2, arguments.calls):
                for ask, times in ways.values():
                    (times if number >= 0 else Times()).take(ask, number)  # the first: imports, connections
            alone.close()
            below.close()

    print(f"{f'{arguments.calls} calls, milliseconds':<28}  median       90 %     processor")
    first = statistics.median(ways["a lab alone"][1].clock)
    for name, (_, times) in ways.items():
        more = statistics.median(times.clock) - first
        print(f"{times.line(name)}   {more:+.2f} ms, {1 + more / first:.2f} times the first")
    more = statistics.median(ways["a lab below the gateway"][1].clock) - first
    print(f"{'under' if more < BAR_MS else 'OVER'} the bar of {BAR_MS:g} ms")


if __name__ == "__main__":
    main()

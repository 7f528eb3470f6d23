"""How long the gallery takes to open with 2,000 pictures, beside 20, in a real browser and one run.

    python -m benchmarks.gallery [--records 2000] [--tries 3]

A lab is started for each number, and its page loaded anew for each try: what is measured is the gallery, not
the reading of Gradio's scripts. Opening is: from the press on the tab until the pictures of the first screen
are drawn and the chosen one stands beside them. The first try also reads every manifest. Bar: 2 seconds for
2,000, by the best try.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from manifests.store import Store
from tests.manifests.many import many_records

BAR_SECONDS = 2.0
DRAWN = """(total) => {
    const shelf = document.querySelector("#gallery-pictures");
    const seen = [...(shelf?.querySelectorAll("img") ?? [])].filter(
        (image) => image.getBoundingClientRect().top < innerHeight);
    return document.querySelector("#gallery-where")?.textContent.includes(total)
        && getComputedStyle(shelf).visibility === "visible"
        && document.querySelector("#facts-gallery")?.textContent.trim()
        && seen.length > 0 && seen.every((image) => image.complete && image.naturalWidth > 0);
}"""


def opening(page: Page, address: str, records: int) -> float:
    """Seconds from the press on the tab until what is to be seen first is there."""
    page.goto("about:blank")
    page.goto(f"{address}en/#start")
    page.locator("#progress a").first.wait_for()
    page.wait_for_timeout(500)
    began = time.perf_counter()
    page.get_by_role("tab", name="Gallery", exact=True).click()
    page.wait_for_function(DRAWN, arg=str(records), polling=20)
    return time.perf_counter() - began


def measure(work: Path, records: int, tries: int) -> list[float]:
    """The openings of a lab with that many pictures, the first one first."""
    many_records(Store(work, "tp2", "ada"), records)
    lab = subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "serve", "--port", "0", "--work", str(work)],
        env=os.environ | {"GENAI_STUDENT": "ada"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        address = re.search(r"http://\S+", lab.stdout.readline())
        assert address, "the lab did not start"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            taken = [opening(page, address.group(), records) for _ in range(tries)]
            browser.close()
        return taken
    finally:
        lab.send_signal(signal.SIGINT)
        lab.wait(timeout=30)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--tries", type=int, default=3)
    asked = parser.parse_args()
    best: dict[int, float] = {}
    for records in (20, asked.records):
        with tempfile.TemporaryDirectory() as folder:
            taken = measure(Path(folder), records, asked.tries)
        best[records] = min(taken)
        print(f"{records:6} pictures: " + ", ".join(f"{seconds:.2f} s" for seconds in taken), flush=True)
    print(f"ratio {best[asked.records] / best[20]:.2f}")
    assert best[asked.records] <= BAR_SECONDS * asked.records / 2000, "the gallery opens too slowly"


if __name__ == "__main__":
    main()

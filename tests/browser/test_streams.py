"""Two events, the second sent in the moment in which the first one's stream closes: both are answered."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from lab.ui.gradio_patches import AcceptAfterClose

WORK = 0.03  # seconds of the first event
TRIES = 50  # without the middleware about one in ten is never answered


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A small Gradio page behind the middleware: each button counts how often it was pressed."""
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    def slowly(count: float) -> float:
        time.sleep(WORK)
        return count + 1

    with gr.Blocks(analytics_enabled=False) as blocks:
        first, second = gr.Button("first", elem_id="first"), gr.Button("second", elem_id="second")
        firsts, seconds = gr.Number(0, elem_id="firsts"), gr.Number(0, elem_id="seconds")
        first.click(slowly, firsts, firsts, show_progress="hidden")
        second.click(lambda count: count + 1, seconds, seconds, show_progress="hidden")
    app = FastAPI()
    app.add_middleware(AcceptAfterClose, close_seconds=0.5)  # a small page reads it sooner
    gr.mount_gradio_app(app, blocks.queue(default_concurrency_limit=None), path="/page", ssr_mode=False)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/page/"
        server.force_exit = server.should_exit = True
        thread.join()


def test_an_event_sent_while_the_stream_closes_is_answered(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.locator("#second").wait_for()
    seconds = page.locator("#seconds input")
    expect(seconds).to_have_value("0")
    for number in range(1, TRIES + 1):
        after = 1000 * WORK * (1 + number / TRIES)  # milliseconds, through the moment of the close
        page.evaluate(
            "after => { const press = id => document.getElementById(id).click();"
            "press('first'); setTimeout(press, after, 'second'); }",
            after,
        )
        expect(seconds).to_have_value(str(number))
    page.close()

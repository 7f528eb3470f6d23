"""Tests of the idle culler: it stops a lab with only an open tab, but not one that is generating."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.hub.conftest import RunningHub, StartHub
from tests.hub.labs import Button, enter, instructor, path

IDLE = 24  # seconds until a lab counts as idle; a page opens in fewer on a busy machine, too
WAITING = 8  # generations in a row, which take minutes even on a fast machine
SOON = 240  # seconds; the machine may be busy


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    return start_hub(GENAI_HUB_IDLE_SECONDS=str(IDLE), GENAI_HUB_IDLE_CHECK_SECONDS="1")


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end, "the condition was never met"
        time.sleep(0.5)


def running(prof: httpx2.Client, name: str) -> bool:
    return bool(prof.get(f"users/{name}").json()["servers"])


def generating(john: httpx2.Client) -> bool:
    return bool(john.get("user/john/class/progress").json()["running"])


def open_tab(hub: RunningHub, browser: Browser, name: str) -> Any:
    """Open the person's lab in a browser and wait until the page is complete."""
    context = browser.new_context(locale="en-GB")
    for cookie in enter(hub, name).cookies.jar:
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value or "", "domain": "127.0.0.1", "path": cookie.path}]
        )
    page = context.new_page()
    page.goto(f"{hub.url}{path(name)}en/", timeout=SOON * 1000)
    expect(page.locator("#lab-points")).not_to_be_empty(timeout=SOON * 1000)
    return page


def test_an_open_tab_is_culled_and_a_long_generation_is_not(
    hub: RunningHub,
    browser: Browser,
) -> None:
    prof = instructor(hub)
    john = enter(hub, "john")
    generate = Button(hub, john, "john", "generate-studio")
    generate.values |= {"studio-prompt": "a red apple", "studio-negative_prompt": ""}
    generate.values |= {"studio-steps": 150, "studio-width": 256, "studio-height": 256}
    for number in range(WAITING):
        generate.press(f"session{number}")
    begun = time.monotonic()
    until(lambda: generating(john))  # although john's browser is gone

    page = open_tab(hub, browser, "jane")
    assert running(prof, "jane")
    until(lambda: not running(prof, "jane"))
    page.context.close()

    until(lambda: time.monotonic() > begun + 2 * IDLE)
    assert running(prof, "john"), "a lab was stopped in the middle of a generation"
    assert generating(john), "the generations were too short to show anything"

"""What was typed and which tab was open outlast a reload, the other language, another tab and a restart."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ENVIRONMENT, RunningLab, StartLab, tab

OpenPage = Callable[..., Page]
PROMPT = "a prompt that was typed\nand not yet drawn"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    return start_lab()


@pytest.fixture
def typed(lab: RunningLab, open_page: OpenPage) -> Page:
    """The Studio with something typed into each kind of field."""
    page = open_page(lab.page(tab="studio"))
    type_into(page)
    return page


def type_into(page: Page) -> None:
    page.locator("#studio-prompt textarea").fill(PROMPT)
    page.locator("#studio-negative_prompt textarea").fill("blurry")
    page.locator("#studio-seed input").fill("4711")
    page.locator("#studio-steps input[type=number]").fill("12")
    page.locator("#studio-steps input[type=number]").blur()
    expect(page.locator("#studio-steps input[type=range]")).to_have_value("12")


def expect_typed(page: Page) -> None:
    expect(page.locator("#tab-studio-button")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#studio-prompt textarea")).to_have_value(PROMPT)
    expect(page.locator("#studio-negative_prompt textarea")).to_have_value("blurry")
    expect(page.locator("#studio-seed input")).to_have_value("4711")
    expect(page.locator("#studio-steps input[type=range]")).to_have_value("12")


def test_a_reload_keeps_what_was_typed(typed: Page) -> None:
    typed.reload()
    expect_typed(typed)


def test_what_was_typed_before_is_what_is_drawn(typed: Page) -> None:
    typed.reload()
    expect_typed(typed)
    typed.locator("#generate-studio").click()
    expect(typed.locator("#status-studio")).to_contain_text("Saved as studio")
    expect(typed.locator("#facts-studio")).to_contain_text("a prompt that was typed")
    expect(typed.locator("#facts-studio tr", has_text="Seed")).to_contain_text("4711")
    expect(typed.locator("#facts-studio tr", has_text="Steps")).to_contain_text("12")


def test_the_other_language_keeps_what_was_typed_and_the_tab(typed: Page) -> None:
    typed.get_by_role("link", name="Français").click()
    expect(typed.locator("html")).to_have_attribute("lang", "fr")
    expect_typed(typed)


def test_another_tab_of_the_browser_begins_where_one_was(
    typed: Page, lab: RunningLab, open_page: OpenPage
) -> None:
    other = open_page(lab.url, beside=typed)
    expect_typed(other)


def test_another_browser_knows_nothing_of_it(typed: Page, lab: RunningLab, open_page: OpenPage) -> None:
    other = open_page(lab.page(tab="studio"))
    expect(other.locator("#studio-seed input")).to_have_value("42")
    expect(other.locator("#studio-prompt textarea")).to_have_value("")


def test_what_was_taken_over_counts_as_typed(typed: Page) -> None:
    """The page's own change of a field comes with no key press."""
    typed.locator("#studio-dice").click()
    seed = typed.locator("#studio-seed input")
    expect(seed).not_to_have_value("4711")
    rolled = seed.input_value()
    tab(typed, "Start")
    typed.reload()
    tab(typed, "Studio")
    expect(seed).to_have_value(rolled)


@pytest.fixture
def restarting(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Starts a lab anew at the same address, ending the one before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running: list[subprocess.Popen[str]] = []

    def end() -> None:
        for process in running:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        running.clear()

    def start() -> str:
        end()
        command = [sys.executable, "-m", "genai_lab", "serve", "--port", str(port), "--work", str(tmp_path)]
        process = subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address
        return address.group()

    yield start
    end()


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("GENAI_")} | ENVIRONMENT


def test_a_restart_of_the_server_keeps_what_was_typed(
    restarting: Callable[[], str], open_page: OpenPage
) -> None:
    page = open_page(f"{restarting()}en/#studio")
    type_into(page)
    page.goto("about:blank")
    page.goto(f"{restarting()}en/")
    expect_typed(page)

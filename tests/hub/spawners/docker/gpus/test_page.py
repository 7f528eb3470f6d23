"""Tests of the instructors' page: what it shows, and that names are escaped."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exercises.i18n import LANGUAGES, Language
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.gpus.devices import Device
from hub.spawners.docker.gpus.page import page_content

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_shows_who_holds_what_and_who_waits(tmp_path: Path, language: Language):
    async def show() -> str:
        allocator = Allocator(tmp_path / "gpus.json", [Device("0", "Card")], now=lambda: NOW)
        allocator.try_acquire("<b>ana/")
        waiting = asyncio.ensure_future(allocator.acquire("bob/second"))
        await asyncio.sleep(0)
        page = page_content(allocator, language, lambda holder: NOW, NOW + timedelta(minutes=70))
        waiting.cancel()
        return page

    page = asyncio.run(show())
    assert "&lt;b&gt;ana" in page
    assert "<b>" not in page
    assert "bob (second)" in page
    assert "1 h 10 min" in page
    assert page.count('scope="col"') == 9
    assert page.index("ana") < page.index("bob")


def test_it_says_when_there_are_none_and_when_nobody_holds_one(tmp_path: Path):
    file = tmp_path / "gpus.json"
    assert "lends no GPUs" in page_content(Allocator(file, []), "en", lambda holder: None, NOW)
    page = page_content(Allocator(file, [Device("0", "Card")]), "en", lambda holder: None, NOW)
    assert "Nobody holds a GPU." in page
    assert "Nobody waits." in page

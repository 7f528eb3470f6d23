"""A lab killed in the middle of a grid and of code: what was finished is there, what is lost is said."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from exercises.loader import load_assignment
from manifests.chain import verify_chain
from manifests.store import Store
from tests.browser.conftest import StartLab
from tests.exercises.conftest import write_texts
from tests.grading.good import draft_of, noise

OpenPage = Callable[..., Page]

TOML = """
points = 3
title = { en = "Little", fr = "Petit" }

[parameters]
prompt = "a red apple on a white background"

[[exercises]]
id = "crossed"
kind = "grid"
points = 1
title = { en = "Crossed", fr = "Croisés" }
x = { parameter = "steps", values = [4, 150] }
y = { parameter = "seed", values = [42, 7] }

[[exercises]]
id = "first"
kind = "generate"
points = 1
title = { en = "First", fr = "Première" }
[exercises.runs]
first_picture = {}

[[exercises]]
id = "own"
kind = "code"
points = 1
title = { en = "Own", fr = "Le vôtre" }
draws = { own_first = "first_picture" }
"""
CODE = "import time  # mine\ntime.sleep(300)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "exercises" / "little"
    folder.mkdir(parents=True)
    write_texts(folder, "introduction", "crossed", "first", "own")
    for language in ("en", "fr"):
        (folder / f"own.blanks.{language}.txt").write_text("print(____)\n")
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    return folder.parent


def ended(process: psutil.Process) -> bool:
    """Within some seconds; nobody may have asked yet how."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def test_after_a_kill_what_was_finished_is_there_and_what_is_lost_is_said(
    start_lab: StartLab, open_page: OpenPage, folder: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (run,) = [r for e, r in load_assignment(folder / "little").planned_runs() if e.id == "first"]
    store = Store(work, "little", "jane.doe")
    store.save(draft_of("first", run), noise(1))
    settings = {"GENAI_EXERCISES_DIR": str(folder), "GENAI_ASSIGNMENT": "little"}
    lab = start_lab(work, **settings)
    page = open_page(lab.page(tab="crossed"))
    page.locator("#generate-crossed").click()
    expect(page.locator("#stage-crossed .shown img")).to_have_count(2)  # the two of four steps are finished
    page.goto("about:blank")
    page.goto(lab.page(tab="own"))
    editor = page.locator("#editor-own .cm-content")
    expect(editor).to_have_attribute("contenteditable", "true")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(CODE)
    page.locator("#run-own").click()
    expect(page.locator("#progress-own")).to_contain_text("Your code runs")
    expect(page.locator("#own-saved")).to_contain_text("Saved")
    (code,) = [p for p in psutil.Process(lab.process.pid).children() if "inside.py" in " ".join(p.cmdline())]
    page.goto("about:blank")
    lab.process.kill()
    lab.process.wait()
    assert ended(code)  # with the lab

    lab = start_lab(work, **settings)
    page = open_page(lab.page(tab="crossed"))
    lost = page.locator("#status-crossed [role=alert]")
    expect(lost).to_contain_text("stopped while it made crossed_1_2, crossed_2_2")
    expect(page.locator("#stage-crossed .shown img")).to_have_count(2)
    expect(page.locator("#generate-crossed")).to_have_text(re.compile("2"))
    page.goto("about:blank")
    page.goto(lab.page("fr", "own"))
    expect(page.locator("#status-own [role=alert]")).to_contain_text("own_first")
    expect(page.locator("#editor-own .cm-content")).to_contain_text("import time # mine")
    expect(page.locator("#run-own")).to_be_enabled()
    records = store.records()
    assert sorted(record.manifest.run for record in records) == [
        "crossed_1_1",
        "crossed_2_1",
        "first_picture",
    ]
    assert verify_chain([record.manifest for record in records]) == []

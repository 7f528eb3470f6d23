"""What is written beside pictures, and the student's own code: run, error at its line, stop, same picture."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.kinds.code import BLANK
from manifests.comparing import SAME_STACK_PSNR, psnr
from manifests.pictures import open_picture
from tests.browser.conftest import RunningLab, StartLab
from tests.exercises.conftest import write_texts

OpenPage = Callable[..., Page]
EQUAL = re.compile("equal, pixel by pixel|count as equal")

TOML = """
points = 3
title = { en = "Little", fr = "Petit" }

[parameters]
prompt = "a red apple on a white background"
steps = 4

[[exercises]]
id = "few"
kind = "sweep"
points = 1
title = { en = "Few", fr = "Peu" }
baseline = "base"
[exercises.runs]
base = {}
more = { steps = 6 }

[[exercises]]
id = "seen"
kind = "observe"
of = "few"
points = 1
title = { en = "Seen", fr = "Vu" }
questions = [{ id = "what", title = { en = "What you see", fr = "Ce que vous voyez" } }]
conclusions = [{ id = "steps", title = { en = "Steps", fr = "Étapes" } }]

[[exercises]]
id = "own"
kind = "code"
points = 1
title = { en = "Own", fr = "Le vôtre" }
draws = { own_base = "base" }
"""
CODE = f"""import torch
from diffusers import AutoPipelineForText2Image, EulerAncestralDiscreteScheduler
from given import HEIGHT, LOADING, MODEL, PROMPTS, WIDTH

pipe = AutoPipelineForText2Image.from_pretrained(MODEL, **LOADING)
pipe.scheduler = EulerAncestralDiscreteScheduler.from_config(pipe.scheduler.config)
image = pipe(
    PROMPTS["own_base"],
    width=WIDTH,
    height=HEIGHT,
    num_inference_steps=4,
    generator=torch.Generator().manual_seed({BLANK}),
).images[0]
image.save("own_base.png")
print("drawn <b>here</b>")
"""


@pytest.fixture(scope="module")
def little(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    folder = tmp_path_factory.mktemp("exercises")
    (folder / "little").mkdir()
    write_texts(folder / "little", "introduction", "few", "seen", "own")
    for language in ("en", "fr"):
        (folder / "little" / f"own.blanks.{language}.txt").write_text(CODE)
    (folder / "little" / "assignment.toml").write_text(TOML)
    return start_lab(GENAI_EXERCISES_DIR=str(folder), GENAI_ASSIGNMENT="little")


def answers(lab: RunningLab) -> dict[str, object]:
    found: dict[str, object] = json.loads((lab.work / "little" / "answers.json").read_text())
    return found


def manifest(lab: RunningLab, stem: str) -> dict[str, object]:
    path: Path = lab.work / "little" / "outputs" / f"{stem}.json"
    found: dict[str, object] = json.loads(path.read_text())
    return found


def write(page: Page, text: str) -> None:
    """Replace what stands in the editor, as a person does who pastes."""
    editor = page.locator("#editor-own .cm-content")
    expect(editor).to_have_attribute("contenteditable", "true")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_observations_stand_beside_their_pictures_and_are_kept_as_typed(
    little: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(little.page(tab="few"))
    page.locator("#generate-few").click()
    expect(page.locator("#status-few")).to_contain_text("2 pictures done")
    page.goto(little.page(tab="seen"))
    page.reload()
    pair = page.locator("#seen-seen-more figure")
    expect(pair.locator("img")).to_have_count(2)
    expect(pair.last).to_contain_text("6 steps")
    page.get_by_label("What you see").nth(1).fill("Sharper edges, a darker stalk.")
    expect(page.locator("#seen-more-saved")).to_contain_text("Saved")
    page.get_by_label("Steps", exact=True).fill("Six steps are enough here.")
    expect(page.locator("#seen-conclusion-saved")).to_contain_text("Saved")
    page.reload()
    expect(page.get_by_label("What you see").nth(1)).to_have_value("Sharper edges, a darker stalk.")
    expect(page.get_by_label("What you see").first).to_have_value("")
    assert answers(little)["observations"] == {
        "seen": {
            "pictures": {"more": {"what": "Sharper edges, a darker stalk."}},
            "conclusions": {"steps": "Six steps are enough here."},
        }
    }
    expect(page.locator("#checks-seen")).to_contain_text("Nothing is written yet beside: base")


def test_code_shows_its_blanks_its_error_stops_and_draws_the_same_picture(
    little: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(little.page(tab="own"))
    run, status = page.locator("#run-own"), page.locator("#status-own")
    expect(page.locator("#editor-own .cm-content")).to_contain_text(BLANK)
    run.click()
    expect(status).to_contain_text("lines: 12")
    expect(page.locator("#printed-own .meant")).to_contain_text("manual_seed")

    write(page, "x = 1\ny = x / 0\n")
    run.click()
    expect(status).to_contain_text("Line 2: ZeroDivisionError")
    expect(page.locator("#printed-own .meant")).to_have_attribute("value", "2")

    write(page, "import time\ntime.sleep(300)\n")
    run.click()
    expect(page.locator("#progress-own")).to_contain_text("Your code runs")
    page.locator("#stop-own").click()
    expect(status).to_contain_text("Stopped")

    write(page, CODE.replace(BLANK, "43"))
    run.click()
    expect(status).to_contain_text("another picture than asked for: own_base")
    expect(page.locator("#stage-own figure").last).to_contain_text("dB apart")

    write(page, CODE.replace(BLANK, "42"))
    run.click()
    expect(status).to_contain_text(re.compile(r"Saved as own_base\.png"))
    expect(page.locator("#stage-own figure").last).to_contain_text(EQUAL)
    expect(page.locator("#printed-own .printed")).to_have_text("drawn <b>here</b>\n")
    mine = manifest(little, "own_base")
    outputs = little.work / "little" / "outputs"
    pair = [open_picture((outputs / f"{stem}.png").read_bytes()) for stem in ("own_base", "base")]
    assert (psnr(*pair) or 0) >= SAME_STACK_PSNR  # the run was drawn together with another
    assert mine["proof"] == {"code": CODE.replace(BLANK, "42"), "of": "base"}
    assert answers(little)["code"] == {"own": CODE.replace(BLANK, "42")}
    page.reload()
    expect(page.locator("#editor-own .cm-content")).to_contain_text("manual_seed(42)")
    expect(page.locator("#stage-own figure").last).to_contain_text(EQUAL)

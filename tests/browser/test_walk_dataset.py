"""A `dataset` as a student does it, with a small plan: drawn, sorted by mouse and keyboard, trained twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from manifests.classifiers import cards
from manifests.sorting import sorted_in
from manifests.store import Store
from tests.browser.conftest import SIZES, WAIT, RunningLab, StartLab
from tests.exercises.conftest import write_texts
from tests.grading.sorted_work import LESSON, composed

OpenPage = Callable[..., Page]
TOML = """
points = 1
title = { en = "Small set", fr = "Petit jeu" }
[[exercises]]
id = "set"
kind = "dataset"
points = 1
prompt = "{colour} {thing} on {background} background"
composed = "composed"
kept_minimum = 2
rounds = 3
title = { en = "Small set", fr = "Petit jeu" }
parameters = { steps = 2 }
classes = { mug = { en = "mug", fr = "tasse" }, teapot = { en = "teapot", fr = "théière" } }
backgrounds = { red = { en = "red", fr = "rouge" }, gray = { en = "gray", fr = "gris" } }
colours = { blue = { en = "blue", fr = "bleu" }, green = { en = "green", fr = "vert" } }
"""


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """A lab with an assignment of eight pictures."""
    folder = tmp_path_factory.mktemp("mine") / "small"
    folder.mkdir()
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    write_texts(folder, "introduction", "set")
    sheet = composed(("mug", "teapot"))
    (folder / "composed.webp").write_bytes(sheet.sheet)
    (folder / "composed.json").write_text(sheet.model_dump_json(exclude={"sheet"}))
    return start_lab(GENAI_ASSIGNMENT="small", GENAI_EXERCISES_DIR=str(folder.parent))


@pytest.mark.timeout(900)
def test_a_data_set_is_drawn_looked_through_and_trains_two_classifiers(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page, folder = open_page(lab.page(tab="set"), viewport=SIZES["laptop"]), lab.work / "small"
    status, state = page.locator("#status-set"), page.locator("#state-set")
    page.locator("#train-set").click()
    expect(status).to_contain_text("Draw first. Pictures of the plan that are missing: 8")
    page.locator("#generate-set").click()
    expect(state).to_contain_text("Pictures drawn: 8 of 8; thrown out: 0", timeout=4 * WAIT)
    assert len(Store(lab.work, "small", "jane.doe").records()) == 8
    pictures = page.locator("#pictures-set button.sort")
    expect(pictures).to_have_count(4)
    expect(page.locator("#checks-set")).to_contain_text("Nothing looked through yet")

    throw_out_and_take_back(page, folder)
    page.get_by_label("teapot", exact=True).first.check()
    expect(page.get_by_role("button", name="blue teapot on red")).to_be_visible()
    page.locator("#looked-set").click()
    expect(page.locator("#looked-set")).to_have_text("Not looked through after all")
    assert set(sorted_in(folder, "set").looked) == {"mug", "teapot"}

    results = page.locator("#results-set")
    page.locator("#train-set").click()
    expect(results.locator("table.confusion")).to_have_count(2, timeout=4 * WAIT)
    expect(status).to_contain_text("of the composed pictures rightly")
    page.locator("#biased-set").click()
    expect(results.locator("table.confusion")).to_have_count(4, timeout=4 * WAIT)
    expect(results).to_contain_text("mug on gray: named rightly")
    assert {card.sort: len(card.taught) for card in cards(folder, "set")} == {"plain": 5, "biased": 3}

    page.locator("#text-set textarea").fill(LESSON)
    page.locator("#text-set textarea").blur()
    checks = page.locator("#checks-set")
    expect(checks).to_contain_text("for a person to judge")
    expect(checks).not_to_contain_text("Not taught yet")
    page.reload()
    expect(state).to_contain_text("Pictures drawn: 8 of 8; thrown out: 1")
    expect(results.locator("table.confusion")).to_have_count(4)


def throw_out_and_take_back(page: Page, folder: Path) -> None:
    """Two of the mugs go, by mouse and by keyboard, for different reasons; the second comes back."""
    told = page.locator("#sorted-set")
    first = page.get_by_role("button", name="green mug on red")
    second = page.get_by_role("button", name="blue mug on gray")
    first.click()
    expect(told).to_contain_text("set_mug_red_green is thrown out")
    expect(first).to_have_attribute("aria-pressed", "true")
    page.get_by_label("blurred").check()
    second.focus()
    page.keyboard.press("Enter")
    expect(told).to_contain_text("set_mug_gray_blue is thrown out")
    expect(second).to_be_focused()
    expect(page.locator("#state-set")).to_contain_text("thrown out: 2")
    assert sorted_in(folder, "set").thrown == {
        "set_mug_red_green": "background",
        "set_mug_gray_blue": "blurred",
    }
    page.locator("#undo-set").click()
    expect(second).to_have_attribute("aria-pressed", "false")
    assert list(sorted_in(folder, "set").thrown) == ["set_mug_red_green"]
    second.click()
    expect(told).to_contain_text("set_mug_gray_blue is thrown out")
    second.click()
    expect(told).to_contain_text("set_mug_gray_blue is back")
    page.locator("#looked-set").click()
    expect(page.locator("#state-set")).to_contain_text("Looked through: mug")

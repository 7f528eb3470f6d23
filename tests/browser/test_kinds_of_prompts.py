"""Grid, own prompt, steps and quiz as a student does them: in one screen, kept over a reload."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import load_assignment
from tests.browser.conftest import INSIDE, SIZES, RunningLab, StartLab, in_sight, inside, press
from tests.browser.test_bench import SHIFTS
from tests.exercises.conftest import write_texts

OpenPage = Callable[..., Page]

TOML = """
points = 8
title = { en = "Words", fr = "Mots" }

[parameters]
prompt = "a red bag on a white background"
steps = 4

[[exercises]]
id = "crossed"
kind = "grid"
points = 2
words_minimum = 5
title = { en = "Crossed", fr = "Croisés" }
x = { parameter = "steps", values = [3, 4, 5] }
y = { parameter = "seed", values = [42, 7] }

[[exercises]]
id = "free"
kind = "own"
points = 2
seeds = [42, 123]
prompt_words = 4
words_minimum = 6
title = { en = "Mine", fr = "À moi" }

[[exercises]]
id = "better"
kind = "iterate"
points = 2
minimum = 2
words_minimum = 4
title = { en = "Better", fr = "Mieux" }
[[exercises.criteria]]
id = "subject"
title = { en = "Subject", fr = "Sujet" }
hint = { en = "0: wrong. 2: right.", fr = "0 : faux. 2 : juste." }

[[exercises]]
id = "asked"
kind = "quiz"
points = 2
optional = true
title = { en = "Asked", fr = "Quiz" }
questions = [
  { id = "run", ask = "which_run", runs = ["crossed_1_1", "crossed_1_3", "crossed_2_1"] },
  { id = "parameter", ask = "which_parameter", runs = ["crossed_1_1", "crossed_1_2", "crossed_2_1"] },
]

[[exercises]]
id = "hand_in"
kind = "hand_in"
points = 2
title = { en = "Hand in", fr = "Remise" }
"""
TABS = ["crossed", "free", "better", "asked"]


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """A lab with an assignment of these kinds, which lies in a folder of its own."""
    folder = tmp_path_factory.mktemp("exercises") / "words"
    folder.mkdir()
    (folder / "assignment.toml").write_text(TOML, encoding="utf-8")
    write_texts(folder, "introduction", *TABS, "hand_in")
    assert load_assignment(folder).points == 8
    return start_lab(GENAI_EXERCISES_DIR=str(folder.parent), GENAI_ASSIGNMENT="words")


def answers(lab: RunningLab, exercise: str) -> dict[str, object]:
    document = json.loads((lab.work / "words" / "answers.json").read_text(encoding="utf-8"))
    said: dict[str, object] = document["exercises"][exercise]
    return said


def test_a_grid_is_seen_whole_with_its_names_and_its_conclusion_is_kept(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="crossed"), viewport=SIZES["laptop"])
    in_sight(page, "crossed", "6 pictures done", preview=True)
    figures = page.locator("#stage-crossed .shown figure")
    expect(figures).to_have_count(6)
    assert all(figures.nth(number).evaluate(INSIDE) for number in range(6))
    edges = page.locator("#stage-crossed .shown")
    assert edges.locator(".across").all_text_contents() == ["3 steps", "4 steps", "5 steps"]
    assert edges.locator(".down").all_text_contents() == ["seed 42", "seed 7"]
    figures.nth(4).get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text("seed 7 · 4 steps")
    page.keyboard.press("Escape")
    page.locator("#text-crossed textarea").fill("More steps make the outline clearer.")
    expect(page.locator("#saved-crossed")).to_contain_text("Saved at")
    page.locator("#text-crossed textarea").blur()
    expect(page.locator("#checks-crossed")).to_contain_text("open")
    page.reload()
    expect(page.locator("#text-crossed textarea")).to_have_value("More steps make the outline clearer.")
    with page.expect_download() as download:
        page.locator("#download-crossed").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_ones_own_prompt_is_drawn_under_each_seed_and_the_best_is_chosen(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="free"), viewport=SIZES["laptop"])
    press(page, "#generate-free")
    expect(page.locator("#status-free")).to_contain_text("Write a prompt first")
    page.locator("#prompt-free textarea").fill("two green turtles on a pink background")
    page.locator("#negative_prompt-free textarea, #negative_prompt-free input").first.fill("red")
    page.evaluate("scrollTo(0, 0)")
    in_sight(page, "free", "2 pictures done", preview=True)
    page.locator("#best-free").get_by_label("seed 123").check()
    page.locator("#text-free textarea").fill("Both are whole, and the colours are as asked for.")
    page.locator("#text-free textarea").blur()
    expect(page.locator("#checks-free")).to_contain_text("Done (10)")
    said = answers(lab, "free")
    assert (said["chosen"], said["negative_prompt"]) == ("free_seed123", "red")
    page.reload()
    expect(page.locator("#prompt-free textarea")).to_have_value("two green turtles on a pink background")
    expect(page.locator("#best-free").get_by_label("seed 123")).to_be_checked()


def test_each_step_is_scored_and_explained_where_it_is_seen(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="better"), viewport=SIZES["laptop"])
    prompt = page.locator("#prompt-better textarea")
    expect(prompt).to_have_value("a red bag on a white background")
    in_sight(page, "better", "Saved")
    score = page.locator("#score-better-subject")
    score.get_by_label("0", exact=True).check()
    expect(page.locator("#stage-better figcaption")).to_contain_text("step 1 · 0/2")
    prompt.fill("a red backpack on a white background, studio lighting")
    in_sight(page, "better", "Saved")
    expect(page.locator("#stage-better .shown figure")).to_have_count(2)
    expect(page.locator("#chosen-better").get_by_label("2", exact=True)).to_be_checked()
    score.get_by_label("2", exact=True).check()
    expect(page.locator("#stage-better figcaption").nth(1)).to_contain_text("step 2 · 2/2")
    why = page.locator("#why-better textarea")
    why.fill("I named the kind of bag, which was open.")
    why.blur()
    expect(page.locator("#checks-better")).to_contain_text("open")
    page.locator("#chosen-better").get_by_label("1", exact=True).check()
    expect(score.get_by_label("0", exact=True)).to_be_checked()
    page.locator("#chosen-better").get_by_label("2", exact=True).check()
    expect(why).to_have_value("I named the kind of bag, which was open.")
    steps = answers(lab, "better")["steps"]
    assert steps == {
        "iteration": {"why": "", "scores": {"subject": 0}},
        "iteration-2": {"why": "I named the kind of bag, which was open.", "scores": {"subject": 2}},
    }


def test_a_quiz_tells_at_once_and_remembers_each_try(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="asked"), viewport=SIZES["laptop"])
    page.locator("#question-asked").get_by_label("2", exact=True).check()
    expect(page.locator("#ask-asked")).to_contain_text("Which parameter was changed")
    expect(page.locator("#stage-asked .shown figure")).to_have_count(2)
    choices = page.locator("#choices-asked")
    choices.get_by_label("Scheduler").check()
    assert inside(page, "#answer-asked")
    press(page, "#answer-asked")
    told = page.locator("#told-asked")
    expect(told).to_contain_text("Not that one. Tries left: 1")
    assert inside(page, "#told-asked")
    assert (lab.work / "words" / "answers.json").read_text().count("scheduler") == 1
    page.reload()
    page.locator("#question-asked").get_by_label("2", exact=True).check()
    expect(told).to_contain_text("Not that one. Tries left: 1")
    wanted = json.dumps(answers(lab, "asked"))
    right = "Seed" if "crossed_2_1" in wanted else "Steps"
    choices.get_by_label(right).check()
    press(page, "#answer-asked")
    expect(told).to_contain_text("Right, at try 2: 50 %")
    expect(page.locator("#question-asked")).to_contain_text("2 ✓")
    expect(page.locator("#answer-asked")).to_be_disabled()
    expect(page.locator("#checks-asked")).to_contain_text("Done (1)")
    expect(page.locator("h2.title:visible")).to_contain_text("optional: its points come on top")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_moves_while_these_tabs_fill(lab: RunningLab, open_page: OpenPage, size: str) -> None:
    shifts = {}
    for exercise in TABS:
        page = open_page(lab.page(tab=exercise), viewport=SIZES[size])
        shifts[exercise] = round(page.evaluate(SHIFTS), 3)
        page.context.close()
    assert {name: value for name, value in shifts.items() if value > 0.05} == {}


@pytest.mark.parametrize("exercise", TABS)
def test_button_and_picture_stand_in_one_screen_of_a_phone(
    lab: RunningLab, open_page: OpenPage, exercise: str
) -> None:
    page = open_page(lab.page("fr", tab=exercise), viewport=SIZES["phone"])
    button = "#answer-asked" if exercise == "asked" else f"#generate-{exercise}"
    expect(page.locator(f"#stage-{exercise} .shown figure").first).to_be_visible()
    assert inside(page, button)
    assert inside(page, f"#stage-{exercise} .shown figure >> nth=0")

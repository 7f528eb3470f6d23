"""The bench: what one presses, what goes on and what comes of it are in one screen, and nothing moves."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import INSIDE, SIZES, RunningLab, in_sight, inside, tab

OpenPage = Callable[..., Page]
SHIFTS = """() => new Promise(done => {
    let total = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(total), 1500);
})"""
STOPPED = "Stopped|Saved|done"
DRAWING = [  # what draws a picture: an assignment and an exercise for each kind
    ("tp2", "smoke"), ("tp2", "sweep"), ("tp2", "img2img"), ("tp2", "studio"), ("api-analysis", "compare"),
    ("seeds", "free"), ("seeds", "grid"), ("prompts", "improve"),
]  # fmt: skip
PROMPT = "a green bottle on a white background"


@pytest.mark.parametrize("size", SIZES)
def test_what_is_drawn_is_seen_where_its_button_stands(
    full_lab: RunningLab, open_page: OpenPage, size: str
) -> None:
    page = open_page(full_lab.page(), viewport=SIZES[size])
    for assignment, exercise in DRAWING:
        go(page, full_lab, assignment, exercise)
        for field in (f"#prompt-{exercise} textarea", f"#{exercise}-prompt textarea"):
            if page.locator(field).count():
                page.locator(field).fill(PROMPT)
        page.evaluate("scrollTo(0, 0)")
        assert inside(page, f"#generate-{exercise}"), (assignment, exercise)
        in_sight(page, exercise, STOPPED, preview=True, stop=True)


@pytest.mark.parametrize("size", SIZES)
def test_what_runs_or_answers_is_seen_where_its_button_stands(
    full_lab: RunningLab, open_page: OpenPage, size: str
) -> None:
    page = open_page(full_lab.page(), viewport=SIZES[size])
    go(page, full_lab, "tp2", "code")
    page.locator("#editor-code .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("import time\ntime.sleep(300)\n")
    picture = "#stage-code .shown figure >> nth=0"
    in_sight(page, "code", "Stopped", button="#run-code", result=picture, stop=True)

    go(page, full_lab, "api-analysis", "analyse")
    page.locator("#pictures-analyse input").click()
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    answer = "#answers-analyse article h4 >> nth=0"
    in_sight(page, "analyse", "Answered", button="#ask-analyse", result=answer)
    page.locator("#follow-analyse button").first.click()
    page.locator("#further-analyse textarea").fill("Which colour has the background?")
    in_sight(page, "analyse", "Answered", button="#go-on-analyse", result=answer)

    go(page, full_lab, "api-analysis", "alt_text")
    page.locator("#purpose-alt_text").get_by_role("radio").nth(1).check()
    page.locator("#use-alt_text").get_by_role("textbox").fill("the first page of my shop")
    in_sight(page, "alt_text", "Answered", button="#draft-alt_text", result="#drafted-alt_text article h4")


def go(page: Page, lab: RunningLab, assignment: str, tab_id: str) -> None:
    """Open a tab as from a link."""
    page.goto("about:blank")
    page.goto(lab.page(tab=tab_id, assignment=assignment))
    expect(page.locator(f"#tab-{tab_id} .filled i")).to_be_attached()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_moves_while_a_tab_fills(lab: RunningLab, open_page: OpenPage, size: str) -> None:
    shifts = {}
    for exercise in ("start", "smoke", "sweep", "img2img", "studio", "gallery", "hand_in"):
        page = open_page(lab.page(tab=exercise), viewport=SIZES[size])
        shifts[exercise] = round(page.evaluate(SHIFTS), 3)
        page.context.close()
    assert {name: value for name, value in shifts.items() if value > 0.05} == {}


def test_all_runs_of_a_sweep_are_seen_at_once_and_each_opens_large(
    lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="sweep"), viewport=SIZES["laptop"])
    figures = page.locator("#stage-sweep .shown figure")
    expect(figures).to_have_count(6)
    assert all(figures.nth(number).evaluate(INSIDE) for number in range(6))
    expect(figures.first).to_contain_text("baseline")
    page.locator("#generate-one-sweep").click()
    expect(page.locator("#status-sweep")).to_contain_text("Saved as")
    figures.first.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_be_visible()
    expect(dialog).to_contain_text("30 steps")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_slider_uncovers_one_picture_over_another(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    tab(page, "Studio")
    for prompt in ("a red apple on a white background", "a blue teapot on a white background"):
        page.locator("#studio-prompt textarea").fill(prompt)
        page.locator("#generate-studio").click()
        expect(page.locator("#stage-studio .shown img")).to_have_attribute("alt", re.compile(prompt))
    page.locator("#view-studio").get_by_label("Slider").check()
    slider = page.locator("#stage-studio input[type=range]")
    slider.fill("80")
    style = page.locator("#stage-studio .after").evaluate("(image) => getComputedStyle(image).clipPath")
    assert style.startswith("inset(0px 20%") or "20%" in style

"""The bench: what one presses, what goes on and what comes of it are in one screen, and nothing moves."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningLab, tab

OpenPage = Callable[..., Page]
SIZES = {"laptop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
SHIFTS = """() => new Promise(done => {
    let total = 0;
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => done(total), 1500);
})"""
INSIDE = """(element) => {
    const box = element.getBoundingClientRect();
    return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight + 1;
}"""


def inside(page: Page, selector: str) -> bool:
    """Whether the whole of what is found stands within the window as it is scrolled now."""
    return bool(page.locator(selector).evaluate(INSIDE))


def press(page: Page, selector: str) -> None:
    """Press a button where it stands; Playwright's own click may scroll to it."""
    expect(page.locator(selector)).to_be_visible()
    box = page.locator(selector).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("exercise", ["smoke", "sweep", "studio"])
def test_button_progress_and_picture_stand_in_one_screen_while_a_picture_is_made(
    lab: RunningLab, open_page: OpenPage, exercise: str, size: str
) -> None:
    page = open_page(lab.page(tab=exercise), viewport=SIZES[size])
    if exercise == "studio":
        page.locator("#studio-prompt textarea").fill("a green bottle on a white background")
        page.evaluate("scrollTo(0, 0)")
    button = f"#generate-{exercise}"
    expect(page.locator(button)).to_be_enabled()
    assert inside(page, button)
    press(page, button)
    expect(page.locator(f"#progress-{exercise} progress[value]")).to_be_visible()
    expect(page.locator(f"#preview-{exercise} img")).to_be_visible()
    seen = [button, f"#progress-{exercise}", f"#preview-{exercise} img", f"#stop-{exercise}"]
    assert [each for each in seen if not inside(page, each)] == []
    if exercise == "sweep":
        press(page, "#stop-sweep")
    expect(page.locator(f"#status-{exercise}")).to_contain_text(re.compile(r"Saved as|Stopped"))
    expect(page.locator(button)).to_be_enabled()
    seen = [f"#status-{exercise}", f"#stage-{exercise} .shown figure >> nth=0"]
    assert [each for each in seen if not inside(page, each)] == []
    assert page.evaluate("scrollY") == 0


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


def test_ctrl_and_enter_press_the_main_button(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="studio"), viewport=SIZES["laptop"])
    page.locator("#studio-prompt textarea").fill("a yellow teapot on a blue background")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#status-studio")).to_contain_text("Saved as studio")


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

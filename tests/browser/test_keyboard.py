"""All of `tp2` by keyboard alone: the focus is seen at every stop, and never lost or trapped."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from exercises.kinds import Evaluation
from exercises.loader import find_assignment
from manifests.answers import FILE, load_answers
from tests.browser.conftest import SIZES, RunningLab, StartLab
from tests.grading.good import make_work, photo

OpenPage = Callable[..., Page]

# Where the focus is: whether in what is looked for, marked by an outline, and within the window.
FOCUS = """(wanted) => {
    const there = document.activeElement, box = there.getBoundingClientRect();
    const outlined = (element) => {
        const style = element && getComputedStyle(element);
        return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    };
    const stand_in = getComputedStyle(there).opacity === "0" ? there.nextElementSibling : null;
    return {
        none: there === document.body || there === document.documentElement,
        here: Boolean(wanted && there.closest(wanted)),
        editor: Boolean(there.closest(".cm-content")),
        marked: Boolean(outlined(there) || outlined(stand_in)),
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        what: there.outerHTML.slice(0, 160),
    };
}"""
STOPS = 150  # more than any tab has
SETTLING = 20  # looks, 50 ms apart


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """All pictures are there; nothing is written."""
    work: Path = tmp_path_factory.mktemp("work")
    store = make_work(work, find_assignment("tp2"), "jane.doe")
    store.folder.joinpath(FILE).unlink()
    return start_lab(work)


def reach(page: Page, selector: str, key: str = "Tab") -> None:
    """Go from stop to stop until one is there; the window's own frame is one of them."""
    lost = 0
    for _ in range(STOPS):
        focus = step(page, selector, key)
        lost += focus["none"]
        if focus["here"]:
            return
        assert lost < 3, f"{selector} is not reached"
    pytest.fail(f"{selector} is not reached; the focus is in {focus['what']}")


def step(page: Page, selector: str = "", key: str = "Tab") -> dict[str, bool]:
    """One stop on; it is seen where one is, once the page has settled. An editor keeps Tab until Escape.

    What a field says when it is left can move what stands below it: the browser scrolls with the next frame.
    """
    if page.evaluate(FOCUS, "")["editor"]:
        page.keyboard.press("Escape")
    page.keyboard.press(key)
    focus: dict[str, bool] = page.evaluate(FOCUS, selector)
    for _ in range(SETTLING):
        if focus["none"] or (focus["marked"] and focus["inside"]):
            return focus
        page.wait_for_timeout(50)
        focus = page.evaluate(FOCUS, selector)
    pytest.fail(f"the focus is not seen: {focus}")


def around(page: Page, tab_id: str) -> None:
    """From a tab's button through all that it shows, and back to the button: nothing keeps the focus."""
    reach(page, f"#tab-{tab_id}-button")


def held(page: Page) -> None:
    """The focus is somewhere, and can be seen."""
    focus = page.evaluate(FOCUS, "")
    assert not focus["none"], "the focus is lost"
    assert focus["marked"], focus["what"]


def write(page: Page, selector: str, text: str) -> Locator:
    reach(page, selector)
    page.keyboard.type(text)
    return page.locator(selector)


def smoke(page: Page) -> None:
    reach(page, "#generate-smoke")
    page.keyboard.press("Enter")
    expect(page.locator("#progress-smoke progress[value]")).to_be_visible()
    held(page)
    expect(page.locator("#status-smoke")).to_contain_text("Saved as smoke-2.png")
    expect(page.locator("#generate-smoke")).to_be_focused()
    held(page)


def sweep(page: Page) -> None:
    reach(page, "#view-sweep input")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#stage-sweep .shown .one img")).to_be_visible()
    reach(page, "#chosen-sweep input")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#chosen-sweep input").nth(1)).to_be_checked()
    expect(page.locator("#facts-sweep").get_by_role("row", name=re.compile("^Steps"))).to_contain_text("15")
    held(page)
    reach(page, "#stage-sweep .shown button", "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("15")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    held(page)


def observations(page: Page) -> None:
    write(page, "#observations-t2i_run02_steps15-seen textarea", "Coarser edges.")
    expect(page.locator("#observations-t2i_run02_steps15-saved")).to_contain_text("Saved")


def img2img(page: Page) -> None:
    reach(page, "#upload-img2img")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    data = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photo(7)}
    chooser.value.set_files(data)  # type: ignore[arg-type]
    expect(page.locator("#photo-status-img2img")).to_contain_text("used from now on")
    held(page)


def code(page: Page) -> None:
    editor = "#editor-code .cm-content"
    expect(page.locator(editor)).to_have_attribute("contenteditable", "true")
    write(page, editor, "# mine ")
    expect(page.locator(editor)).to_contain_text("# mine")
    expect(page.locator("#code-saved")).to_contain_text("Saved")
    step(page)
    expect(page.locator(editor)).not_to_be_focused()


def studio(page: Page) -> None:
    write(page, "#studio-prompt textarea", "a yellow teapot on a blue background")
    reach(page, "#studio-steps input[type=number]")
    page.keyboard.press("Control+a")
    page.keyboard.type("150")
    reach(page, "#generate-studio", "Shift+Tab")
    page.keyboard.press("Enter")  # not from the field: the way from there to Stop is as long as the drawing
    expect(page.locator("#progress-studio progress[value]")).to_be_visible()
    held(page)
    reach(page, "#stop-studio")
    page.keyboard.press("Enter")
    expect(page.locator("#status-studio")).to_contain_text("Stopped")
    held(page)
    reach(page, "#studio-steps input[type=number]")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#status-studio")).to_contain_text("Saved as")
    held(page)


def evaluation(page: Page) -> None:
    grid = next(e for e in find_assignment("tp2").exercises if isinstance(e, Evaluation))
    name = f"#evaluation-{grid.subjects[0].id}"
    reach(page, f"{name}-image input")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"{name} img").first).to_be_visible()
    for criterion in grid.criteria:
        reach(page, f"{name}-{criterion.id} input")
        page.keyboard.press("ArrowRight")
    expect(page.locator(f"{name}-total")).to_contain_text("Total: 5 / 10")
    write(page, f"{name}-reason1 textarea", "Its outline is clean.")
    expect(page.locator(f"{name}-saved")).to_contain_text("Saved")


def gallery(page: Page) -> None:
    reach(page, "#gallery-pictures .pick")
    page.keyboard.press("Enter")
    expect(page.locator("#gallery-pictures .pick[aria-current]")).to_have_count(1)
    held(page)


def hand_in(page: Page) -> None:
    reach(page, "#hand-in")
    page.keyboard.press("Enter")
    expect(page.locator("#hand-in-status")).to_contain_text(".zip")
    held(page)


TABS: dict[str, Callable[[Page], None]] = {
    "start": lambda page: None,
    "smoke": smoke,
    "baseline": lambda page: None,
    "sweep": sweep,
    "observations": observations,
    "img2img": img2img,
    "remains": lambda page: None,
    "code": code,
    "studio": studio,
    "evaluation": evaluation,
    "gallery": gallery,
    "hand_in": hand_in,
    "health": lambda page: None,
}


@pytest.mark.timeout(600)
def test_the_whole_of_tp2_by_keyboard_alone(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    reach(page, "#tab-start-button")
    for tab_id, do in TABS.items():
        if tab_id != "start":
            reach(page, f"#tab-{tab_id}-button")
            page.keyboard.press("Enter")
        expect(page.locator(f"#tab-{tab_id}")).to_be_visible()
        do(page)
        around(page, tab_id)
    answers = load_answers(lab.work / "tp2")
    assert answers.observations["observations"].pictures == {"t2i_run02_steps15": {"seen": "Coarser edges."}}
    assert answers.code["code"].startswith("# mine ")
    assert list((lab.work / "tp2" / "hand-ins").glob("*.zip"))
    assert re.search(r"#health$", page.url)


def test_where_tabs_are_folded_their_menu_is_used_by_keyboard(lab: RunningLab, open_page: OpenPage) -> None:
    """As on a page that is much enlarged."""
    page = open_page(lab.page(), viewport=SIZES["phone"])
    reach(page, "#lab-tabs .overflow-menu > button")
    page.keyboard.press("Enter")
    last = page.locator("#lab-tabs .overflow-dropdown button").last
    expect(last).to_be_visible()
    for _ in range(len(TABS)):
        step(page)
        if last.evaluate("(button) => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#tab-health")).to_be_visible()
    expect(page.locator("#lab-tabs .overflow-menu > button")).to_be_focused()
    held(page)

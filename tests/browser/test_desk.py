"""A person judges a class at the desk in a real browser, by keyboard alone; and two persons at once."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from grading.marks.store import MarksStore
from tests.browser.conftest import SIZES
from tests.browser.test_accessibility import AXE, RULES, needs_axe
from tests.grading.desk.process import DeskProcess, running
from tests.grading.desk.serving import make_class

STUDENTS = [f"student{number:02}" for number in range(10)]
LOOKS = [
    ("light", "laptop", "en"),
    ("dark", "laptop", "fr"),
    ("light", "phone", "fr"),
    ("dark", "phone", "en"),
]


@pytest.fixture(scope="module")
def class_of_ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, tp2 = tmp_path_factory.mktemp("desk"), find_assignment("tp2")
    grade_class(make_class(folder / "subs", tp2, STUDENTS), tp2, folder / "out", language="en")
    return folder


@pytest.fixture
def desk(class_of_ten: Path, tmp_path: Path) -> Iterator[DeskProcess]:
    shutil.copytree(class_of_ten / "out", tmp_path / "out")
    with running(class_of_ten / "subs", tmp_path / "out") as started:
        yield started


@pytest.fixture
def enter(desk: DeskProcess, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the desk as another person in a browser of their own; no page may complain."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(**options: Any) -> Page:
        given: dict[str, Any] = {"viewport": SIZES["laptop"], "locale": "en"} | options
        context = browser.new_context(**given)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.goto(desk.url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


def press_tab_to(page: Page, words: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip().startswith(words):
            return
    raise AssertionError(f"no way by keyboard to {words}")


def test_ten_students_are_judged_by_keyboard_alone(enter: Callable[..., Page], tmp_path: Path) -> None:
    page = enter()
    press_tab_to(page, "Start")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    places = 0
    while "/mark/" in page.url:
        ready(page)
        checks = page.locator(".judge > .check").count()
        for number in range(checks):
            if page.locator(".judge > .check.chosen .rubric").count():
                page.keyboard.press("2" if number % 2 else "1")
            else:
                page.keyboard.press("f")
            page.keyboard.press("ArrowDown")
        if places == 0:
            page.keyboard.press("c")
            page.keyboard.type("Look at the shadow")
            press_tab_to_checkbox(page, "keep")
            page.keyboard.press("Space")
            page.keyboard.press("Escape")
        elif places == 1:  # the comment that was kept is given by two keys, which save the page too
            page.keyboard.press("b")
            with page.expect_navigation():
                page.keyboard.press("1")
            expect(page.locator(".kept")).to_contain_text("Look at the shadow")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
        places += 1
        assert places <= 50
    assert places == 50
    expect(page.locator("body")).to_contain_text("10 of 10")
    assert page.get_by_text("10 of 10").count() == 5
    newest = MarksStore(tmp_path / "out").newest()
    decided = [d for d in newest.values() if d.mark.decides]
    assert len(decided) == 14 * len(STUDENTS)
    assert [s for s in STUDENTS if newest.get((s, "observations"))] == STUDENTS[:2]


def press_tab_to_checkbox(page: Page, name: str) -> None:
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"no way by keyboard to {name}")


def reflection(page: Page) -> None:
    page.get_by_role("link", name="Start – Reflection").click()
    ready(page)


def ready(page: Page) -> None:
    """Wait until the page listens to keys."""
    expect(page.locator(".judge > .check.chosen")).to_have_count(1)


def test_a_place_in_a_picture_is_chosen_by_keyboard_and_undo_by_key(enter: Callable[..., Page]) -> None:
    page = enter()
    reflection(page)
    page.keyboard.press("m")
    expect(page.locator("#large")).to_be_visible()
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.keyboard.type("Here")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    with page.expect_navigation():
        page.keyboard.press("p")
    expect(page.locator(".kept")).to_contain_text("Here")
    ready(page)
    spot = page.locator(".look .spots circle").first
    assert (spot.get_attribute("cx"), spot.get_attribute("cy")) == ("48.0", "38.0")
    page.keyboard.press("1")
    with page.expect_navigation():
        page.keyboard.press("s")
    expect(page.locator(".check legend .mark").first).to_have_text("0.5 / 0.5")
    ready(page)
    page.locator(".check").first.get_by_text("History (1)").click()
    with page.expect_navigation():
        page.keyboard.press("u")
    expect(page.locator(".check legend .mark").first).to_have_text("open")


def test_a_passage_is_marked_with_the_mouse(enter: Callable[..., Page]) -> None:
    page = enter()
    reflection(page)
    box = page.locator(".said").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 10, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Comment on this passage").click()
    page.keyboard.type("Good point")
    with page.expect_navigation():
        page.locator("#save").click()
    expect(page.locator(".kept q")).to_contain_text("steps cost more time")


def test_keys_can_be_turned_off(enter: Callable[..., Page]) -> None:
    page = enter()
    reflection(page)
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator(".rubric input:checked")).to_have_count(0)
    page.reload()
    ready(page)
    page.keyboard.press("n")
    page.keyboard.press("1")
    expect(page.locator(".rubric input:checked")).to_have_count(0)


def test_two_persons_mark_the_same_answer_and_the_second_sees_both(
    enter: Callable[..., Page], tmp_path: Path
) -> None:
    ann, ben = enter(), enter()
    for page, name in ((ann, "ann"), (ben, "ben")):
        page.get_by_label("Grader").fill(name)
        page.get_by_role("button", name="Change").click()
        reflection(page)
    ann.keyboard.press("1")
    with ann.expect_navigation():
        ann.keyboard.press("s")
    ben.keyboard.press("3")
    with ben.expect_navigation():
        ben.keyboard.press("s")
    expect(ben.get_by_role("heading", level=1)).to_have_text("Somebody else was faster")
    versions = ben.locator(".version")
    expect(versions.nth(0)).to_contain_text("Argued, with an example")
    expect(versions.nth(0)).to_contain_text("ann")
    expect(versions.nth(1)).to_contain_text("Not touched, or wrong")
    store = MarksStore(tmp_path / "out")
    assert [d.author for d in store.everything()] == ["ann"]
    ben.get_by_label("Yours").check()
    ben.get_by_role("button", name="Save what I chose").click()
    expect(ben.locator(".check legend .mark").first).to_have_text("0 / 0.5")
    assert [d.author for d in store.everything()] == ["ann", "ben"]


def test_every_page_fits_its_window_and_the_form_stands_beside_the_answer(
    enter: Callable[..., Page],
) -> None:
    for scheme, size, language in LOOKS:
        page = enter(viewport=SIZES[size], color_scheme=scheme, locale=language)
        for path in paths(page):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"], path


@needs_axe
def test_axe_finds_nothing_on_the_pages_of_the_desk(enter: Callable[..., Page]) -> None:
    found = []
    for scheme, size, language in LOOKS:
        page = enter(viewport=SIZES[size], color_scheme=scheme, locale=language)
        for path in paths(page):
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            report = page.evaluate(
                "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
            )
            found += [
                f"{path} {scheme} {size}: {v['id']}: {node['html'][:150]}"
                for v in report["violations"]
                for node in v["nodes"]
            ]
    assert found == []


def paths(page: Page) -> list[str]:
    """The overview, three kinds of places, like answers, and what is not there."""
    base = page.url.rstrip("/")
    key = page.locator("tbody a[href*='by=student']").last.get_attribute("href") or ""
    place = key.split("?")[0].rsplit("/", 1)[1]
    own = [f"/mark/{exercise}/{place}" for exercise in ("observations", "reflection", "img2img")]
    return [f"{base}{path}" for path in ("/", *own, "/groups/observations", "/none")]

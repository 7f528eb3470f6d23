"""Every kind of tab against WCAG 2.2 AA by axe-core; what axe cannot see is in the other tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from lab.ui.page import SHARED_TABS
from tests.browser.conftest import MAKERS, SIZES, RunningLab

OpenPage = Callable[..., Page]

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache" / "node_modules" / "axe-core" / "axe.min.js"
INSTALL = "npm install --no-save --prefix .cache axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [("light", "laptop"), ("dark", "phone")]  # colours and size: each of them once
FIRST = next(iter(MAKERS))
OPEN_TAB = """([tab, title]) => {
    const link = Object.assign(document.createElement("a"), { href: "#" });
    Object.assign(link.dataset, { tab, title });
    document.body.append(link);
    link.click();
    link.remove();
}"""

# Colours are in transition while a tab appears: true once nothing has moved for a while, and nothing has
# been added to the page. A mark of progress that turns for ever is no transition.
SETTLED = """async (milliseconds) => {
    const moving = () => document.getAnimations().some(
        each => each.playState === 'running' && Number.isFinite(each.effect.getComputedTiming().endTime));
    let quiet = performance.now();
    const stir = () => { quiet = performance.now(); };
    new MutationObserver(stir).observe(document, {subtree: true, childList: true, attributes: true});
    const until = quiet + 30000;
    while (performance.now() < until && performance.now() - quiet < milliseconds) {
        await new Promise(resolve => setTimeout(resolve, 50));
        if (moving()) stir();
    }
}"""


needs_axe = pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core is not here; to get it: {INSTALL}")


def tabs_to_look_at() -> dict[str, set[str]]:
    """By assignment, the tabs of those kinds of exercise that no assignment before it has.

    A kind's tab is built by the same code in every assignment, so one of each is looked at. What belongs to
    no exercise stands in the first assignment.
    """
    seen: set[str] = set()
    tabs = {}
    for assignment in MAKERS:
        kinds = {e.kind: SHARED_TABS.get(e.kind, e.id) for e in find_assignment(assignment).exercises}
        tabs[assignment] = {tab for kind, tab in kinds.items() if kind not in seen}
        seen |= kinds.keys()
    tabs[FIRST] |= {"start", "gallery", "health"}
    return {assignment: found for assignment, found in tabs.items() if found}


TABS = tabs_to_look_at()


@needs_axe
@pytest.mark.parametrize("assignment", TABS)
def test_axe_finds_nothing_on_any_kind_of_tab(
    full_lab: RunningLab, open_page: OpenPage, assignment: str
) -> None:
    page = open_page(full_lab.page(assignment=assignment), viewport=SIZES["laptop"])
    assert violations_on_tabs(page, TABS[assignment], LOOKS) == []


@needs_axe
def test_axe_finds_nothing_on_tabs_in_french(full_lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(full_lab.page("fr", assignment=FIRST), viewport=SIZES["laptop"])
    assert violations_on_tabs(page, TABS[FIRST], [("dark", "laptop")]) == []


def violations_on_tabs(page: Page, tabs: set[str], looks: list[tuple[str, str]]) -> list[str]:
    """What axe finds on each of these tabs, in these looks."""
    titles = all_tabs(page)
    page.add_script_tag(path=AXE)
    found = []
    for tab in sorted(tabs):
        page.evaluate(OPEN_TAB, [tab, titles[tab]])
        expect(page.locator(f"#tab-{tab} .prose:not(:empty):visible").first).to_be_visible()
        page.evaluate(SETTLED, 400)
        for scheme, size in looks:
            found += [f"{tab}, {scheme}, {size}: {each}" for each in violations(page, scheme, size)]
    return found


def all_tabs(page: Page) -> dict[str, str]:
    """The tabs' names by their ids, read where the row is so wide that none of them is folded away."""
    wide = page.add_style_tag(content=".gradio-container { max-width: none !important }")
    page.set_viewport_size({"width": 3000, "height": 800})
    expect(page.locator("#lab-tabs .overflow-menu")).to_be_hidden()
    buttons = page.locator("#lab-tabs [role=tab][id]")
    names = buttons.evaluate_all("all => all.map(each => [each.id.slice(4, -7), each.textContent.trim()])")
    wide.evaluate("style => style.remove()")
    return dict(names)


def violations(page: Page, scheme: str, size: str) -> list[str]:
    """What axe finds in what is seen now, in these colours and this size."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size(SIZES[size])
    expect(page.locator("body.dark")).to_have_count(int(scheme == "dark"))
    page.evaluate(SETTLED, 150)
    # what is well is not written down, which took axe longer than finding out
    report = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    return [f"{v['id']}: {node['html'][:200]}" for v in report["violations"] for node in v["nodes"]]

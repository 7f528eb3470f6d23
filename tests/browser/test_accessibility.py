"""Every page against WCAG 2.2 AA by axe-core, light and dark; what axe cannot see is in the other tests."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from tests.browser.conftest import RunningLab, StartLab
from tests.grading.api_good import make_api_work
from tests.grading.good import make_work

OpenPage = Callable[..., Page]

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache" / "node_modules" / "axe-core" / "axe.min.js"
INSTALL = "npm install --no-save --prefix .cache axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
TABS = [
    "start", "smoke", "baseline", "sweep", "observations", "img2img", "remains", "code", "studio",
    "evaluation", "gallery", "hand_in", "health",
]  # fmt: skip
SCREENS = [("light", 1280), ("dark", 1280), ("light", 390)]  # colours, and pixels
API_TABS = ["start", "studio", "analyse", "correct", "alt_text", "compare", "gallery", "costs"]

# Colours are in transition while a tab appears: true once nothing has moved for a while, and nothing has
# been added to the page. A mark of progress that turns for ever is no transition.
SETTLED = """async () => {
    const moving = () => document.getAnimations().some(
        each => each.playState === 'running' && Number.isFinite(each.effect.getComputedTiming().endTime));
    let quiet = performance.now();
    const stir = () => { quiet = performance.now(); };
    new MutationObserver(stir).observe(document, {subtree: true, childList: true, attributes: true});
    const until = quiet + 30000;
    while (performance.now() < until && performance.now() - quiet < 400) {
        await new Promise(resolve => setTimeout(resolve, 50));
        if (moving()) stir();
    }
}"""


@pytest.fixture(scope="module")
def lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """A lab in which everything was made, so that there is something to see in each tab."""
    work = tmp_path_factory.mktemp("work")
    make_work(work, find_assignment("tp2"), "jane.doe")
    return start_lab(work)


@pytest.fixture(scope="module")
def api_lab(start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    """The same for the assignment that asks models behind an API."""
    work = tmp_path_factory.mktemp("api-work")
    make_api_work(work, find_assignment("api-analysis"), "jane.doe")
    return start_lab(work, GENAI_ASSIGNMENT="api-analysis")


needs_axe = pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core is not here; to get it: {INSTALL}")


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_axe_finds_nothing_on_any_tab(lab: RunningLab, open_page: OpenPage, scheme: str, width: int) -> None:
    assert violations(lab, open_page, scheme, width, TABS) == []


@needs_axe
@pytest.mark.parametrize(("scheme", "width"), SCREENS)
def test_axe_finds_nothing_where_models_are_asked(
    api_lab: RunningLab, open_page: OpenPage, scheme: str, width: int
) -> None:
    assert violations(api_lab, open_page, scheme, width, API_TABS) == []


def violations(lab: RunningLab, open_page: OpenPage, scheme: str, width: int, tabs: list[str]) -> list[str]:
    """What axe finds, tab by tab."""
    found = []
    page = open_page(lab.page(), color_scheme=scheme, viewport={"width": width, "height": 800})
    for name in tabs:
        page.goto("about:blank")
        page.goto(lab.page(tab=name))
        expect(page.locator(f"#tab-{name} .prose:not(:empty):visible").first).to_be_visible()
        page.evaluate(SETTLED)
        page.add_script_tag(path=AXE)
        for violation in page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]:
            found += [f"{name}: {violation['id']}: {node['html'][:200]}" for node in violation["nodes"]]
    return found

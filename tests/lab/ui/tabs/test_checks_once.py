"""Opening a tab runs the checks once, however many of its parts show them."""

from typing import Any

import gradio as gr
import pytest

from lab.session.lab import Lab
from lab.ui.page import FILLED, Page, checks_once
from tests.lab.ui.tabs.conftest import bare_page


@pytest.fixture
def counted(full: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The languages in which the checks of `full` were run."""
    asked: list[str] = []
    check = Lab.checks

    def counting(lab: Lab, language: Any) -> Any:
        asked.append(language)
        return check(lab, language)

    monkeypatch.setattr(Lab, "checks", counting)
    return asked


def test_showing_a_tab_is_one_event_that_runs_the_checks_once(full: Lab, counted: list[str]):
    with gr.Blocks() as blocks:
        page = Page(full, "en")
        with page.tabs, page.tab("one", "One"):
            for exercise in ("analyse", "correct"):
                page.refresh(lambda exercise=exercise: page.checklist(exercise), gr.HTML())
    shown = [each for each in blocks.fns.values() if each.fn and ("select" in {t[1] for t in each.targets})]
    [refresh] = shown
    points, not_open, *checklists, filled = refresh.fn()
    assert counted == ["en"]
    assert "meter" in points
    assert not_open == gr.skip()  # the assignment is open, as it was when the page was built
    assert filled == FILLED  # with which the tab is shown
    assert len(checklists) == 2
    assert all("checklist" in html for html in checklists)


def test_the_next_refresh_reads_the_disk_again(full: Lab, counted: list[str]):
    page = bare_page(full)
    for _ in range(2):
        with checks_once():
            page.header()
            page.header()
    assert len(counted) == 2

"""Opening a tab runs the checks once, however many of its parts show them."""

from typing import Any

import pytest

from lab.session.lab import Lab
from lab.ui.page import Refresher, checks_once
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


def test_points_and_checklist_of_a_tab_come_from_one_run_of_the_checks(full: Lab, counted: list[str]):
    page = bare_page(full)
    refreshers = [
        Refresher.of(page.header, object()),
        Refresher.of(lambda: page.checklist("analyse"), object()),
    ]
    points, checklist = page._refresh_all(refreshers)
    assert counted == ["en"]
    assert "meter" in points
    assert "checklist" in checklist


def test_the_next_refresh_reads_the_disk_again(full: Lab, counted: list[str]):
    page = bare_page(full)
    for _ in range(2):
        with checks_once():
            page.header()
            page.header()
    assert len(counted) == 2

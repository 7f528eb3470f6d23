"""Start and the header: the assignments that are open, and those that will be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest

from exercises.i18n import LANGUAGES, Language
from exercises.loader import find_assignment
from lab.session import opened
from lab.session.lab import Lab
from lab.session.opened import Offered
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import start

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TP2, API = find_assignment("tp2"), find_assignment("api-analysis")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time, as its only element."""
    time = [NOON]
    monkeypatch.setattr(opened, "now", lambda: time[0])
    return time


def page_of(work: Path, language: Language = "en") -> Page:
    """The page of `tp2`, beside which `api-analysis` opens in an hour."""
    offered = (Offered(TP2), Offered(API, NOON + timedelta(days=9), NOON + timedelta(hours=1)))
    lab = Lab(LabSettings(), TP2, work, "ada", cast(Any, None), offered)
    with gr.Blocks():
        return Page(lab, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_assignment_is_named_with_its_moment_and_without_a_link_until_it_opens(
    tmp_path: Path, clock: list[datetime], language: Language
) -> None:
    page = page_of(tmp_path, language)
    before = str(start._assignments(page.lab, page))
    assert str(API.title(language)) in before
    assert 'datetime="2026-11-20T13:00:00+00:00"' in before
    assert 'datetime="2026-11-29T12:00:00+00:00"' in before  # when it is due
    assert f"/{language}/api-analysis/" not in before
    clock[0] += timedelta(hours=1)
    after = str(start._assignments(page.lab, page))
    assert f'href="/{language}/api-analysis/"' in after
    assert 'datetime="2026-11-20T13:00:00+00:00"' not in after


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tab_of_one_written_exercise_is_called_after_it_and_of_two_by_what_is_common(
    tmp_path: Path, language: Language
) -> None:
    with gr.Blocks():
        alone, both = (
            Page(Lab(LabSettings(), assignment, tmp_path, "ada", cast(Any, None)), language)
            for assignment in (API, TP2)
        )
    reflection = API.exercise("reflection")
    assert reflection is not None
    assert alone.tab_of(reflection) == ("evaluation", reflection.title(language))
    assert {both.tab_of(e) for e in TP2.exercises if e.kind in ("evaluation", "reflection")} == {
        ("evaluation", both.t("evaluation.title"))
    }


def test_the_header_leads_to_an_assignment_once_it_has_opened_though_the_page_was_built_before(
    tmp_path: Path, clock: list[datetime]
) -> None:
    page = page_of(tmp_path)
    assert "api-analysis" not in str(page.title.value)
    assert page._title_anew() == gr.skip()  # what has not changed is not drawn again
    clock[0] += timedelta(hours=1)
    assert 'href="/en/api-analysis/"' in page._title_anew()

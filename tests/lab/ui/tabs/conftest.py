"""A lab of `api-analysis` without engine or browser, whose only provider is played; its tabs as objects."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import gradio as gr
import pytest

from exercises.i18n import Language, translator
from exercises.loader import find_assignment
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import alt_text, analyse, compare, correct, studio
from manifests.analysis import Note
from tests.grading.api_good import make_api_work
from tests.lab.providers.conftest import entry, playing, route
from tests.lab.providers.server import PlayedProvider

__all__ = ["playing", "route"]

API = find_assignment("api-analysis")
MODULES = {
    "analyse": analyse,
    "correct": correct,
    "alt_text": alt_text,
    "compare": compare,
    "studio": studio,
}


@pytest.fixture
def provider(playing: Callable[..., PlayedProvider]) -> PlayedProvider:
    return playing()


@pytest.fixture
def lab(tmp_path: Path, route: Callable[..., Any], provider: PlayedProvider) -> Lab:
    """An empty lab whose only provider is played."""
    made = Lab(LabSettings(), API, tmp_path / "work", "alice", None)  # type: ignore[arg-type]
    router = vars(made)["router"] = route(entry("played", provider.url))
    router.student = "alice"
    return made


@pytest.fixture
def full(lab: Lab) -> Lab:
    make_api_work(lab.work, API)
    return lab


def tab_of(lab: Lab, exercise: str, language: Language = "en") -> Any:
    """The tab's own object, built in a page of its own."""
    module: ModuleType = MODULES[exercise]
    with gr.Blocks():
        page = Page(lab, language)
        with page.tabs, page.tab(exercise, exercise):
            return module._Tab(lab, page, lab.assignment.exercise(exercise))


def words(*values: Any) -> str:
    return " ".join(str(value) for value in values)


def notes(lab: Lab) -> list[Any]:
    return [entry.said for entry in lab.notebook().entries() if isinstance(entry, Note)]


def bare_page(lab: Lab, language: Language = "en") -> Page:
    """As much of a page as texts need: no components."""
    page = Page.__new__(Page)
    page.lab, page.language, page.t = lab, language, translator("lab", language)
    return page

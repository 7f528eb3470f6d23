"""A tab whose pictures are still to be made says where they are made, and links there."""

from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest

from exercises.i18n import LANGUAGES, Language
from exercises.kinds import Evaluation, Observe
from exercises.kinds.planned import Planned
from exercises.loader import find_assignment
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs.evaluation import SubjectForm
from lab.ui.tabs.observe import PictureForm
from lab.ui.tabs.quiz import QuizTab
from manifests.answers import Answers


def page_of(work: Path, assignment: str, language: Language) -> Page:
    lab = Lab(LabSettings(), find_assignment(assignment), work, "ada", cast(Any, None))
    return Page(lab, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quiz_without_pictures_leads_to_where_they_are_made_and_promises_none(
    tmp_path: Path, language: Language
) -> None:
    with gr.Blocks():
        page = page_of(tmp_path, "prompts", language)
        with page.tabs, page.tab("quiz", "quiz"):
            tab = QuizTab(page.lab, page, cast(Any, page.lab.assignment.exercise("quiz")))
    words = " ".join(str(value) for value in tab.show("which_wording"))
    assert 'data-tab="wordings"' in words
    assert page.t("stage.nothing") not in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_to_observe_are_said_to_be_not_made_yet(tmp_path: Path, language: Language) -> None:
    with gr.Blocks():
        page = page_of(tmp_path, "tp2", language)
        of, sweep = (page.lab.assignment.exercise(name) for name in ("observations", "sweep"))
        assert isinstance(of, Observe)
        assert isinstance(sweep, Planned)
        form = PictureForm(page.lab, page, of, sweep, sweep.runs[1], gr.State(None))
    assert str(form._seen()).count(page.t("observe.not_made")) == 2
    assert page.t("grid.missing") + "<" not in str(form._seen())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_without_a_picture_leads_to_every_tab_in_which_one_can_be_made(
    tmp_path: Path, language: Language
) -> None:
    with gr.Blocks():
        page = page_of(tmp_path, "tp2", language)
        exercise = page.lab.assignment.exercise("evaluation")
        assert isinstance(exercise, Evaluation)
        form = SubjectForm(page.lab, page, gr.State(None), exercise, exercise.subjects[0], 1)
    for said in (form.offer(), form.fill(Answers())):
        assert 'data-tab="baseline"' in said[form.first]
        assert 'data-tab="sweep"' in said[form.first]

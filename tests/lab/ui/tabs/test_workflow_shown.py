"""A picture whose manifest holds a workflow shows it drawn; every other one does not."""

from dataclasses import replace
from pathlib import Path

import gradio as gr
import pytest

from exercises.graph import graph_of
from exercises.i18n import LANGUAGES, Language
from exercises.kinds import Generate
from exercises.loader import find_assignment
from lab.records.read_parameters import Found
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import reader
from lab.ui.tabs.generate import GenerateTab
from lab.ui.tabs.result import Facts, drawn_workflow
from manifests.service import ComfyuiService, workflow_sha256
from tests.lab.comfyui.serving import graph
from tests.manifests.conftest import make_draft, make_picture


def service(document: dict[str, object]) -> ComfyuiService:
    return ComfyuiService.model_validate(
        {
            "name": "ComfyUI",
            "version": "0.3.64",
            "address": "http://127.0.0.1:8188",
            "checkpoint": "mini.safetensors",
            "workflow": document,
            "workflow_sha256": workflow_sha256(document),
        }
    )


@pytest.fixture(params=LANGUAGES)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Page:
    lab = Lab(LabSettings(), find_assignment("comfyui"), tmp_path / "work", "alice", None)  # type: ignore[arg-type]
    language: Language = request.param
    with gr.Blocks():
        return Page(lab, language)


def shown(page: Page, **changes: object) -> tuple[bool, str]:
    record = page.lab.store().save(replace(make_draft(), **changes), make_picture())  # type: ignore[arg-type]
    with gr.Blocks():
        facts = Facts(page, "one")
    *_, accordion, drawn = facts.show(record)
    assert len(facts.show(record)) == len(facts.show(None)) == len(facts.outputs)
    return accordion["visible"], str(drawn)


def test_a_picture_of_a_comfyui_server_shows_the_graph_that_was_sent(page: Page) -> None:
    visible, drawn = shown(page, service=service(graph()))
    assert visible
    assert drawn.count("<rect") == 7
    assert "euler_ancestral" in drawn


def test_any_other_picture_shows_none(page: Page) -> None:
    assert shown(page) == (False, "")


def test_a_hostile_workflow_is_shown_as_text(page: Page) -> None:
    evil = graph()
    evil["5"]["class_type"] = "<script>alert(1)</script>"
    visible, drawn = shown(page, service=service(evil))
    assert visible
    assert "<script" not in drawn


def test_a_dropped_picture_of_comfyui_shows_its_graph(page: Page) -> None:
    told = reader.table(page, Found("comfyui", {"steps": 4}, workflow=graph_of(graph())))
    assert told.count("<rect") == 7
    assert "<table" not in reader.table(page, Found("comfyui", {}, workflow=graph_of(graph())))


def test_no_graph_is_no_drawing(page: Page) -> None:
    assert drawn_workflow(page.t, None) == ""


def test_runs_that_are_no_changes_of_a_first_one_are_called_by_their_names(page: Page) -> None:
    exercise = page.lab.assignment.exercise("trouble")
    assert isinstance(exercise, Generate)
    with gr.Blocks(), page.tabs, page.tab("trouble", "Trouble"):
        tab = GenerateTab(page.lab, page, exercise)
    assert [name for name, _ in tab.chosen.choices] == ["blurred", "cured", "safe"]
    records = {run.id: None for run in exercise.runs}
    assert tab._shown(exercise.runs[0], records["blurred"]).label == "blurred"

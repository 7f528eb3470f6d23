"""The tab of `dataset`: empty, with pictures to look through, and refusing what cannot be with its reason."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from exercises.errors import UserError
from exercises.i18n import Language
from exercises.kinds import Dataset
from exercises.loader import find_assignment
from lab.jobs.dataset import DatasetError
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.html import confusion
from lab.ui.page import Page
from lab.ui.tabs.dataset import DatasetTab
from manifests.classifiers import Bias
from manifests.sorting import FILE, sorted_in
from tests.grading.sorted_work import draw, small, teach

ASSIGNMENT = find_assignment("dataset")
ASKED: dict[str, Any] = {"rounds": 3, "seed": 1}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab on the built-in assignment, with the small plan in the place of its own."""
    exercises = (small(), *ASSIGNMENT.exercises[1:])
    return Lab(
        LabSettings(),
        ASSIGNMENT.model_copy(update={"exercises": exercises}),
        tmp_path / "work",
        "alice",
        None,  # type: ignore[arg-type]
    )


def tab_of(lab: Lab, language: Language = "en") -> DatasetTab:
    exercise = lab.assignment.exercise("set")
    assert isinstance(exercise, Dataset)
    with gr.Blocks():
        page = Page(lab, language)
        with page.tabs, page.tab("set", "set"):
            return DatasetTab(lab, page, exercise)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_before_anything_is_drawn_it_says_what_to_do(lab: Lab, language: Language) -> None:
    state, pictures, _, results, _ = tab_of(lab, language).show("mug")
    assert ("0 of 8" if language == "en" else "dessinées\u00a0: 0 sur 8") in state
    assert "<button" not in pictures
    assert "<table" not in results


def test_a_picture_is_thrown_out_and_taken_back_and_the_button_says_so(lab: Lab) -> None:
    records = draw(lab.store(), small())
    tab, stem = tab_of(lab), records["set_mug_gray_blue"].stem
    tab._toggle("mug", "blurred", {"stem": stem, "out": True})
    assert sorted_in(lab.folder, "set").thrown == {stem: "blurred"}
    _, pictures, *_ = tab.show("mug")
    assert pictures.count("<button") == 4
    assert pictures.count('aria-pressed="true"') == 1
    assert "blue mug on gray" in pictures
    tab._toggle("mug", "blurred", {"stem": stem, "out": False})
    assert sorted_in(lab.folder, "set").thrown == {}
    tab._undo("mug")
    assert sorted_in(lab.folder, "set").thrown == {stem: "blurred"}


@pytest.mark.parametrize("told", [None, 3, {}, {"stem": "../x", "out": True}, {"stem": ["a"], "out": True}])
def test_whatever_the_browser_says_of_a_press_only_pictures_of_the_plan_are_decided_on(
    lab: Lab, told: object
) -> None:
    draw(lab.store(), small())
    said, _ = tab_of(lab)._toggle("mug", "blurred", told)
    assert "not there any more" in said
    assert not (lab.folder / FILE).exists()


def test_a_class_is_looked_through_and_not_after_all(lab: Lab) -> None:
    draw(lab.store(), small())
    tab = tab_of(lab)
    tab._look("mug")
    assert sorted_in(lab.folder, "set").looked == ("mug",)
    assert tab.show("mug")[2]["value"] == "Not looked through after all"
    tab._look("mug")
    tab._look("<b>")
    assert sorted_in(lab.folder, "set").looked == ()


def test_figures_stand_side_by_side_once_both_are_taught(lab: Lab) -> None:
    records = draw(lab.store(), small())
    teach(lab.store(), small(), records)
    tab = tab_of(lab)
    assert tab.show("mug")[3].count("confusion") == 2
    teach(lab.store(), small(), records, Bias(thing="mug", background="gray"))
    results = tab.show("mug")[3]
    assert results.count("confusion") == 4
    assert "Other things on gray: taken for mug" in results


def test_what_cannot_be_trained_says_why(lab: Lab) -> None:
    tab = tab_of(lab)
    with pytest.raises(UserError, match="8"):
        tab._train(**ASKED)
    draw(lab.store(), small())
    wrong: tuple[dict[str, Any], ...] = (
        {"rounds": 1000},
        {"rounds": None},
        {"seed": -1},
        {"seed": float("inf")},
    )
    for changes in (*wrong, {"thing": "lamp", "background": "gray"}, {"thing": "mug"}):
        with pytest.raises(UserError):
            tab._train(**(ASKED | changes))
    assert [task.run_id for task in tab._train(**ASKED)] == ["train"]
    lab.settings = LabSettings(gateway="http://127.0.0.1:1")
    with pytest.raises(DatasetError, match="gateway"):
        tab._train(**ASKED)


def test_the_composed_pictures_are_shown_with_their_source_and_licence(lab: Lab) -> None:
    shown = tab_of(lab)._sheet()
    assert "noise" in shown
    assert len(list(lab.cache.glob("composed-*.webp"))) == 1


def test_shares_are_written_as_the_language_has_them(lab: Lab) -> None:
    english, french = (tab_of(lab, language).page.t for language in ("en", "fr"))
    assert confusion.percent(english, 0.5) == "50%"
    assert confusion.percent(french, 0.5) == "50\u00a0%"
    assert confusion.percent(french, None) == "–"

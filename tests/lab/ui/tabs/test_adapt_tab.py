"""The tab of `adapt`: empty, with something taught, and refusing what cannot be taught with its reason."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from exercises.errors import UserError
from exercises.i18n import Language
from exercises.kinds import Adapt
from exercises.loader import find_assignment
from lab.jobs.adapt import AdaptError
from lab.jobs.adapt_grid import free_request
from lab.jobs.api_pictures import MAX_PROMPT, BadPrompt
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.html import loss_curve, teaching
from lab.ui.page import Page
from lab.ui.tabs.adapt import AdaptTab
from tests.grading.adapted import taught
from tests.lab.engine.asking import photo

ASSIGNMENT = find_assignment("adapt")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(LabSettings(), ASSIGNMENT, tmp_path / "work", "alice", None)  # type: ignore[arg-type]


def tab_of(lab: Lab, exercise_id: str = "enough", language: Language = "en") -> AdaptTab:
    exercise = lab.assignment.exercise(exercise_id)
    assert isinstance(exercise, Adapt)
    with gr.Blocks():
        page = Page(lab, language)
        with page.tabs, page.tab(exercise_id, exercise_id):
            return AdaptTab(lab, page, exercise)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_before_anything_was_taught_it_says_what_to_do(lab: Lab, language: Language) -> None:
    grid, learnt, chosen, _ = tab_of(lab, language=language).show(None, "all")
    assert ("Teach" if language == "en" else "Lui apprendre") in grid
    assert learnt == ""
    assert chosen["choices"] == []


def test_an_adapter_is_shown_with_its_curve_what_was_forgotten_and_a_table_to_fill(lab: Lab) -> None:
    card = taught(lab.store())
    grid, learnt, chosen, _ = tab_of(lab).show(None, "all")
    assert chosen["value"] == card.file
    assert grid.count("<figure") == 12
    assert "a zibou on a red background" in grid
    assert "strength 1.25" in grid
    assert "<svg" in learnt
    assert "95%" in learnt


def test_only_adapters_taught_as_far_as_asked_are_offered(lab: Lab) -> None:
    few, enough = taught(lab.store(), 30), taught(lab.store(), 240)
    assert tab_of(lab, "few").show(None, "all")[2]["value"] == few.file
    assert tab_of(lab, "enough").show(few.file, "all")[2]["value"] == enough.file
    assert tab_of(lab, "many").show(None, "all")[2]["choices"] == []


def test_what_cannot_be_taught_or_drawn_says_why(lab: Lab, tmp_path: Path) -> None:
    tab = tab_of(lab)
    files = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        path.write_bytes(photo(70 + number, 80))
        files.append(str(path))
    asked: dict[str, Any] = {"steps": 100, "rank": 4, "rate": 1e-3, "model": "mini"}
    for photos, word in ((None, "zibou"), (files[:4], "zibou"), (files, ""), (files, "cat"), (files, "<b>")):
        with pytest.raises(UserError):
            tab._teach(photos, word, **asked)
    wrong: tuple[dict[str, Any], ...] = ({"rate": 5.0}, {"rate": None}, {"steps": None}, {"rank": None})
    for changes in (*wrong, {"steps": float("inf")}, {"rate": float("nan")}):
        with pytest.raises(AdaptError) as raised:
            tab._teach(files, "zibou", **{**asked, **changes})
        assert raised.value.key == "adapt.settings"
    with pytest.raises(UserError):
        tab._draw(None)
    assert [task.run_id for task in tab._teach(files, "zibou", **asked)] == ["teach"]
    card = taught(lab.store())
    assert len(tab._draw(card.file)) == 12


def test_a_picture_of_ones_own_words_is_asked_for_at_any_strength(lab: Lab) -> None:
    tab, card = tab_of(lab), taught(lab.store())
    assert "Nothing drawn beside the plan" in tab.show(card.file, "one")[0]
    assert [task.run_id for task in tab._draw_free(card.file, "a {word} in the rain", 1.5)] == ["adapted"]
    request = free_request(tab.exercise, card, "a {word} in the rain", 0.35)
    assert (request.prompt, request.adapters[0].scale, request.seed) == ("a zibou in the rain", 0.35, 42)
    for file, prompt, scale in ((None, "a", 1.0), (card.file, " ", 1.0), (card.file, "a", 1.6)):
        with pytest.raises(UserError):
            tab._draw_free(file, prompt, scale)


def test_a_free_prompt_may_be_as_long_as_a_record_holds_once_the_word_stands_in_it(lab: Lab) -> None:
    exercise, card = tab_of(lab).exercise, taught(lab.store())
    most = (MAX_PROMPT - 2) // len(card.word)
    assert len(free_request(exercise, card, "a " + "{word}" * most, 1.0).prompt) <= MAX_PROMPT
    longer = card.model_copy(update={"word": "abcdefghijklmnop"})
    with pytest.raises(BadPrompt) as raised:
        free_request(exercise, longer, "a " + "{word}" * 330, 1.0)
    assert raised.value.key == "comparing.long_prompt"


def test_samples_are_shown_small_and_what_is_no_picture_is_left_out(lab: Lab, tmp_path: Path) -> None:
    good, bad = tmp_path / "00040_0.png", tmp_path / "<b>_1.png"
    good.write_bytes(photo(256, 256))
    bad.write_bytes(b"no picture")
    shown = teaching.so_far(tab_of(lab).page.t, "zibou", ((1, 0.5), (40, 0.2)), [good, bad])
    assert shown.count("data:image/jpeg") == 1
    assert len(shown) < 60_000
    assert "after 40 steps" in shown
    assert "<b>" not in shown


def test_a_curve_without_points_is_nothing(lab: Lab) -> None:
    t = tab_of(lab).page.t
    assert loss_curve.drawn(t, ()) == ""
    assert 'role="img"' in loss_curve.drawn(t, ((1, 0.0), (2, 0.0)))

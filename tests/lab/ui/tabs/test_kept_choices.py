"""What a student has chosen or written stays, whatever is read from disk or drawn meanwhile.

An answer knows what was chosen when it was asked for, not what is chosen by the time it comes. So it may
bring new choices, but no value, unless what was chosen has gone.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
import pytest
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

from exercises.kinds import Compare
from lab.session.lab import Lab
from lab.ui.page import Page
from lab.ui.tabs import compare as compare_tab
from lab.ui.tabs import side_by_side
from tests.grading.api_good import REASON
from tests.lab.ui.tabs.conftest import notes, words

FIRST, SECOND = "gallery-chosen", "compare-other"
PROMPT, MODELS, WHICH, WHY = "prompt-compare", "models-compare", "chosen-compare", "reason-compare"


class Shown:
    """A page as a browser has it: what stands in its components, and what its events answer."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks, self.state = blocks, SessionState(blocks)
        self.values: dict[str, Any] = {}

    def events(self, *, to: str) -> list[BlockFunction]:
        """Those whose answers may change that component."""
        return [event for event in self.blocks.fns.values() if to in _names(event.outputs)]

    def answers(self, event: BlockFunction, to: str) -> list[dict[str, Any]]:
        """What an event tells that component, once or more often."""

        async def collect() -> list[Any]:
            return [answer async for answer in self._answers(event)]

        place = _names(event.outputs).index(to)
        return [answer[place] for answer in asyncio.run(collect())]

    async def _answers(self, event: BlockFunction) -> AsyncIterator[list[Any]]:
        values = [self.values.get(name) for name in _names(event.inputs)]
        answer = await self.blocks.process_api(event, values, state=self.state)
        yield answer["data"]
        while answer["is_generating"]:
            iterator = answer["iterator"]
            answer = await self.blocks.process_api(event, values, state=self.state, iterator=iterator)
            if answer["is_generating"]:  # the last of several only says that they have ended
                yield answer["data"]


def _names(components: Any) -> list[str]:
    return [component.elem_id for component in components]


@pytest.fixture
def gallery(full: Lab) -> Shown:
    """As much of the gallery as the comparison of two pictures needs."""
    with gr.Blocks() as blocks:
        page = Page(full, "en")
        with page.tabs, page.tab("gallery", "Gallery"):
            side_by_side.build(full, page, gr.Dropdown(allow_custom_value=True, elem_id=FIRST))
    return Shown(blocks)


@pytest.fixture
def compare(full: Lab) -> Shown:
    """The tab in which models are compared."""
    with gr.Blocks() as blocks:
        page = Page(full, "en")
        exercise = full.assignment.exercise("compare")
        assert isinstance(exercise, Compare)
        with page.tabs:
            compare_tab.build(full, page, exercise)
    return Shown(blocks)


def test_the_second_picture_chosen_while_the_list_is_read_stays_chosen(gallery: Shown):
    events = gallery.events(to=SECOND)
    assert events
    for before in (None, "scene"):
        gallery.values = {FIRST: "product", SECOND: before}
        for event in events:
            (told,) = gallery.answers(event, SECOND)
            assert "scene" in words(told["choices"])
            assert "value" not in told


def test_a_second_picture_that_has_gone_is_chosen_no_more(gallery: Shown):
    for gone in ("deleted", "product"):  # the first of the two is none to compare it with
        gallery.values = {FIRST: "product", SECOND: gone}
        for event in gallery.events(to=SECOND):
            (told,) = gallery.answers(event, SECOND)
            assert told["value"] is None


def test_the_second_list_does_not_get_shorter_when_the_first_picture_is_known(gallery: Shown):
    """Gradio's list fails in the browser where it loses options while it is open."""
    counts = []
    for first in (None, "product", "scene"):
        gallery.values = {FIRST: first, SECOND: None}
        counts.append(
            {len(gallery.answers(event, SECOND)[0]["choices"]) for event in gallery.events(to=SECOND)}
        )
    before, after, another = counts
    assert before == {0}
    assert after == another != {0}


def test_the_picture_taken_of_a_comparison_stays_taken_while_it_is_read_and_pictures_come_in(compare: Shown):
    compare.values = {PROMPT: "a red bag", MODELS: ["played/model-a", "played/model-a"], WHICH: "comparison"}
    (draw,) = [event for event in compare.events(to=WHICH) if PROMPT in _names(event.inputs)]
    read = [event for event in compare.events(to=WHICH) if event is not draw]
    for events, newest in ((read, "comparison-2"), ([draw], "comparison-4"), (read, "comparison-4")):
        told = [answer for event in events for answer in compare.answers(event, WHICH)]
        assert newest in words(*(answer.get("choices") for answer in told))
        assert [answer for answer in told if "value" in answer] == []


def test_prompt_and_reasons_of_a_comparison_are_the_students_alone(compare: Shown):
    assert compare.events(to=PROMPT) == []
    assert compare.events(to=WHY) == []


def test_a_picture_that_is_compared_no_more_cannot_be_taken_and_that_is_said(compare: Shown, full: Lab):
    compare.values = {WHICH: "product", WHY: REASON}
    before = notes(full)
    (event,) = compare.events(to="saved-compare")
    (told,) = compare.answers(event, "saved-compare")
    assert 'role="alert"' in told
    assert notes(full) == before


def test_models_chosen_while_the_list_is_read_stay_chosen_but_for_those_that_have_gone(compare: Shown):
    (event, *others) = compare.events(to=MODELS)
    assert others
    for chosen, told_to_choose in (
        (["played/model-a"], None),
        (["played/model-a", "gone/model"], ["played/model-a"]),
        (["gone/model"], ["here/mini", "played/model-a"]),
        ([], ["here/mini", "played/model-a"]),
    ):
        compare.values = {MODELS: chosen}
        (told,) = compare.answers(event, MODELS)
        assert told.get("value") == told_to_choose

"""A picture for which memory runs out is drawn again smaller: told, stoppable, recorded as it was drawn."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from exercises.i18n import LANGUAGES, Language
from exercises.kinds import Studio
from exercises.loader import find_assignment
from lab.engine.protocol import Cancelled, Engine, Failed, Smaller
from lab.jobs.generate import Generation, PictureSaved, generate
from lab.jobs.running import Running, Task
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import studio
from lab.ui.tabs.generation import Watch
from manifests.manifest import Request
from manifests.store import Store
from tests.lab.endpoint.engines import QuickEngine, ScriptedJob
from tests.lab.engine.comfy.asking import request


class SmallCard(QuickEngine):
    """An engine whose memory does for pictures up to a side."""

    def __init__(self, most: int, code: str = "out_of_memory") -> None:
        super().__init__()
        self.most, self.code, self.asked = most, code, list[tuple[int, int]]()

    def submit(self, request: Request, **more: Any) -> ScriptedJob:
        self.asked.append((request.width, request.steps))
        job = super().submit(request, **more)
        if request.width > self.most:
            job._events = [Failed(self.code, {"model": "mini", "node": "KSampler"})]
        return job


def asked(tmp_path: Path, engine: Engine, *, smaller: bool = True, **changes: Any) -> Generation:
    store = Store(tmp_path, "comfyui", "jane")
    made = request(**({"width": 256, "height": 256, "steps": 30} | changes))
    return generate(store, engine, "trouble", "cured", made, model="mini", smaller=smaller)


@pytest.mark.parametrize("code", ["out_of_memory", "comfyui_out_of_memory"])
@pytest.mark.parametrize(("most", "sides"), [(256, [256]), (200, [256, 192]), (150, [256, 192, 128])])
def test_it_is_drawn_smaller_until_memory_does_and_the_manifest_says_what_was_drawn(
    tmp_path: Path, most: int, sides: list[int], code: str
) -> None:
    engine = SmallCard(most, code)
    events = list(asked(tmp_path, engine).events())
    assert [each for each in events if isinstance(each, Smaller)] == [Smaller(s, s, 15) for s in sides[1:]]
    assert not [each for each in events if isinstance(each, Failed)]
    saved = events[-1]
    assert isinstance(saved, PictureSaved)
    drawn = saved.record.manifest.request
    assert isinstance(drawn, Request)
    assert (drawn.width, drawn.steps) == (sides[-1], 30 if len(sides) == 1 else 15)
    assert [side for side, _ in engine.asked] == sides


def test_where_the_smallest_is_too_large_it_fails_as_it_would_have(tmp_path: Path) -> None:
    events = list(asked(tmp_path, SmallCard(64)).events())
    assert isinstance(events[-1], Failed)
    assert events[-1].code == "out_of_memory"
    assert not list(tmp_path.rglob("*.png"))


def test_a_planned_size_is_kept_where_nothing_else_was_agreed(tmp_path: Path) -> None:
    events = list(asked(tmp_path, engine := SmallCard(200), smaller=False).events())
    assert isinstance(events[-1], Failed)
    assert len(engine.asked) == 1


def test_other_failures_are_no_reason_to_draw_it_smaller(tmp_path: Path) -> None:
    events = list(asked(tmp_path, engine := SmallCard(200, "missing_weights")).events())
    assert isinstance(events[-1], Failed)
    assert len(engine.asked) == 1


def test_few_steps_do_not_become_more(tmp_path: Path) -> None:
    events = list(asked(tmp_path, SmallCard(200), steps=4).events())
    assert Smaller(192, 192, 4) in events


def test_what_was_stopped_is_not_begun_again(tmp_path: Path) -> None:
    generation = asked(tmp_path, engine := SmallCard(150))
    events = []
    for event in generation.events():
        events.append(event)
        if isinstance(event, Smaller):
            generation.cancel()
    assert isinstance(events[-1], Cancelled)
    assert len(engine.asked) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_while_it_is_drawn_smaller_and_afterwards(tmp_path: Path, language: Language) -> None:
    lab = Lab(LabSettings(), find_assignment("comfyui"), tmp_path, "jane", None)  # type: ignore[arg-type]
    with gr.Blocks():
        page = Page(lab, language)
        with page.tabs, page.tab("trouble", "Trouble"):
            watch = Watch(lab, page, "trouble", [gr.Button()])
    running = Running("trouble", [Task("cured", lambda: asked(tmp_path, SmallCard(200)))])
    running.work()
    assert running.smaller == {"cured": Smaller(192, 192, 15)}
    said = str(watch._look(running, finished=True)[0])
    assert {"en": "memory ran out", "fr": "la mémoire n’a pas suffi"}[language] in said
    assert "192" in said
    running.event = running.smaller["cured"]
    assert "192" in str(watch._progress(running, "cured"))


def test_the_studio_of_the_assignment_draws_smaller_too_and_has_the_safe_settings_at_hand(
    tmp_path: Path,
) -> None:
    engine = SmallCard(200)
    lab = Lab(LabSettings(), find_assignment("comfyui"), tmp_path, "jane", engine)
    exercise = lab.assignment.exercise("studio")
    assert isinstance(exercise, Studio)
    with gr.Blocks():
        page = Page(lab, "en")
        with page.tabs, page.tab("studio", "Further"):
            tab = studio._Tab(lab, page, exercise)
    values = {name: field.value if name != "prompt" else "a red bag" for name, field in tab.fields.items()}
    (task,) = tab._tasks(*values.values(), None)
    events = list(task.start().events())
    assert Smaller(192, 192, 15) in events
    assert isinstance(events[-1], PictureSaved)
    assert studio._safe("mini", 30) == [192, 192, 15]
    assert studio._safe("sd15", 10) == [384, 384, 10]

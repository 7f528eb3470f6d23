"""Pictures drawn together are what each would have been alone; who comes, goes or fails harms no other."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.parameters import SCHEDULERS
from lab.engine.denoise import Stopped, make_picture
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.protocol import Picture, Step
from lab.engine.sources import open_source
from lab.engine.together import Meeting
from lab.models.registry import MODELS
from tests.lab.engine.asking import JUST_AS_GOOD, asked, likeness, photo

SOURCE = open_source(photo(), 64, 64)


@pytest.fixture(scope="module")
def model(tiny_mini: Path) -> LoadedModel:
    return load_from(MODELS["mini"], tiny_mini)


@pytest.fixture
def rounds(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows the UNet was asked for, call by call."""
    seen: list[int] = []
    assert model.meeting
    forward = model.meeting._forward

    def counted(sample: Any, *others: Any, **named: Any) -> Any:
        seen.append(len(sample))
        return forward(sample, *others, **named)

    monkeypatch.setattr(model.meeting, "_forward", counted)
    return seen


def draw(model: LoadedModel, request: dict[str, Any], **options: Any) -> Picture:
    source = SOURCE if request.get("mode") == "img2img" else None
    stop = options.get("stop_asked", lambda: False)
    return make_picture(model, asked(**request), source, 0, stop, options.get("report", lambda _: None))


def together(*works: Callable[[], object]) -> list[object]:
    """What each gives or raises, all in threads of their own; they begin as one."""
    ends: list[object] = [None] * len(works)
    begin = threading.Barrier(len(works))

    def do(number: int, work: Callable[[], object]) -> None:
        begin.wait(timeout=60)
        try:
            ends[number] = work()
        except Exception as error:
            ends[number] = error

    threads = [threading.Thread(target=do, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return ends


REQUESTS = st.fixed_dictionaries(
    {
        "steps": st.integers(2, 9),
        "guidance_scale": st.sampled_from((0.5, 1.0, 2.0, 7.5, 12.0)),
        "scheduler": st.sampled_from(SCHEDULERS),
        "seed": st.integers(0, 9),
        "negative_prompt": st.sampled_from(("", "red")),
        "prompt": st.sampled_from(("a blue teapot", "a red backpack on a white background")),
    }
) | st.fixed_dictionaries(
    {
        "mode": st.just("img2img"),
        "strength": st.sampled_from((0.5, 0.8, 1.0)),
        "steps": st.integers(2, 9),
        "scheduler": st.sampled_from(SCHEDULERS),
        "seed": st.integers(0, 9),
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(mix=st.lists(REQUESTS, min_size=2, max_size=6))
def test_any_mix_gives_the_pictures_that_each_would_have_been_alone(
    model: LoadedModel, mix: list[dict[str, Any]]
) -> None:
    alone = [draw(model, request) for request in mix]
    mixed = together(*(lambda request=request: draw(model, request) for request in mix))
    assert min(likeness(*pair) for pair in zip(alone, mixed, strict=True)) >= JUST_AS_GOOD


def test_pictures_of_one_shape_are_drawn_by_one_call_a_step(model: LoadedModel, rounds: list[int]) -> None:
    steps = 30  # a busy machine may take a few of them until all three have come
    draw(model, {"steps": 4})
    rounds.clear()
    pictures = together(*(lambda seed=seed: draw(model, {"steps": steps, "seed": seed}) for seed in range(3)))
    assert sum(rounds) == 3 * steps * 2  # with guidance a picture is two rows
    assert rounds.count(6) >= steps / 2
    for picture in pictures:
        assert isinstance(picture, Picture)
        assert picture.drawn.batch_size == 3
    assert {p.drawn.batch_index for p in pictures if isinstance(p, Picture)} == {0, 1, 2}


def test_a_picture_alone_is_a_batch_of_one(model: LoadedModel) -> None:
    drawn = draw(model, {"steps": 2}).drawn
    assert (drawn.batch_size, drawn.batch_index) == (1, 0)


def test_no_more_are_drawn_at_once_than_the_meeting_allows(
    model: LoadedModel, rounds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.meeting, "most", 2)
    pictures = together(*(lambda seed=seed: draw(model, {"steps": 4, "seed": seed}) for seed in range(5)))
    assert all(isinstance(picture, Picture) for picture in pictures)
    assert max(rounds) == 4


def test_who_is_stopped_leaves_and_the_others_go_on(model: LoadedModel, rounds: list[int]) -> None:
    steps: list[int] = []

    def report(step: Step) -> None:
        steps.append(step.step)

    alone = draw(model, {"steps": 12})
    ends = together(
        lambda: draw(model, {"steps": 12}),
        lambda: draw(model, {"steps": 100}, stop_asked=lambda: len(steps) >= 3, report=report),
    )
    assert isinstance(ends[1], Stopped)
    assert likeness(alone, ends[0]) >= JUST_AS_GOOD
    assert 2 in rounds[-4:]  # alone again


def test_who_comes_later_joins_at_the_next_step(model: LoadedModel, rounds: list[int]) -> None:
    alone = draw(model, {"steps": 3, "seed": 5})
    late: list[object] = []
    threads: list[threading.Thread] = []

    def report(step: Step) -> None:
        if step.step == 5:
            threads.append(threading.Thread(target=lambda: late.append(draw(model, {"steps": 3, "seed": 5}))))
            threads[0].start()

    draw(model, {"steps": 60}, report=report)
    threads[0].join(timeout=60)
    assert likeness(alone, late[0]) >= JUST_AS_GOOD
    assert isinstance(late[0], Picture)
    assert late[0].drawn.batch_size == 2


def test_seconds_are_a_pictures_own_share(model: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight drawn at once do not seem eight times slower, and fifty steps cost more than five."""
    meeting = model.meeting
    assert meeting
    forward = meeting._forward

    def slow(sample: Any, *others: Any, **named: Any) -> Any:
        threading.Event().wait(0.02)
        return forward(sample, *others, **named)

    monkeypatch.setattr(meeting, "_forward", slow)
    requests = [{"steps": 5, "seed": seed} for seed in range(4)] + [{"steps": 40}]
    began = time.monotonic()
    ends = together(*(lambda request=request: draw(model, request) for request in requests))
    seconds = [end.drawn.seconds for end in ends if isinstance(end, Picture)]
    assert len(seconds) == 5
    assert sum(seconds[:4]) < time.monotonic() - began
    assert seconds[4] > 3 * max(seconds[:4])


class Broken(Exception):
    pass


def rows(count: int) -> torch.Tensor:
    return torch.arange(float(count)).reshape(count, 1, 1, 1)


def test_memory_that_does_not_suffice_for_all_is_tried_with_half(model: LoadedModel) -> None:
    asked_for: list[int] = []

    def forward(sample: torch.Tensor, timestep: torch.Tensor) -> tuple[torch.Tensor]:
        asked_for.append(len(sample))
        if len(sample) > 2:
            raise torch.OutOfMemoryError("no room")
        return (sample + 1,)

    meeting = Meeting(forward, most=16)

    def call(number: int) -> torch.Tensor:
        with meeting.seat():
            answer: torch.Tensor = meeting(rows(1) + number, 5)[0]
            return answer

    ends = together(*(lambda number=number: call(number) for number in range(4)))
    assert [float(end) for end in ends if isinstance(end, torch.Tensor)] == [1, 2, 3, 4]
    assert meeting.most <= 2 or max(asked_for) <= 2


@pytest.mark.parametrize("error", [Broken("a bug"), torch.OutOfMemoryError("no room for one")])
def test_what_fails_for_all_is_raised_in_each_thread_and_the_meeting_goes_on(error: Exception) -> None:
    fails = [True]

    def forward(sample: torch.Tensor, timestep: torch.Tensor) -> tuple[torch.Tensor]:
        if fails[0]:
            raise error
        return (sample,)

    meeting = Meeting(forward, most=16)

    def call() -> object:
        with meeting.seat():
            return meeting(rows(1), 5)

    assert [type(end) for end in together(call, call, call)] == [type(error)] * 3
    fails[0] = False
    assert [type(end) for end in together(call, call)] == [tuple, tuple]


def test_calls_that_cannot_be_one_are_answered_apart(model: LoadedModel) -> None:
    shapes: list[tuple[int, ...]] = []

    def forward(sample: torch.Tensor, timestep: torch.Tensor, words: Any = None) -> tuple[torch.Tensor]:
        shapes.append(tuple(sample.shape))
        return (sample * 2,)

    meeting = Meeting(forward, most=16)

    def call(side: int, words: Any) -> tuple[int, ...]:
        with meeting.seat() if side else nullcontext():
            return tuple(meeting(torch.ones(1, 1, side or 3, 2), 5, words=words)[0].shape)

    ends = together(
        lambda: call(4, None), lambda: call(4, None), lambda: call(8, None), lambda: call(4, torch.ones(1, 7))
    )
    assert ends == [(1, 1, 4, 2), (1, 1, 4, 2), (1, 1, 8, 2), (1, 1, 4, 2)]
    assert (1, 1, 8, 2) in shapes
    assert call(0, None) == (1, 1, 3, 2)  # who has no seat is answered at once

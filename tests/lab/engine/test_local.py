"""The local engine: what a job's events say, that stop stops, and that the lab goes on after any failure."""

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exercises.parameters import SCHEDULERS, SchedulerName
from lab.engine import local
from lab.engine.line import LineJob
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Event, Failed, Loading, Picture, Queued, Step
from tests.lab.engine.asking import JUST_AS_GOOD, asked, failure, last_event, likeness, made, photo

LONG = {"steps": 150, "width": 128, "height": 128}


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(engine: LocalEngine) -> None:
    first, again, other = (made(engine, asked(seed=seed)).image.tobytes() for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_film_is_kept_when_asked_for_and_changes_no_pixel(engine: LocalEngine) -> None:
    plain, filmed = made(engine, asked()), made(engine, asked(), film=4)
    assert plain.film == []
    assert [frame.size for frame in filmed.film] == [(64, 64)] * 4
    assert filmed.film[0].tobytes() != filmed.film[-1].tobytes()
    assert filmed.image.tobytes() == plain.image.tobytes()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_last_film_frame_is_the_picture(engine: LocalEngine, scheduler: SchedulerName) -> None:
    picture = made(engine, asked(scheduler=scheduler), film=3)
    frame, image = (np.asarray(each, dtype=int) for each in (picture.film[-1], picture.image))
    assert np.abs(frame - image).max() <= 1  # it rounds where the pipeline rounds otherwise


def test_events_tell_queue_loading_every_step_and_one_end(own_engine: LocalEngine) -> None:
    events = list(own_engine.submit(asked(steps=9), model="mini").events())
    assert [type(event) for event in events] == [Queued, Loading, *[Step] * 9, Done]
    steps = [event for event in events if isinstance(event, Step)]
    assert [(step.step, step.steps) for step in steps] == [(k, 9) for k in range(1, 10)]
    assert steps[-1].remaining == 0
    assert all(step.remaining > 0 for step in steps[:-1])
    assert [step.seconds for step in steps] == sorted(step.seconds for step in steps)


def test_a_loaded_model_is_not_loaded_again(engine: LocalEngine) -> None:
    made(engine, asked())
    events = list(engine.submit(asked(), model="mini").events())
    assert not any(isinstance(event, Loading) for event in events)


def test_previews_come_now_and_then(engine: LocalEngine) -> None:
    events = engine.submit(asked(steps=40), model="mini").events()
    previews = [event.preview for event in events if isinstance(event, Step) and event.preview]
    assert 5 <= len(previews) <= 8
    assert {preview.size for preview in previews} == {(256, 256)}


def test_anyone_may_read_the_events_again_later(engine: LocalEngine) -> None:
    job = engine.submit(asked(), model="mini")
    assert list(job.events()) == list(job.events())


def test_stop_takes_effect_within_one_step(engine: LocalEngine) -> None:
    made(engine, asked())
    job = engine.submit(asked(**LONG), model="mini")
    seen: list[Event] = []
    for event in job.events():
        seen.append(event)
        if isinstance(event, Step) and event.step == 3:
            threading.Thread(target=job.cancel).start()
    assert isinstance(seen[-1], Cancelled)
    reached = max(event.step for event in seen if isinstance(event, Step))
    assert reached < 30  # of 150: a step here takes a millisecond, starting the thread some


def test_no_step_is_begun_after_stop(
    engine: LocalEngine, held: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = engine.submit(asked(**LONG), model="mini")
    report = job.report

    def stop_at_five(event: Event) -> None:
        report(event)
        if isinstance(event, Step) and event.step == 5:
            job.cancel()

    monkeypatch.setattr(job, "report", stop_at_five)
    held.set()
    events = list(job.events())
    assert isinstance(events[-1], Cancelled)
    assert max(event.step for event in events if isinstance(event, Step)) == 5


def test_a_stopped_run_leaves_the_next_one_as_it_would_have_been(engine: LocalEngine) -> None:
    before = made(engine, asked(seed=3)).image.tobytes()
    job = engine.submit(asked(seed=3, **LONG), model="mini")
    for event in job.events():
        if isinstance(event, Step):
            job.cancel()
    assert made(engine, asked(seed=3)).image.tobytes() == before


@pytest.fixture
def held(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The engine draws one picture after the other, and waits for this event before each."""
    made(engine, asked())
    assert engine._loaded
    assert engine._loaded.meeting
    monkeypatch.setattr(engine._loaded.meeting, "most", 1)
    release = threading.Event()
    real = local.check_request

    def wait(*arguments: Any) -> None:
        release.wait(timeout=60)
        real(*arguments)

    monkeypatch.setattr(local, "check_request", wait)
    return release


def positions(events: list[Event]) -> list[int]:
    return [event.position for event in events if isinstance(event, Queued)]


def test_waiting_jobs_know_their_place_and_move_up(engine: LocalEngine, held: threading.Event) -> None:
    jobs = [engine.submit(asked(seed=seed), model="mini") for seed in range(4)]
    held.set()
    told = [positions(list(job.events())) for job in jobs]
    assert [places[-1] for places in told] == [1, 1, 1, 1]
    assert all(places == sorted(places, reverse=True) for places in told)
    assert told[3][0] >= 3


def test_who_waits_behind_a_job_that_is_stopped_is_told_so_at_once(
    engine: LocalEngine, held: threading.Event
) -> None:
    """Not only when the next job begins, which may be minutes later."""

    def is_told(job: LineJob, position: int) -> bool:
        return any(isinstance(event, Queued) and event.position == position for event in job.events())

    _, second, third = (engine.submit(asked(seed=seed), model="mini") for seed in range(3))
    in_vain = threading.Timer(20, held.set)  # instead of waiting for ever
    in_vain.start()
    assert is_told(third, 2)
    second.cancel()
    assert is_told(third, 1)
    assert not held.is_set()
    in_vain.cancel()
    held.set()


def test_a_waiting_job_that_is_stopped_ends_at_once_and_the_others_move_up(
    engine: LocalEngine, held: threading.Event
) -> None:
    running, second, third = (engine.submit(asked(seed=seed), model="mini") for seed in range(3))
    second.cancel()
    second.cancel()
    assert isinstance(list(second.events())[-1], Cancelled)  # while the worker is still held
    held.set()
    assert positions(list(third.events()))[-1] == 1
    assert isinstance(list(running.events())[-1], Done)
    assert isinstance(list(third.events())[-1], Done)


def test_two_who_submit_at_once_each_get_their_own_picture(engine: LocalEngine) -> None:
    alone = {seed: made(engine, asked(seed=seed)) for seed in range(6)}
    together: dict[int, Picture] = {}

    def work(seeds: range) -> None:
        for seed in seeds:
            together[seed] = made(engine, asked(seed=seed))

    threads = [threading.Thread(target=work, args=(seeds,)) for seeds in (range(3), range(3, 6))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(together) == sorted(alone)
    assert min(likeness(alone[seed], together[seed]) for seed in alone) >= JUST_AS_GOOD


IMAGE = {"mode": "img2img", "strength": 0.5}

BAD: dict[str, tuple[str, dict[str, Any], bytes | None, str]] = {
    "a scheduler nobody knows": ("unknown_scheduler", {"scheduler": "Heun"}, None, "mini"),
    "a scheduler the model cannot use": (
        "unsupported_scheduler",
        {"scheduler": "EulerA", "width": 1024, "height": 1024},
        None,
        "sd3-medium",
    ),
    "a mode the model does not do": ("unsupported_mode", {"scheduler": "Euler"}, None, "qwen-image-edit"),
    "a negative seed": ("bad_seed", {"seed": -1}, None, "mini"),
    "a seed a browser would corrupt": ("bad_seed", {"seed": 2**32}, None, "mini"),
    "no steps": ("bad_steps", {"steps": 0}, None, "mini"),
    "a size that is no multiple of eight": ("bad_size", {"width": 100}, None, "mini"),
    "a size too small": ("bad_size", {"height": 32}, None, "mini"),
    "a size too large": ("bad_size", {"width": 8192}, None, "mini"),
    "no source": ("no_source", IMAGE, None, "mini"),
    "a source that is no picture": ("bad_source", IMAGE, b"hello", "mini"),
    "an empty source": ("bad_source", IMAGE, b"", "mini"),
    "no strength": ("bad_strength", {"mode": "img2img"}, photo(), "mini"),
    "a strength above one": ("bad_strength", {"mode": "img2img", "strength": 1.5}, photo(), "mini"),
    "no step left": ("no_step_left", {"mode": "img2img", "strength": 0.1}, photo(), "mini"),
    "strength for an editing model": (
        "no_strength",
        {**IMAGE, "scheduler": "Euler", "width": 1024, "height": 1024},
        photo(),
        "qwen-image-edit",
    ),
    "a model nobody knows": ("unknown_model", {}, None, "dall-e-9"),
    "a model whose weights are not here": (
        "missing_weights",
        {"width": 512, "height": 512},
        None,
        "sd15",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_said_and_the_lab_goes_on(
    engine: LocalEngine, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    code, changes, source, model = BAD[name]
    failed = failure(engine, asked(**changes), source=source, model=model)
    assert failed.code == code
    texts = failed.text("en"), failed.text("fr")
    assert texts[0] != texts[1]
    assert all(len(text) > 20 and "{" not in text for text in texts)
    assert isinstance(last_event(engine, asked()), Done)


def test_an_empty_prompt_is_a_prompt(engine: LocalEngine) -> None:
    assert made(engine, asked(prompt="")).image.size == (64, 64)


def _cpu_allocator_gives_up() -> None:
    raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried ...")


def _gpu_gives_up() -> None:
    import torch

    raise torch.OutOfMemoryError("CUDA out of memory")


def _python_gives_up() -> None:
    raise MemoryError


@pytest.mark.parametrize("give_up", [_cpu_allocator_gives_up, _gpu_gives_up, _python_gives_up])
def test_the_lab_goes_on_after_memory_ran_out(
    own_engine: LocalEngine, give_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(own_engine, asked())
    with monkeypatch.context() as patched:
        patched.setattr(local, "make_picture", lambda *_, **__: give_up())
        assert failure(own_engine, asked()).code == "out_of_memory"
    events = list(own_engine.submit(asked(), model="mini").events())
    assert any(isinstance(event, Loading) for event in events)  # its memory had been given back
    assert isinstance(events[-1], Done)


def test_memory_that_runs_out_while_loading_is_said_too(
    own_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(local, "load_model", lambda _: _cpu_allocator_gives_up())
        assert failure(own_engine, asked()).code == "out_of_memory"
    assert isinstance(last_event(own_engine, asked()), Done)


def test_a_bug_is_logged_with_its_traceback_and_the_worker_survives(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(local, "make_picture", broken)
        failed = failure(engine, asked())
    assert failed == Failed("internal")
    assert "ZeroDivisionError: a bug" in caplog.text
    assert "ZeroDivisionError" not in failed.text("en")
    assert isinstance(last_event(engine, asked()), Done)


def test_missing_weights_of_the_bundled_model_are_said(
    own_engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tmp_path))
    assert failure(own_engine, asked()).code == "missing_bundled_weights"


def test_close_ends_what_runs_what_waits_and_the_worker(own_engine: LocalEngine) -> None:
    running = own_engine.submit(asked(**LONG), model="mini")
    for event in running.events():
        if isinstance(event, Step):
            break
    waiting = own_engine.submit(asked(), model="mini")
    own_engine.close()
    assert isinstance(list(running.events())[-1], Cancelled)
    assert isinstance(list(waiting.events())[-1], Cancelled)
    assert failure(own_engine, asked()).code == "closed"
    assert "engine" not in {thread.name for thread in threading.enumerate() if thread is own_engine._worker}


def test_what_an_instructor_shows_goes_first_and_not_all_at_once(
    engine: LocalEngine, held: threading.Event
) -> None:
    """`held`: one picture at a time; the student's that was begun is finished before the instructor's."""
    begun = engine.submit(asked(seed=1), model="mini", student="ada")
    while begun not in engine.running():
        time.sleep(0.01)
    waits = engine.submit(asked(seed=2), model="mini", student="ada")
    shown = [engine.submit(asked(seed=n), model="mini", student="prof", first=True) for n in (3, 4)]
    time.sleep(0.2)  # in which the engine would begin what it may
    assert engine.running() == [begun]
    assert engine.waiting() == [*shown, waits]
    held.set()
    assert all(isinstance(list(job.events())[-1], Done) for job in (begun, *shown, waits))

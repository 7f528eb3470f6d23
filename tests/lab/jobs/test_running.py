"""Runs go on by themselves, one task after the other; the first failure or a stop ends them."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from PIL import Image

from exercises.errors import UserError
from lab.engine.protocol import Cancelled, Event, Failed, Restarted, Step
from lab.jobs.generate import Generation, PictureSaved
from lab.jobs.running import Running, Runs, Task

SAVED = PictureSaved(record=cast("Any", None), picture=cast("Any", None))


class Scripted:
    """A generation that gives these events; it waits for `gate` before the first if there is one."""

    def __init__(self, *events: Event | PictureSaved, gate: threading.Event | None = None) -> None:
        self._events, self._gate, self.cancelled = events, gate, threading.Event()

    def events(self) -> Iterator[Event | PictureSaved]:
        if self._gate:
            self._gate.wait(10)
        yield from [Cancelled()] if self.cancelled.is_set() else self._events

    def cancel(self) -> None:
        self.cancelled.set()
        if self._gate:
            self._gate.set()


def task(*events: Event | PictureSaved, name: str = "run", gate: threading.Event | None = None) -> Task:
    return Task(name, lambda: cast("Generation", Scripted(*events, gate=gate)))


def done(running: Running) -> Running:
    for thread in threading.enumerate():
        if thread.name == f"run-{running.exercise_id}":
            thread.join(10)
    assert running.finished
    return running


KILLED = """
import sys, threading
from pathlib import Path
from lab.jobs.running import Runs, Task

class Endless:
    def events(self):
        print("under way\\n", end="", flush=True)  # one write, also where two threads tell it
        threading.Event().wait()
        yield

Runs(Path(sys.argv[1])).start("sweep", [Task("t2i_run03_steps50", Endless)])
threading.Event().wait()
"""


def test_after_a_kill_the_run_that_was_lost_is_told_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    assert Runs(tmp_path).of("sweep") == []  # its process is still there
    process.kill()
    process.wait()
    runs = Runs(tmp_path)
    (running,) = runs.of("sweep")
    assert running.finished
    assert isinstance(running.event, Failed)
    assert "t2i_run03_steps50" in running.event.text("en")
    assert "perdu" in running.event.text("fr")
    assert runs.under_way() == 0
    assert Runs(tmp_path).of("sweep") == []


def test_a_run_that_ended_leaves_no_note(tmp_path: Path) -> None:
    for end in (SAVED, Cancelled(), Failed("internal")):
        done(Runs(tmp_path).start("sweep", [task(end)]))
    assert list(tmp_path.iterdir()) == []
    assert Runs(tmp_path).of("sweep") == []


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"exercise": 1}', b"\xff", b'{"pid": 1e999}'])
def test_a_note_that_cannot_be_read_is_no_note(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "x.json").write_bytes(note)
    (tmp_path / "y.json").mkdir()
    assert Runs(tmp_path).of("sweep") == []


def test_runs_go_on_where_nothing_can_be_noted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert done(Runs(tmp_path / "file" / "running").start("sweep", [task(SAVED)])).event == SAVED


def test_tasks_are_done_one_after_the_other() -> None:
    order: list[str] = []

    def telling(name: str) -> Task:
        def start() -> Generation:
            order.append(name)
            return cast("Generation", Scripted(SAVED))

        return Task(name, start)

    running = done(Runs().start("sweep", [telling("first"), telling("second")]))
    assert order == ["first", "second"]
    assert running.stored == [SAVED, SAVED]
    assert running.event == SAVED


def at_once(*events: Event | PictureSaved, name: str, gate: threading.Event | None = None) -> Task:
    return replace(task(*events, name=name, gate=gate), together=True)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_may_be_done_together_is_and_each_is_kept_as_soon_as_it_is_done() -> None:
    gate = threading.Event()
    running = Runs().start("sweep", [at_once(SAVED, name="slow", gate=gate), at_once(SAVED, name="quick")])
    until(lambda: running.stored)
    assert [each.run_id for each in running.under_way] == ["slow"]
    gate.set()
    assert done(running).stored == [SAVED, SAVED]


def test_what_comes_after_waits_for_all_of_them() -> None:
    gate, after = threading.Event(), threading.Event()

    def start() -> Generation:
        after.set()
        return cast("Generation", Scripted(SAVED))

    tasks = [at_once(SAVED, name="a", gate=gate), at_once(SAVED, name="b"), Task("after", start)]
    running = Runs().start("sweep", tasks)
    until(lambda: running.stored)
    assert not after.is_set()
    gate.set()
    assert len(done(running).stored) == 3


def test_the_progress_of_what_is_done_together_is_that_of_all() -> None:
    gate = threading.Event()

    class Held:
        def __init__(self, step: Step) -> None:
            self.step = step

        def events(self) -> Iterator[object]:
            yield self.step
            gate.wait(10)
            yield SAVED

        def cancel(self) -> None:
            """Nobody stops it."""

    steps = [Step(3, 10, 1.0, 2.0), Step(5, 50, 1.0, 9.0)]
    tasks = [Task(str(step.steps), partial(Held, step), together=True) for step in steps]
    running = Runs().start("sweep", tasks)
    until(lambda: running.event == Step(8, 60, 1.0, 9.0))
    gate.set()
    assert done(running).event == SAVED


def test_which_run_began_again_because_what_drew_it_was_lost_is_known() -> None:
    step = Step(1, 10, 1.0, 2.0)
    tasks = [at_once(step, Restarted(), step, SAVED, name="a"), at_once(step, SAVED, name="b")]
    assert done(Runs().start("sweep", tasks)).restarted == {"a"}


def test_one_that_fails_lets_the_others_finish_and_is_told() -> None:
    gate = threading.Event()
    failed = Failed("out_of_memory")
    running = Runs().start(
        "sweep", [at_once(failed, name="a"), at_once(SAVED, name="b", gate=gate), task(SAVED)]
    )
    until(lambda: [each.run_id for each in running.under_way] == ["b"])
    gate.set()
    assert done(running).event == failed
    assert running.stored == [SAVED]


def test_stop_stops_all_of_them() -> None:
    gates = [threading.Event() for _ in range(3)]
    running = Runs().start("sweep", [at_once(SAVED, name=str(n), gate=gate) for n, gate in enumerate(gates)])
    until(lambda: len(running._jobs) == 3)
    running.stop()
    assert done(running).event == Cancelled()
    assert running.stored == []


def test_all_that_were_lost_at_once_are_told_in_one(tmp_path: Path) -> None:
    code = KILLED.replace(
        '[Task("t2i_run03_steps50", Endless)]',
        '[Task("first", Endless, together=True), Task("second", Endless, together=True)]',
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["under way\n"] * 2
    process.kill()
    process.wait()
    (running,) = Runs(tmp_path).of("sweep")
    assert isinstance(running.event, Failed)
    assert "first, second" in running.event.text("en")


@pytest.mark.parametrize("end", [Failed("internal"), Cancelled()])
def test_what_did_not_work_ends_them(end: Event) -> None:
    running = done(Runs().start("sweep", [task(SAVED), task(end), task(SAVED)]))
    assert running.event == end
    assert len(running.stored) == 1


def test_an_error_to_put_right_is_kept_for_the_page() -> None:
    error = UserError("no photo")

    def refuse() -> Generation:
        raise error

    assert done(Runs().start("img2img", [Task("run", refuse)])).event is error


def test_a_bug_is_a_failure_and_not_a_run_without_end() -> None:
    def break_down() -> Generation:
        raise ZeroDivisionError

    assert done(Runs().start("smoke", [Task("run", break_down)])).event == Failed("internal")


def test_stop_cancels_the_one_under_way_and_drops_the_rest() -> None:
    gate = threading.Event()
    running = Runs().start("sweep", [task(SAVED, gate=gate), task(SAVED)])
    while not running._jobs:
        pass
    before = running.changes
    running.stop()
    assert running.stopping
    assert running.changes > before, "a page that follows is told"
    assert done(running).event == Cancelled()
    assert running.stored == []


def test_stop_before_the_first_task_starts_nothing() -> None:
    started: list[str] = []

    def start() -> Generation:
        started.append("yes")
        return cast("Generation", Scripted(SAVED))

    running = Running("smoke", [Task("run", start)])
    running.stop()
    running.work()
    assert running.event == Cancelled()
    assert started == []


def test_what_was_saved_is_kept_before_the_page_hears_of_it() -> None:
    heard: list[int] = []
    running = Running("baseline", [])
    running.tasks = [
        Task(
            "run",
            lambda: cast("Generation", Scripted(SAVED)),
            keep=lambda _: heard.append(len(running.stored)),
        )
    ]
    running.work()
    assert heard == [0]


def test_the_latest_preview_stays_until_the_next_one() -> None:
    preview = Image.new("RGB", (8, 8))
    running = Running("smoke", [task(Step(1, 3, 0.1, 0.2, preview), Step(2, 3, 0.2, 0.1), SAVED)])
    running.work()
    assert running.preview is preview


def test_a_finished_run_stays_until_the_next_of_its_exercise() -> None:
    runs = Runs()
    first = done(runs.start("smoke", [task(SAVED)]))
    other = done(runs.start("sweep", [task(SAVED)]))
    assert runs.of("smoke") == [first]
    assert runs.find(first.id) is first
    second = done(runs.start("smoke", [task(SAVED)]))
    assert runs.of("smoke") == [second]
    assert runs.of("sweep") == [other]
    assert runs.find(first.id) is None


def test_two_of_one_exercise_are_both_kept_while_they_go_on() -> None:
    runs, gate = Runs(), threading.Event()
    both = [runs.start("smoke", [task(SAVED, gate=gate)]) for _ in range(2)]
    assert runs.of("smoke") == both
    gate.set()
    assert all(done(running).event == SAVED for running in both)

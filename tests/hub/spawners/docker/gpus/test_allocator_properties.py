"""Property tests of the allocator: random starts, waits, cancels, stops, crashes and restarts of a hub."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.spawners.docker.gpus.allocator import Allocator, Lease
from hub.spawners.docker.gpus.devices import Device

STUDENTS = [f"student{number}/" for number in range(6)]


class AllocatorMachine(RuleBasedStateMachine):
    """Compares the allocator with a model: who runs on which device, and who waits in which order."""

    @initialize(devices=st.integers(1, 2), share=st.integers(1, 2))
    def start(self, devices: int, share: int) -> None:
        self.folder = TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.clock = datetime(2026, 1, 5, 8, tzinfo=UTC)
        self.devices = [Device(str(number), f"GPU {number}") for number in range(devices)]
        self.share = share
        self.running: dict[str, str] = {}
        self.waiting: dict[str, asyncio.Task[Lease]] = {}  # in order of arrival
        self.open()

    def open(self) -> None:
        file = Path(self.folder.name) / "gpus.json"
        self.allocator = Allocator(file, self.devices, self.share, now=lambda: self.clock)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            for task in self.waiting.values():
                task.cancel()
            self.settle()
            self.loop.close()
            self.folder.cleanup()

    def settle(self) -> None:
        """Let every task run as far as it can. Students whose lease was granted are running now."""
        for _ in range(4):
            self.loop.run_until_complete(asyncio.sleep(0))
        for student, task in list(self.waiting.items()):
            if task.done() and not task.cancelled():
                assert student == next(iter(self.waiting)), "who came first is served first"
                self.running[student] = task.result().device
                del self.waiting[student]

    @property
    def idle(self) -> list[str]:
        return [name for name in STUDENTS if name not in self.running and name not in self.waiting]

    @precondition(lambda self: self.idle)
    @rule(data=st.data())
    def spawn_and_wait(self, data: st.DataObject) -> None:
        student = data.draw(st.sampled_from(self.idle))
        self.waiting[student] = self.loop.create_task(self.allocator.acquire(student))
        self.settle()

    @rule()
    def the_lesson_begins(self) -> None:
        """All other students start at once."""
        for student in self.idle:
            self.waiting[student] = self.loop.create_task(self.allocator.acquire(student))
        self.settle()

    @precondition(lambda self: self.idle)
    @rule(data=st.data())
    def spawn_or_take_the_processor(self, data: st.DataObject) -> None:
        student = data.draw(st.sampled_from(self.idle))
        lease = self.allocator.try_acquire(student)
        assert (lease is None) == (len(self.running) == len(self.devices) * self.share)
        if lease:
            self.running[student] = lease.device

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        student = data.draw(st.sampled_from(list(self.running)))
        del self.running[student]
        self.allocator.release(student)
        self.settle()

    @precondition(lambda self: self.idle)
    @rule(data=st.data())
    def release_nothing(self, data: st.DataObject) -> None:
        """A start failed before it had a lease."""
        self.allocator.release(data.draw(st.sampled_from(self.idle)))
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        student = data.draw(st.sampled_from(list(self.waiting)))
        self.waiting.pop(student).cancel()
        self.settle()

    @precondition(lambda self: self.waiting and self.running)
    @rule(data=st.data(), cancel_first=st.booleans())
    def stop_and_cancel_in_one_step(self, data: st.DataObject, cancel_first: bool) -> None:
        """A waiter may be cancelled in the very step in which its lease is granted."""
        stopping = data.draw(st.sampled_from(list(self.running)))
        leaving = data.draw(st.sampled_from(list(self.waiting)))
        task = self.waiting.pop(leaving)
        if cancel_first:
            task.cancel()
        del self.running[stopping]
        self.allocator.release(stopping)
        if not cancel_first:
            task.cancel()
        self.settle()
        assert task.cancelled()

    @rule(data=st.data())
    def hub_restarts(self, data: st.DataObject) -> None:
        """Waits end with the hub. Some containers may have died meanwhile; the others keep running."""
        for task in self.waiting.values():
            task.cancel()
        self.waiting.clear()
        self.settle()
        died = data.draw(st.sets(st.sampled_from(list(self.running)))) if self.running else set()
        self.running = {name: device for name, device in self.running.items() if name not in died}
        self.open()
        self.allocator.reconcile(self.running)

    @rule(minutes=st.integers(0, 90))
    def time_passes(self, minutes: int) -> None:
        self.clock += timedelta(minutes=minutes)

    @invariant()
    def the_rules_hold(self) -> None:
        if not hasattr(self, "allocator"):
            return
        held = {lease.holder: lease.device for lease in self.allocator.leases}
        assert held == self.running, "every lease is somebody's, and everybody has theirs"
        assert all(count <= self.share for count in Counter(held.values()).values())
        assert sum(self.allocator.free_places().values()) == len(self.devices) * self.share - len(held)
        assert [waiter.holder for waiter in self.allocator.queue] == list(self.waiting)
        if self.waiting:
            assert not any(self.allocator.free_places().values()), "nobody waits while a place is free"
        for place in range(1, len(self.waiting) + 1):
            seconds = self.allocator.estimate(place)
            assert seconds is None or seconds >= 0


TestAllocator = AllocatorMachine.TestCase
TestAllocator.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

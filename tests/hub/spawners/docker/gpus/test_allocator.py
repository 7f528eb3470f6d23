"""Tests of the allocator's state on disk, its queue and its estimates."""

import asyncio
import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.spawners.docker.gpus.allocator import HISTORY, Allocator
from hub.spawners.docker.gpus.devices import Device
from hub.spawners.docker.gpus.estimate import waiting_seconds

TWO = [Device("0", "GPU 0"), Device("1", "GPU 1")]


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 5, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gpus.json"


def test_leases_are_known_after_the_hub_was_killed(file: Path):
    before = Allocator(file, TWO)
    lease = before.try_acquire("ana/")
    assert lease is not None
    after = Allocator(file, TWO)
    after.reconcile({"ana/": lease.device})
    assert after.lease_of("ana/") == lease
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_runs_without_a_known_lease_gets_one_and_who_died_loses_it(file: Path):
    before = Allocator(file, TWO)
    before.try_acquire("died/")
    after = Allocator(file, TWO)
    after.reconcile({"found/": "1"})
    assert {lease.holder: lease.device for lease in after.leases} == {"found/": "1"}
    assert after.free_places() == {"0": 1, "1": 0}


def test_a_lab_found_on_another_device_after_a_restart_holds_that_one(file: Path):
    clock = Clock()
    before = Allocator(file, TWO, now=clock)
    lease = before.try_acquire("ana/")
    assert lease is not None
    other = next(device.id for device in TWO if device.id != lease.device)
    clock.time += timedelta(hours=1)
    after = Allocator(file, TWO, now=clock)
    after.reconcile({"ana/": other})
    [found] = after.leases
    assert (found.holder, found.device, found.since) == ("ana/", other, clock.time)
    assert after.free_places() == {lease.device: 1, other: 0}
    assert Allocator(file, TWO).leases == (found,)


def test_of_the_leases_that_ended_the_newest_are_remembered(file: Path):
    clock = Clock()
    allocator = Allocator(file, TWO, now=clock)
    for minutes in range(HISTORY + 3):
        allocator.try_acquire("ana/")
        clock.time += timedelta(minutes=minutes)
        allocator.release("ana/")
    durations = json.loads(file.read_bytes())["durations"]
    assert durations == [60.0 * minutes for minutes in range(3, HISTORY + 3)]
    assert HISTORY == 200
    assert Allocator(file, TWO).leases == ()  # and what was written is read again
    assert file.exists()


def test_a_device_that_is_lent_no_longer_stays_with_its_holder_and_goes_to_nobody_else(file: Path):
    allocator = Allocator(file, TWO[:1])
    allocator.reconcile({"old/": "1"})
    assert allocator.try_acquire("ana/") is not None
    assert allocator.try_acquire("bob/") is None
    allocator.release("old/")
    assert allocator.try_acquire("bob/") is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"leases": [{"holder": 1}]}', b"\xff\xfe", b"[]"])
def test_a_file_that_cannot_be_read_is_set_aside(file: Path, content: bytes):
    file.write_bytes(content)
    allocator = Allocator(file, TWO)
    assert allocator.leases == ()
    assert file.with_suffix(".unreadable").read_bytes() == content
    assert allocator.try_acquire("ana/") is not None


def test_labs_are_spread_over_the_cards_before_they_share_one(file: Path):
    allocator = Allocator(file, TWO, share=2)
    devices = [lease.device for name in "abcd" if (lease := allocator.try_acquire(f"{name}/"))]
    assert sorted(devices[:2]) == sorted(devices[2:]) == ["0", "1"]
    assert allocator.try_acquire("e/") is None


def test_a_second_start_of_the_same_server_keeps_its_lease(file: Path):
    allocator = Allocator(file, TWO)
    assert allocator.try_acquire("ana/") == allocator.try_acquire("ana/")
    assert len(allocator.leases) == 1


def test_a_lease_that_cannot_be_written_down_is_not_granted(file: Path, monkeypatch: pytest.MonkeyPatch):
    allocator = Allocator(file, TWO[:1])

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("hub.spawners.docker.gpus.allocator.write_atomic", full)
    with pytest.raises(OSError, match="no space"):
        allocator.try_acquire("ana/")
    assert allocator.leases == ()


def test_nobody_waits_where_there_is_nothing_to_wait_for(file: Path):
    with pytest.raises(ValueError, match="ana/"):
        asyncio.run(Allocator(file, []).acquire("ana/"))


def test_the_estimate_comes_from_how_long_leases_lasted(file: Path):
    clock = Clock()
    allocator = Allocator(file, TWO[:1], now=clock)
    assert allocator.estimate(1) is None
    for _ in range(3):
        allocator.try_acquire("ana/")
        clock.time += timedelta(minutes=30)
        allocator.release("ana/")
    allocator.try_acquire("ana/")
    clock.time += timedelta(minutes=10)
    assert allocator.estimate(1) == 20 * 60
    assert allocator.estimate(2) == 50 * 60


@pytest.mark.parametrize(
    ("position", "ages", "durations", "expected"),
    [
        (1, [0], [60, 60], None),  # too few leases have ended
        (1, [], [60, 60, 60], None),  # there is no lease
        (1, [0, 50], [60, 60, 60], 10),
        (2, [0, 50], [60, 60, 60], 60),
        (3, [0, 50], [60, 60, 60], 70),
        (1, [100], [60, 60, 60], 60),  # older than all earlier leases
        (1, [50], [10, 60, 80, 100], 30),  # leases of this age went on for 10, 30 and 50
    ],
)
def test_waiting_seconds(position: int, ages: list[float], durations: list[float], expected: float | None):
    assert waiting_seconds(position, ages, durations) == expected


def test_a_configuration_that_is_copied_keeps_the_one_owner(file: Path):
    allocator = Allocator(file, TWO)
    assert copy.deepcopy({"allocator": allocator})["allocator"] is allocator


def test_who_came_first_is_served_first_and_who_left_is_not_served(file: Path):
    async def lives() -> list[str]:
        allocator = Allocator(file, TWO[:1])
        allocator.try_acquire("first/")
        served: list[str] = []

        async def wait(name: str) -> None:
            await allocator.acquire(name)
            served.append(name)

        tasks = {name: asyncio.create_task(wait(name)) for name in ("a/", "b/", "c/", "d/")}
        await asyncio.sleep(0)
        assert [allocator.position(name) for name in tasks] == [1, 2, 3, 4]
        tasks["b/"].cancel()
        await asyncio.sleep(0)
        for name in ("first/", "a/", "c/", "d/"):
            allocator.release(name)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return served

    assert asyncio.run(lives()) == ["a/", "c/", "d/"]

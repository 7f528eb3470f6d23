"""Who holds which GPU: leases, and a queue for those who wait. The hub's process is the only owner.

A device is leased to at most `share` labs at once. The queue is served in order of arrival. While
anyone waits, nothing is free: a place that is released goes to the head of the queue in the same step.
Each change is written to disk before it takes effect, so a hub that was killed knows at its next start
who held what. The containers that really run then decide (`reconcile`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.spawners.docker.gpus.devices import Device
from hub.spawners.docker.gpus.estimate import waiting_seconds
from manifests.atomic import write_atomic

HISTORY = 200  # how many durations of ended leases are kept for estimates
MAX_STATE_BYTES = 1_000_000

log = logging.getLogger(__name__)


class Lease(BaseModel):
    """One place on a device. `holder` is a server's name, `<user>/<server>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: str
    device: str
    since: AwareDatetime


class _State(BaseModel):
    """The content of `gpus.json` in the hub's state folder."""

    model_config = ConfigDict(extra="forbid")

    leases: list[Lease] = []
    durations: Annotated[list[Annotated[float, Field(ge=0)]], Field(max_length=HISTORY)] = []  # seconds


class Waiter:
    """One entry of the queue. `granted` is done as soon as the waiter has a lease."""

    def __init__(self, holder: str, since: datetime) -> None:
        self.holder = holder
        self.since = since
        self.granted: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()


class Allocator:
    """The devices, their leases and the queue. All methods must be called in one event loop's thread."""

    def __init__(
        self,
        file: Path,
        devices: Sequence[Device],
        share: int = 1,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.devices = tuple(devices)
        self.share = share
        self._file = file
        self._now = now
        self._state = _load(file)
        self._queue: list[Waiter] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the allocator itself. traitlets copies configured values, but leases have one owner."""
        return self

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All leases, the oldest first."""
        return tuple(sorted(self._state.leases, key=lambda lease: lease.since))

    @property
    def queue(self) -> tuple[Waiter, ...]:
        """All waiters, in the order in which they will be served."""
        return tuple(waiter for waiter in self._queue if not waiter.granted.done())

    def free_places(self) -> dict[str, int]:
        """Return the number of free places of each device."""
        held = [lease.device for lease in self._state.leases]
        return {device.id: max(0, self.share - held.count(device.id)) for device in self.devices}

    def lease_of(self, holder: str) -> Lease | None:
        return next((lease for lease in self._state.leases if lease.holder == holder), None)

    def position(self, holder: str) -> int | None:
        """Return the holder's place in the queue, from 1, or None if the holder does not wait."""
        return next((place for place, waiter in enumerate(self.queue, 1) if waiter.holder == holder), None)

    def estimate(self, position: int) -> float | None:
        """Return the seconds until that place in the queue is served, or None if too little is known."""
        now = self._now()
        ages = [max(0.0, (now - lease.since).total_seconds()) for lease in self._state.leases]
        return waiting_seconds(position, ages, self._state.durations)

    def try_acquire(self, holder: str) -> Lease | None:
        """Lease a place at once, on the device with the most free places, or return None.

        A holder that already has a lease keeps it.
        """
        if lease := self.lease_of(holder):
            return lease
        free = self.free_places()
        device = max(free, key=lambda name: free[name], default=None)
        if device is None or not free[device]:
            return None
        lease = Lease(holder=holder, device=device, since=self._now())
        self._save([*self._state.leases, lease])
        return lease

    async def acquire(self, holder: str) -> Lease:
        """Lease a place after all who came before. A caller that is cancelled leaves the queue.

        Raises ValueError if the holder waits already, or if there is no device to wait for.
        """
        if not self.devices or self.position(holder) is not None:
            raise ValueError(f"{holder} cannot wait")
        if lease := self.try_acquire(holder):
            return lease
        waiter = Waiter(holder, self._now())
        self._queue.append(waiter)
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._queue:
                self._queue.remove(waiter)
            if not waiter.granted.cancelled():
                self.release(holder)  # the lease was granted in the step in which the wait was cancelled
            raise

    def release(self, holder: str) -> None:
        """End the holder's lease, if there is one, and serve the queue."""
        lease = self.lease_of(holder)
        if lease is None:
            return
        seconds = max(0.0, (self._now() - lease.since).total_seconds())
        durations = [*self._state.durations, seconds][-HISTORY:]
        self._save([other for other in self._state.leases if other is not lease], durations)
        self._serve_queue()

    def reconcile(self, running: Mapping[str, str]) -> None:
        """Keep exactly the leases of running labs, given as device by holder from the containers' labels."""
        known = {lease.holder: lease for lease in self._state.leases}
        leases = []
        for holder, device in running.items():
            lease = known.get(holder)
            if lease is None or lease.device != device:
                lease = Lease(holder=holder, device=device, since=self._now())
            leases.append(lease)
        if set(known) != set(running):
            log.warning("GPU leases after the restart: %s", ", ".join(sorted(running)) or "none")
        self._save(leases)
        self._serve_queue()

    def _serve_queue(self) -> None:
        for waiter in self.queue:
            lease = self.try_acquire(waiter.holder)
            if lease is None:
                return
            self._queue.remove(waiter)
            waiter.granted.set_result(lease)

    def _save(self, leases: list[Lease], durations: list[float] | None = None) -> None:
        state = _State(leases=leases, durations=self._state.durations if durations is None else durations)
        write_atomic(self._file, state.model_dump_json().encode(), mode=0o600)
        self._state = state


def _load(file: Path) -> _State:
    """Read the state. An unreadable file is moved aside, because the containers know the leases anyway."""
    try:
        with file.open("rb") as stream:
            return _State.model_validate_json(stream.read(MAX_STATE_BYTES))
    except FileNotFoundError:
        return _State()
    except ValidationError:
        aside = file.with_suffix(".unreadable")
        file.replace(aside)
        log.warning("%s was not readable; it is now %s", file, aside.name)
        return _State()

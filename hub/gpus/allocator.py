"""Who holds which GPU: leases, and a line for those who wait. One owner, the hub's process.

A device is lent to at most `share` labs at once. Whoever waits is served in the order they came, and
while anyone waits nothing is free: a place given back goes to the first of the line in the same step.
Each change is on disk before it counts, so that a hub that is killed knows at its next start who held
what; the containers that really run then decide (`reconcile`).
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.gpus.devices import Device
from hub.gpus.estimate import waiting_seconds
from manifests.atomic import write_atomic

HISTORY = 200  # lease durations that are remembered, for estimates
MOST_BYTES = 1_000_000  # of the state's file

log = logging.getLogger(__name__)


class Lease(BaseModel):
    """One place on a device. `holder` is a server's name, `<user>/<server>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holder: str
    device: str
    since: AwareDatetime


class _State(BaseModel):
    """What is on disk: `gpus.json` in the hub's state folder."""

    model_config = ConfigDict(extra="forbid")

    leases: list[Lease] = []
    durations: Annotated[list[Annotated[float, Field(ge=0)]], Field(max_length=HISTORY)] = []  # seconds


class Waiter:
    """Someone in the line; `granted` is done once they hold a lease."""

    def __init__(self, holder: str, since: datetime) -> None:
        self.holder = holder
        self.since = since
        self.granted: asyncio.Future[Lease] = asyncio.get_running_loop().create_future()


class Allocator:
    """The devices, their leases and the line. All methods belong to one event loop's thread."""

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
        self._line: list[Waiter] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Itself: traitlets copies what stands in a configuration, and there is one owner of the leases."""
        return self

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All leases, the oldest first."""
        return tuple(sorted(self._state.leases, key=lambda lease: lease.since))

    @property
    def line(self) -> tuple[Waiter, ...]:
        """Those who wait, the first to be served first."""
        return tuple(waiter for waiter in self._line if not waiter.granted.done())

    def free(self) -> dict[str, int]:
        """Free places by device."""
        held = [lease.device for lease in self._state.leases]
        return {device.id: max(0, self.share - held.count(device.id)) for device in self.devices}

    def held_by(self, holder: str) -> Lease | None:
        return next((lease for lease in self._state.leases if lease.holder == holder), None)

    def position(self, holder: str) -> int | None:
        """The place in the line, from 1; None for who does not wait."""
        return next((place for place, waiter in enumerate(self.line, 1) if waiter.holder == holder), None)

    def estimate(self, position: int) -> float | None:
        """Seconds until the one at that place of the line is served; None while too little is known."""
        now = self._now()
        ages = [max(0.0, (now - lease.since).total_seconds()) for lease in self._state.leases]
        return waiting_seconds(position, ages, self._state.durations)

    def try_lease(self, holder: str) -> Lease | None:
        """A place at once, on the device with most of them free, or None. Who holds one keeps it."""
        if held := self.held_by(holder):
            return held
        free = self.free()
        device = max(free, key=lambda name: free[name], default=None)
        if device is None or not free[device]:
            return None
        lease = Lease(holder=holder, device=device, since=self._now())
        self._save([*self._state.leases, lease])
        return lease

    async def lease(self, holder: str) -> Lease:
        """A place, after all who came before. Whoever is cancelled leaves the line and holds nothing.

        Raises ValueError for who waits already, or where there is no device to wait for.
        """
        if not self.devices or self.position(holder) is not None:
            raise ValueError(f"{holder} cannot wait")
        if lease := self.try_lease(holder):
            return lease
        waiter = Waiter(holder, self._now())
        self._line.append(waiter)
        try:
            return await waiter.granted
        except asyncio.CancelledError:
            if waiter in self._line:
                self._line.remove(waiter)
            if not waiter.granted.cancelled():
                self.give_back(holder)  # granted and cancelled in the same step
            raise

    def give_back(self, holder: str) -> None:
        """End the holder's lease, if there is one, and serve the first of the line."""
        lease = self.held_by(holder)
        if lease is None:
            return
        seconds = max(0.0, (self._now() - lease.since).total_seconds())
        durations = [*self._state.durations, seconds][-HISTORY:]
        self._save([other for other in self._state.leases if other is not lease], durations)
        self._serve()

    def reconcile(self, running: Mapping[str, str]) -> None:
        """Hold exactly the leases of what runs: device by holder, as the containers' labels say."""
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
        self._serve()

    def _serve(self) -> None:
        for waiter in self.line:
            lease = self.try_lease(waiter.holder)
            if lease is None:
                return
            self._line.remove(waiter)
            waiter.granted.set_result(lease)

    def _save(self, leases: list[Lease], durations: list[float] | None = None) -> None:
        state = _State(leases=leases, durations=self._state.durations if durations is None else durations)
        write_atomic(self._file, state.model_dump_json().encode(), mode=0o600)
        self._state = state


def _load(file: Path) -> _State:
    """What was on disk; a file that cannot be read is set aside, as the containers know better anyway."""
    try:
        with file.open("rb") as stream:
            return _State.model_validate_json(stream.read(MOST_BYTES))
    except FileNotFoundError:
        return _State()
    except ValidationError:
        aside = file.with_suffix(".unreadable")
        file.replace(aside)
        log.warning("%s was not readable; it is now %s", file, aside.name)
        return _State()

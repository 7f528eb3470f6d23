"""Jobs that another server draws: what is asked and heard of each happens in a thread of this process.

Rule: whoever asks never waits, and a stopped job has ended here at once, whatever the server still does.
"""

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.engine.events import EventLog
from lab.engine.protocol import Cancelled, Failed

log = logging.getLogger(__name__)


class FollowedJob(EventLog):
    """A request that another server draws. `stop` is set once nobody waits for it any more."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.id = key
        self.stop = threading.Event()

    def cancel(self) -> None:
        """Stop at once here, and at the server as soon as it can; from any thread, any number of times."""
        self.stop.set()
        self.report(Cancelled())


J = TypeVar("J", bound=FollowedJob)


class UnderWay(Generic[J]):
    """The jobs of an engine whose server may be asked for many at once. `name`: of their threads."""

    def __init__(self, name: str, follow: Callable[[J], None]) -> None:
        self._name, self._follow = name, follow
        self._lock = threading.Lock()
        self._jobs: list[J] = []
        self._closed = False

    def begin(self, job: J) -> J:
        """Follow the job in a thread of its own; it fails where the engine is closed."""
        with self._lock:
            if self._closed:
                job.report(Failed("closed"))
                return job
            self._jobs = [each for each in self._jobs if not each.ended] + [job]
        name = f"{self._name}-{job.id[:8]}"
        threading.Thread(target=self._run, args=(job,), name=name, daemon=True).start()
        return job

    def _run(self, job: J) -> None:
        """All of a job: whatever happens, it ends."""
        try:
            self._follow(job)
        except Exception:
            log.exception("The job %s failed", job.id)
            job.report(Failed("internal"))

    def close(self) -> None:
        """Cancel what is under way; nothing more is begun."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs)
        for job in jobs:
            job.cancel()

"""Tells the Hub that somebody works here, so that its culler stops the labs nobody uses, and only those.

Work is what a person does in a page, and every generation that is under way. A page that is merely
open is none. A thread of its own tells, so that neither the pages nor the engine ever wait for it.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2

from lab.web.singleuser.settings import HubServerSettings

PATIENCE = 10  # seconds for the Hub's answer
MAX_WAIT = 300  # seconds between attempts while the Hub does not answer

log = logging.getLogger(__name__)


class Activity:
    """`last_at_work()` says when a generation was last under way, in seconds since the epoch."""

    def __init__(self, settings: HubServerSettings, last_at_work: Callable[[], float | None]) -> None:
        self._settings = settings
        self._last_at_work = last_at_work
        self._interaction = time.time()  # the person who started the lab
        self._told = 0.0
        self._closed = threading.Event()

    def interaction(self) -> None:
        """A person did something just now."""
        self._interaction = time.time()

    def start(self) -> None:
        """Tell from now on, in a thread of its own."""
        if self._settings.activity_url:
            threading.Thread(target=self._keep_telling, name="activity", daemon=True).start()

    def close(self) -> None:
        self._closed.set()

    def _keep_telling(self) -> None:
        """The first time at once: what started may have stood in a queue for longer than the culler waits."""
        failures, closed = 0, False
        while not closed:
            try:
                self.tell()
            except httpx2.HTTPError as error:
                failures += 1
                if failures == 1:  # the next ones would say the same
                    log.warning("The hub could not be told of activity: %s", error)
            else:
                failures = 0
            closed = self._closed.wait(self._pause(failures))

    def _pause(self, failures: int) -> float:
        """Seconds until the next report: not at the same moment as all other labs, and less often in vain."""
        pause = self._settings.activity_interval
        if failures:
            pause = min(pause * 2**failures, max(pause, MAX_WAIT))
        return pause * random.uniform(0.9, 1.1)  # noqa: S311  (no secret)

    def tell(self) -> bool:
        """Tell the Hub of work since it was last told; whether there was any. Raises httpx2.HTTPError."""
        latest = max(self._interaction, self._last_at_work() or 0)
        if latest <= self._told:
            return False
        stamp = datetime.fromtimestamp(latest, UTC).isoformat()
        httpx2.post(
            self._settings.activity_url,
            json={"servers": {self._settings.server_name: {"last_activity": stamp}}, "last_activity": stamp},
            headers={"Authorization": f"token {self._settings.api_token.get_secret_value()}"},
            timeout=PATIENCE,
            trust_env=False,  # no proxy of the environment's stands between a lab and its hub
        ).raise_for_status()
        self._told = latest
        return True

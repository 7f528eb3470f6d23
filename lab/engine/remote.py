"""The engine of a class: a gateway draws, this process only asks and listens; it loads no torch.

Rule: a job has a key that the lab made, and is asked for under it until it has ended. So when the gateway is
away for a while the lab says so and asks again: what goes on is found again, what was finished is there
still, and what the gateway lost is drawn anew. It is given up after GIVE_UP seconds without an answer.
"""

import logging
import time
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import uuid4

from pydantic import SecretStr

from lab.engine.followed import FollowedJob, UnderWay
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import LAST_EVENTS, Event, Failed, Unreachable
from lab.engine.wire import PATH, Asked, as_event, packed_source
from manifests.errors import PictureError
from manifests.manifest import Request

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

GIVE_UP = 300.0  # seconds
AGAIN = (0.5, 1.0, 2.0, 4.0, 5.0)  # seconds between two tries; the last one for all further tries
CONNECT = 5.0  # seconds
SILENCE = 60.0  # seconds without a line, after which the connection is taken for dead
LONGEST = 256 * 2**20  # bytes of one line: a picture and its film
REFUSED = {401: "gateway_unknown", 403: "gateway_unknown", 413: "gateway_too_large", 429: "gateway_busy"}


class RemoteJob(FollowedJob):
    """A request that the gateway draws."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.key)
        self.asked = asked
        self.heard = time.monotonic()  # when there was last a sign of life


class RemoteEngine:
    """A gateway behind the engine's protocol. `url` as in `http://gateway:7880`; `token` is the student's."""

    def __init__(self, url: str, token: SecretStr, give_up: float = GIVE_UP) -> None:
        self._url, self._token, self._give_up = url.rstrip("/"), token, give_up
        self._under_way = UnderWay("remote", self._follow)

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> RemoteJob:
        """Ask the gateway. A bad request fails as a job; nothing is raised."""
        asked = Asked(
            key=uuid4().hex,
            model=model,
            request=request,
            film=film,
            background=background,
            source=packed_source(inputs.source),
            mask=packed_source(inputs.mask),
        )
        job = RemoteJob(asked)
        if request.adapters:
            job.report(Failed("adapter_elsewhere"))
            return job
        return self._under_way.begin(job)

    def close(self) -> None:
        """Cancel what is under way."""
        self._under_way.close()

    def _follow(self, job: RemoteJob) -> None:
        """Ask and listen until the job has ended, here or there."""
        try:
            self._listen_again_and_again(job)
        finally:
            self._forget(job)

    def _listen_again_and_again(self, job: RemoteJob) -> None:
        import httpx2

        tries = 0
        while not job.ended:
            try:
                for event in self._listen(job):
                    tries = 0
                    job.report(event)
            except httpx2.HTTPError as error:
                log.warning("The gateway does not answer: %s", type(error).__name__)
            if job.ended:
                return
            if time.monotonic() - job.heard > self._give_up:
                job.report(Failed("gateway_gone"))
                return
            job.report(Unreachable())
            job.stop.wait(AGAIN[min(tries, len(AGAIN) - 1)])
            tries += 1

    def _listen(self, job: RemoteJob) -> Iterator[Event]:
        """The events of one connection; it may break off at any time. Raises httpx2.HTTPError."""
        with self._client.stream("POST", PATH, json=job.asked.sent()) as answer:
            if answer.status_code in REFUSED:
                yield Failed(REFUSED[answer.status_code])
                return
            if answer.status_code >= 500:
                return
            if answer.status_code != 200:
                yield Failed("gateway_refused", {"status": answer.status_code})
                return
            for line in _lines(answer):
                job.heard = time.monotonic()
                if job.stop.is_set():
                    return
                if not line:  # only a sign of life
                    continue
                try:
                    event = as_event(line)
                except (ValueError, PictureError):
                    log.exception("The gateway's answer cannot be read")
                    event = Failed("gateway_refused", {"status": 200})
                yield event
                if isinstance(event, LAST_EVENTS):
                    return

    def _forget(self, job: RemoteJob) -> None:
        """Tell the gateway that the job has ended here: it stops what goes on and keeps nothing of it."""
        import httpx2

        try:
            self._client.delete(f"{PATH}/{job.id}")
        except httpx2.HTTPError:
            log.info("The gateway could not be told that %s has ended", job.id)

    @cached_property
    def _client(self) -> "httpx2.Client":
        """One for all jobs: to make one takes a tenth of a second of computing."""
        import httpx2

        return httpx2.Client(
            base_url=self._url,
            headers={"Authorization": f"Bearer {self._token.get_secret_value()}"},
            timeout=httpx2.Timeout(SILENCE, connect=CONNECT),
            limits=httpx2.Limits(max_connections=None),  # each job listens on one of its own
            follow_redirects=False,
            trust_env=False,  # the gateway is on our own network: no proxy of the environment lies before it
        )


def _lines(answer: "httpx2.Response") -> Iterator[bytes]:
    """The lines as they come, without their ends."""
    kept = b""
    for chunk in answer.iter_bytes():
        kept += chunk
        *lines, kept = kept.split(b"\n")
        yield from lines
        if len(kept) > LONGEST:
            raise ValueError("a line of the gateway's is too long")

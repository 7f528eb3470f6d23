"""An engine of this process whose pictures a gateway witnesses: it signs that it saw them, and when.

For labs with a GPU of their own below a gateway that draws for none. A gateway that does not answer costs no
picture: it is kept without a receipt, and whoever grades sees that.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import SecretStr

from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import Done, Engine, Event, Job
from manifests.manifest import Request
from manifests.png import pixels_sha256
from manifests.receipts import Envelope, request_digest

log = logging.getLogger(__name__)

PATH = "/v1/receipts"
SECONDS = 10.0  # for the gateway's answer


@dataclass
class _WitnessedJob:
    id: str
    engine: "WitnessedEngine"
    job: Job

    def events(self) -> Iterator[Event]:
        """The job's events; its picture comes with its receipt."""
        for event in self.job.events():
            if isinstance(event, Done):
                drawn = event.picture.drawn
                receipt = self.engine.witness(event)
                yield Done(replace(event.picture, drawn=replace(drawn, receipt=receipt)))
            else:
                yield event

    def cancel(self) -> None:
        """As the job's."""
        self.job.cancel()


@dataclass(frozen=True)
class WitnessedEngine:
    """`inner` draws; the gateway at `url` signs what it is shown; `token` says whose lab this is."""

    inner: Engine
    url: str
    token: SecretStr

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> Job:
        """As the engine's."""
        job = self.inner.submit(request, model=model, inputs=inputs, film=film, background=background)
        return _WitnessedJob(job.id, self, job)

    def close(self) -> None:
        """As the engine's."""
        self.inner.close()

    def witness(self, done: Done) -> Envelope | None:
        """The gateway's receipt for the picture; None where it gives none."""
        import httpx2

        drawn = done.picture.drawn
        if not isinstance(drawn.request, Request):
            return None
        shown = {
            "pixels_sha256": pixels_sha256(done.picture.image),
            "request": request_digest(drawn.request),
            "model": drawn.model.id,
            "weights_sha256": drawn.model.weights_sha256,
        }
        try:
            answer = httpx2.post(
                self.url.rstrip("/") + PATH,
                json=shown,
                headers={"Authorization": f"Bearer {self.token.get_secret_value()}"},
                timeout=SECONDS,
                follow_redirects=False,
                trust_env=False,
            )
            answer.raise_for_status()
            return Envelope.model_validate_json(answer.content)
        except (httpx2.HTTPError, ValueError) as error:
            log.warning("A picture has no receipt: %s", type(error).__name__)
            return None

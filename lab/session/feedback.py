"""A student's feedback in their lab: asked of the class's gateway, and kept as a file of the work folder.

Rule: what was seen once is seen again, whether the gateway answers or not. Where there is no gateway, the
file `feedback.json` that a teacher sent is shown when it lies in the assignment's folder.
"""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from exercises.errors import CatalogueError
from grading.feedback.document import MAX_BYTES, Feedback, OwnFeedback
from manifests.atomic import write_atomic
from manifests.reader import read_regular_file

log = logging.getLogger(__name__)

FILE = "feedback.json"
HOLDS = 20.0  # seconds for which the gateway's answer is taken
TIMEOUT = 5.0


class AskingFailed(CatalogueError):
    """The wish to have something looked at again did not arrive; `feedback.ask_failed` says why."""

    package = "lab"


@dataclass
class FeedbackOf:
    """The feedback on one assignment, whose folder this is. `gateway`: its address, or None."""

    assignment: str
    folder: Path
    gateway: str | None
    token: SecretStr
    _seen: tuple[float, OwnFeedback | None] = field(init=False, default=(-HOLDS, None))

    def __call__(self) -> OwnFeedback | None:
        """The newest that can be had; None while there is none."""
        since, seen = self._seen
        if time.monotonic() - since < HOLDS:
            return seen
        found = self._kept()
        if self.gateway:
            status, data = self._ask("GET", "")
            if status == 200:
                found = self._keep(data) or found
            elif status == 404:  # none yet, or taken back
                found = None
        self._seen = (time.monotonic(), found)
        return found

    def look_again(self, exercise: str, reason: str) -> None:
        """Ask for an exercise to be looked at again. Raises AskingFailed."""
        status, _ = self._ask("POST", "/requests", {"exercise": exercise, "reason": reason})
        if status != 204:
            known = {409: "asked_before", 404: "no_feedback"}
            raise AskingFailed(f"feedback.{known.get(status, 'not_sent')}")
        self._seen = (-HOLDS, None)

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """The status and the body of the gateway's answer; 0 where it gives none."""
        import httpx2

        try:
            with (
                httpx2.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    method,
                    f"{self.gateway}/v1/feedback/{self.assignment}{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {self.token.get_secret_value()}"},
                ) as answer,
            ):
                data = b""
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > MAX_BYTES:
                        return 0, b""
                return answer.status_code, data
        except httpx2.HTTPError as error:
            log.warning("The gateway cannot be asked for feedback: %s", type(error).__name__)
            return 0, b""

    def _keep(self, data: bytes) -> OwnFeedback | None:
        """The gateway's answer, written to the folder; None where it cannot be read."""
        try:
            found = OwnFeedback.model_validate_json(data)
        except ValidationError:
            log.warning("The gateway's feedback cannot be read")
            return None
        try:
            if self._kept() != found:
                self.folder.mkdir(parents=True, exist_ok=True)
                write_atomic(self.folder / FILE, data)
        except OSError:
            log.warning("The feedback could not be kept")
        return found

    def _kept(self) -> OwnFeedback | None:
        """What lies in the folder: as the gateway gave it, or the document alone, as a teacher sends it."""
        try:
            data = read_regular_file(self.folder / FILE, MAX_BYTES)
        except OSError:
            return None
        try:
            return OwnFeedback.model_validate_json(data)
        except ValidationError:
            pass
        try:
            return OwnFeedback(feedback=Feedback.model_validate_json(data))
        except ValidationError:
            return None

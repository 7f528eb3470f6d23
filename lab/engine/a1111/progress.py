"""How far a picture is at a server with A1111's API, as far as that API tells.

Rule: `/sdapi/v1/progress` tells of whatever is drawn there, for whomever. It is taken for ours only where
`/internal/progress` knows our task, or where the server was idle just before ours was sent and still works on
what it began then. Nothing is shown, and nothing is interrupted, of what may be somebody else's.
"""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import Any

from PIL import Image

from lab.models.a1111.settings import API
from lab.models.http import Connection, NoAnswer, Refusal
from manifests.errors import PictureError
from manifests.pictures import open_picture

SECONDS = 5.0  # in which it answers, or nothing is known for now
MOST_PIXELS = 1024 * 1024  # of a preview
MOST_PREVIEW = 8 * 2**20  # characters of it


@dataclass(frozen=True)
class Look:
    """`ours`: whether what runs there is our picture; None where nobody can tell. `stopped`: it was stopped
    there. `steps` 0: not told.
    """

    ours: bool | None
    step: int = 0
    steps: int = 0
    preview: Image.Image | None = None
    stopped: bool = False


@dataclass(frozen=True)
class _State:
    busy: bool
    stamp: object
    look: Look


class Turn:
    """One picture's turn: made, then `before` the request goes, then `look` again and again."""

    def __init__(self, connection: Connection, task: str) -> None:
        self._connection, self._task = connection, task
        self._tells_tasks = self._tells_progress = True
        self._idle = False  # just before ours was sent
        self._before: object = None  # what it worked on then
        self._stamp: object = None  # what it works on for us
        self._seen = False
        self.ours: bool | None = None

    def before(self) -> None:
        """Look whether the server is idle."""
        state = self._progress(preview=False)
        if state is not None:
            self._idle, self._before = not state.busy, state.stamp

    def look(self) -> Look:
        """What the server tells now. Raises nothing."""
        known = self._asked_by_task() if self._tells_tasks else None
        state = self._progress(preview=bool(known or (known is None and self.ours)))
        ours = known if known is not None or state is None else self._by_stamp(state)
        self.ours = ours
        if state is None or not ours:
            return Look(ours)
        self._seen, self._stamp = True, state.stamp
        return Look(True, state.look.step, state.look.steps, state.look.preview, state.look.stopped)

    def was_stopped(self) -> bool:
        """Whether the picture that has just ended was stopped by somebody, as far as it is known."""
        if not self._seen:
            return False
        state = self._progress(preview=False)
        return state is not None and state.stamp == self._stamp and state.look.stopped

    def interrupt(self) -> bool:
        """Stop what runs there if it is ours; whether it was asked for."""
        if not self.look().ours:
            return False
        try:
            self._connection.post(f"{API}/interrupt", {}, seconds=SECONDS)
        except (NoAnswer, Refusal):
            return False
        return True

    def _asked_by_task(self) -> bool | None:
        """Whether our task runs, where the server knows tasks and this one."""
        asked = {"id_task": self._task, "id_live_preview": -1, "live_preview": False}
        try:
            told = self._connection.post("/internal/progress", asked, seconds=SECONDS)
        except Refusal:
            self._tells_tasks = False
            return None
        except NoAnswer:
            return None
        if not isinstance(told, dict):
            self._tells_tasks = False
            return None
        if told.get("active") is True:
            return True
        return False if told.get("queued") is True else None

    def _by_stamp(self, state: _State) -> bool | None:
        if not state.busy:
            return None
        if not self._idle:
            return False if state.stamp == self._before else None
        if not self._seen:
            return True
        return state.stamp == self._stamp

    def _progress(self, preview: bool) -> _State | None:
        if not self._tells_progress:
            return None
        try:
            params = {"skip_current_image": "false" if preview else "true"}
            told = self._connection.get_json(f"{API}/progress", params, seconds=SECONDS)
        except Refusal as refusal:
            self._tells_progress = refusal.status >= 500
            return None
        except NoAnswer:
            return None
        return _state(told) if isinstance(told, dict) else None


def _state(told: dict[str, Any]) -> _State:
    found = told.get("state")
    state = found if isinstance(found, dict) else {}
    count, job, progress = state.get("job_count"), state.get("job"), told.get("progress")
    busy = (isinstance(count, int) and count > 0) or bool(job) or _is_share(progress)
    step, steps = state.get("sampling_step"), state.get("sampling_steps")
    good = isinstance(step, int) and isinstance(steps, int) and 0 < step <= steps <= 10_000
    stopped = any(state.get(key) is True for key in ("interrupted", "skipped"))
    look = Look(
        None,
        step if good and isinstance(step, int) else 0,
        steps if good and isinstance(steps, int) else 0,
        _preview(told.get("current_image")),
        stopped,
    )
    return _State(busy, state.get("job_timestamp"), look)


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


def _preview(told: object) -> Image.Image | None:
    if not isinstance(told, str) or not told or len(told) > MOST_PREVIEW:
        return None
    try:
        data = b64decode(told.rpartition(",")[2], validate=False)
        return open_picture(data, max_pixels=MOST_PIXELS, max_bytes=MOST_PREVIEW)
    except (PictureError, Error, ValueError):
        return None

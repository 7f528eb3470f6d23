"""From a student's text to recorded pictures: run it, compare what it drew with the runs, keep what is equal.

One text runs at a time in a lab. How the last one of an exercise ended is kept in the cache for the page.
"""

import re
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from exercises.errors import CatalogueError, UserError
from exercises.kinds.code import BLANK, MAX_CODE
from lab.engine.protocol import Cancelled
from lab.jobs.generate import PictureSaved
from lab.jobs.own_code.given import Draw, lay_out
from lab.jobs.own_code.process import Bounds, CodeError, Ended, Outcome, run_text
from manifests.atomic import write_atomic
from manifests.comparing import SAME_STACK_PSNR, psnr
from manifests.draft import Draft
from manifests.errors import PictureError
from manifests.manifest import Proof
from manifests.pictures import MAX_BYTES, open_picture
from manifests.png import plain_png
from manifests.reader import read_regular_file
from manifests.store import Store

LAST = "last.json"
MAX_LAST_BYTES = 1_000_000
_ONE = threading.Lock()


class CodeFailed(CatalogueError):
    """The text could not be run, or has not drawn what it should."""

    package = "lab"


@dataclass(frozen=True)
class CodeRunning:
    """The text runs since so many seconds."""

    seconds: float


@dataclass(frozen=True)
class CodeWaiting:
    """Another text runs."""


class LastRun(BaseModel):
    """How the last run of an exercise's code ended; `nearness` in dB by run, where a picture was drawn."""

    model_config = ConfigDict(extra="ignore")

    code: str
    ended: Ended
    output: str = ""
    error: CodeError | None = None
    nearness: dict[str, float | None] = {}
    time: datetime


def open_blanks(code: str) -> list[int]:
    """The lines in which a blank is still open."""
    return [number for number, line in enumerate(code.splitlines(), 1) if BLANK in line]


def last_run(kept: Path) -> LastRun | None:
    """The last run kept in this folder; None where there is none, or it cannot be read."""
    try:
        return LastRun.model_validate_json(read_regular_file(kept / LAST, MAX_LAST_BYTES))
    except (OSError, ValidationError):
        return None


@dataclass
class CodeJob:
    """`kept` is the folder for the page: how it ended, and the pictures drawn, whether equal or not."""

    store: Store
    exercise: str
    code: str
    draws: Sequence[Draw]
    bounds: Bounds
    kept: Path
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.code = self.code.replace("\r\n", "\n").encode("utf-8", "replace").decode("utf-8")

    def cancel(self) -> None:
        self._stop.set()

    def events(self) -> Iterator[object]:
        """Raises UserError where the text fails or draws something else."""
        self._check()
        while not _ONE.acquire(timeout=0.2):
            if self._stop.is_set():
                yield Cancelled()
                return
            yield CodeWaiting()
        try:
            self.kept.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.kept))
            try:
                lay_out(folder, self.code, self.draws, self.store)
                outcome = yield from self._run(folder)
                yield from self._judge(folder, outcome)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            _ONE.release()

    def _check(self) -> None:
        if len(self.code) > MAX_CODE:
            raise CodeFailed("own_code.too_long", maximum=MAX_CODE)
        if lines := open_blanks(self.code):
            self.kept.mkdir(parents=True, exist_ok=True)
            self._keep(Outcome("failed", "", CodeError(type="", message="", line=lines[0]), 0), {})
            raise CodeFailed("own_code.blanks", lines=", ".join(map(str, lines)))

    def _run(self, folder: Path) -> Generator[object, None, Outcome]:
        """The text in its process, which a thread watches; its seconds are told meanwhile."""
        done: list[Outcome | BaseException] = []
        seconds = [0.0]

        def tick(passed: float) -> None:
            seconds[0] = passed

        # The thread that starts the process must live as long as it does (see `inside.bound`).
        def work() -> None:
            try:
                done.append(run_text(folder, self.bounds, self._stop, tick))
            except BaseException as error:
                done.append(error)

        thread = threading.Thread(target=work, name=f"code-{self.exercise}", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(timeout=0.5)
            yield CodeRunning(seconds[0])
        if isinstance(done[0], BaseException):
            raise done[0]
        return done[0]

    def _judge(self, folder: Path, outcome: Outcome) -> Iterator[object]:
        """Keep what was drawn for the page, record what is equal. Raises CodeFailed for all else."""
        nearness: dict[str, float | None] = {}
        missing = []
        for draw in self.draws:
            (self.kept / f"{draw.run}.png").unlink(missing_ok=True)
            if outcome.ended != "done":
                continue
            try:
                mine = open_picture(read_regular_file(folder / f"{draw.run}.png", MAX_BYTES))
                theirs = open_picture(read_regular_file(draw.record.image_path, MAX_BYTES))
            except (OSError, PictureError):
                missing.append(draw.run)
                continue
            write_atomic(self.kept / f"{draw.run}.png", plain_png(mine))
            apart = psnr(mine, theirs)
            nearness[draw.run] = None if apart is None else min(apart, 999.0)
            if apart is not None and apart >= SAME_STACK_PSNR:
                draft = replace(self._draft(draw), seconds=round(outcome.seconds, 3))
                yield PictureSaved(self.store.save(draft, mine))
        self._keep(outcome, nearness)
        if outcome.ended == "stopped":
            yield Cancelled()
            return
        if outcome.ended != "done":
            raise self._failure(outcome)
        if missing:
            raise CodeFailed("own_code.no_picture", files=", ".join(f"{run}.png" for run in missing))
        other = [run for run, apart in nearness.items() if apart is None or apart < SAME_STACK_PSNR]
        if other:
            raise CodeFailed("own_code.other_picture", runs=", ".join(other))

    def _draft(self, draw: Draw) -> Draft:
        """As the run's own manifest says it; the picture is the same, made on the same machine."""
        manifest = draw.record.manifest
        return Draft(
            exercise=self.exercise,
            run=draw.run,
            request=draw.request,
            effective_steps=manifest.effective_steps,
            model=manifest.model,
            versions=manifest.versions,
            device=manifest.device,
            dtype=manifest.dtype,
            seconds=0,
            adherence=manifest.adherence,
            variant=manifest.variant,
            proof=Proof(code=self.code, of=draw.record.stem),
        )

    def _keep(self, outcome: Outcome, nearness: dict[str, float | None]) -> None:
        last = LastRun(
            code=self.code,
            ended=outcome.ended,
            output=outcome.output,
            error=outcome.error,
            nearness=nearness,
            time=datetime.now(UTC),
        )
        write_atomic(self.kept / LAST, last.model_dump_json().encode("utf-8", "replace"))

    def _failure(self, outcome: Outcome) -> UserError:
        error = outcome.error
        if outcome.ended == "failed" and error is not None:
            what = f"{error.type}: {_one_line(error.message)}".removesuffix(": ")
            if error.line is None:
                return CodeFailed("own_code.error", error=what)
            return CodeFailed("own_code.error_at", line=error.line, error=what)
        return CodeFailed(f"own_code.{outcome.ended}", seconds=self.bounds.seconds)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)[:300]

"""A batch: up to a thousand pictures out of a list, drawn in the background, each recorded by itself.

Rule: a row is done when a picture of its run shows what the row asks, by the model that is asked. What is
done is read from the records each time, so the same list again draws only what is missing, however the last
time ended; a row that was changed is drawn anew as a further attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from filelock import FileLock, Timeout

from exercises.assignment import Assignment
from exercises.errors import SystemReason
from exercises.i18n import Language, translator
from exercises.kinds import Studio
from exercises.parameters import Parameters, is_slug
from lab.engine.failures import EngineFailure
from lab.engine.protocol import Engine, Failed
from lab.engine.requests import check_request, request_for
from lab.jobs.batch_list import MOST_BYTES, BatchError, name_of, read_list
from lab.jobs.generate import Generation, generate
from lab.jobs.running import Task
from lab.models.offered import model_entry
from manifests.atomic import write_atomic
from manifests.errors import StoreError
from manifests.reader import read_regular_file
from manifests.store import Record, Store
from manifests.work_folder import locked, make_folder

AT_ONCE = 8  # rows that are given to the engine together; how many of them it draws at once it decides
FOLDER = "batches"  # below the assignment's: the lists, as they came


@dataclass(frozen=True)
class Row:
    """One picture of a list; `number` counts from 1, `run` is what its records are called."""

    number: int
    run: str
    parameters: Parameters


@dataclass(frozen=True)
class Batch:
    """A list with its name. Its pictures belong to `exercise`, the assignment's free one."""

    name: str
    rows: Sequence[Row]
    exercise: str

    def check(self, model: str) -> None:
        """Raises BatchError for the first row that the model cannot draw: nothing has been drawn yet."""
        for row in self.rows:
            try:
                check_request(model_entry(model), request_for(row.parameters, model))
            except EngineFailure as failure:
                raise RowRefused(row.number, failure.failed) from None

    def made(self, store: Store, model: str) -> dict[str, Record]:
        """The newest record of each row that is done, by its run."""
        wanted = {row.run: request_for(row.parameters, model) for row in self.rows}
        return {
            record.manifest.run: record
            for record in store.records()
            if record.manifest.model.id == model
            and record.manifest.request == wanted.get(record.manifest.run)
        }

    def tasks(self, store: Store, engine: Engine, model: str) -> list[Task]:
        """What is to be drawn still; until that has ended, nobody else draws this list. Raises BatchError."""
        self.check(model)
        claim = self._claim(store)
        made = self.made(store, model)
        missing = [row for row in self.rows if row.run not in made]
        if not missing:
            claim.release()
        return [
            Task(
                row.run,
                partial(self._begin, store, engine, row, model),
                together=True,
                all_ended=claim.release,
            )
            for row in missing
        ]

    def _claim(self, store: Store) -> FileLock:
        """The right to draw this list; the system takes it back from a process that is killed."""
        folder = store.folder / FOLDER
        claim = FileLock(folder / f".{self.name}.lock", timeout=0, thread_local=False)
        try:
            make_folder(folder)
            claim.acquire()
        except Timeout:
            raise BatchError("batch.under_way_elsewhere", name=self.name) from None
        except OSError as error:
            raise StoreError("store.system", folder=str(folder), reason=SystemReason(error)) from error
        return claim

    def _begin(self, store: Store, engine: Engine, row: Row, model: str) -> Generation:
        request = request_for(row.parameters, model)
        return generate(store, engine, self.exercise, row.run, request, model=model, background=True)


class RowRefused(BatchError):
    """A row asks for what the model cannot do."""

    def __init__(self, row: int, failed: Failed) -> None:
        super().__init__("batch.row_refused")
        self.row, self.failed = row, failed

    def in_language(self, language: Language) -> str:
        reason = self.failed.text(language)
        return translator("lab", language)("batch.row_refused", row=self.row, reason=reason)


def read_batch(assignment: Assignment, file: str, data: bytes) -> Batch:
    """The batch of a list for the assignment's studio. Raises BatchError."""
    studio = next((each for each in assignment.exercises if isinstance(each, Studio)), None)
    if studio is None:
        raise BatchError("batch.no_studio", assignment=assignment.id)
    name = name_of(file)
    rows = [
        Row(number, f"batch_{name}_{number:04}", parameters)
        for number, parameters in enumerate(read_list(data), start=1)
    ]
    return Batch(name, rows, studio.id)


def keep(store: Store, batch: Batch, data: bytes) -> None:
    """Keep the list beside the work, so that a page finds it again. Raises StoreError, OSError."""
    folder = store.folder / FOLDER
    with locked(store.folder):
        make_folder(folder)
        write_atomic(folder / f"{batch.name}.csv", data)


def kept_names(store: Store) -> list[str]:
    """The lists that are kept, the newest first."""
    try:
        files = [path for path in (store.folder / FOLDER).iterdir() if path.suffix == ".csv"]
        files.sort(key=lambda path: path.lstat().st_mtime, reverse=True)
    except OSError:
        return []
    return [path.stem for path in files if is_slug(path.stem)]


def open_kept(store: Store, assignment: Assignment, name: str) -> Batch:
    """A list that is kept. Raises BatchError."""
    if not is_slug(name):
        raise BatchError("batch.gone", name=name[:80])
    try:
        data = read_regular_file(store.folder / FOLDER / f"{name}.csv", MOST_BYTES)
    except OSError:
        raise BatchError("batch.gone", name=name) from None
    return read_batch(assignment, name, data)

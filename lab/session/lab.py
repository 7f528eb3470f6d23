"""What every page works on: one student, one assignment, one work folder, one engine.

It keeps no copy of what is on disk: `store()` and `checks()` look at it each time they are asked.
"""

import shutil
import tempfile
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import open_work
from lab.endpoint.server import Loopback
from lab.engine.protocol import Engine
from lab.jobs.running import Runs
from lab.providers.address import Address
from lab.providers.class_router import ClassRouter
from lab.providers.opening import AnyRouter, open_router
from lab.records.own_pictures import own_pictures
from lab.session.feedback import FeedbackOf
from lab.session.gateway import gateway_token
from lab.session.kept_checks import KeptChecks
from lab.session.opened import Offered
from lab.session.settings import LabSettings
from lab.session.wall import ClassWall
from manifests.notebook import Notebook
from manifests.store import Record, Store
from manifests.work_folder import refusal


@dataclass
class Lab:
    """The lab of one student on one assignment; shared by its pages and all browser tabs of this process.

    `offered` are the student's assignments, of which some may open later; their labs share engine, queue,
    router and cache.

    `endpoint` is the bundled provider of this process: it listens once its `url` is asked for.
    """

    settings: LabSettings
    assignment: Assignment
    work: Path
    student: str
    engine: Engine
    offered: tuple[Offered, ...] = ()
    runs: Runs = field(init=False)
    endpoint: Loopback = field(init=False)
    _first: "Lab | None" = field(init=False, default=None)

    _checks: KeptChecks = field(init=False, default_factory=KeptChecks, repr=False)

    def __post_init__(self) -> None:
        self.endpoint = Loopback(self.engine)
        self.runs = Runs((self.settings.cache or self.work / ".cache") / "running")

    def on(self, assignment: Assignment) -> "Lab":
        """The lab of the same student on another assignment."""
        if assignment.id == self.assignment.id:
            return self
        _ = self.cache  # found once for all
        other = copy(self)
        for own in ("feedback", "wall"):  # each assignment has its own
            vars(other).pop(own, None)
        other.assignment, other._first = assignment.of_student(self.student), self._first or self
        return other

    def task(self, exercise_id: str) -> str:
        """The name of an exercise's work among the runs of all assignments."""
        return exercise_id if self._first is None else f"{self.assignment.id}/{exercise_id}"

    @property
    def opened(self) -> list[Offered]:
        """The assignments that are open now."""
        return [each for each in self.offered if each.is_open()]

    @property
    def is_open(self) -> bool:
        """Whether this lab's assignment is open now; one that nobody set dates for is."""
        return all(each.is_open() for each in self.offered if each.assignment.id == self.assignment.id)

    @property
    def folder(self) -> Path:
        """`<work>/<assignment>`: where everything of this assignment is kept."""
        return self.work / self.assignment.id

    @cached_property
    def cache(self) -> Path:
        """What may be deleted at any time: thumbnails, uploads on their way, grids.

        A folder of the system's where the work folder cannot be written: the lab opens all the same, and
        says so where something is to be saved. Raises OSError where there is no room there either.
        """
        folder = (self.settings.cache or self.work / ".cache").resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return self._temporary
        return self._temporary if refusal(folder) else folder

    @cached_property
    def _temporary(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="genai-lab-")).resolve()

    @cached_property
    def router(self) -> AnyRouter:
        """The way to models behind an API: the class's gateway where there is one, and no other then.

        Raises ExerciseError where the providers' file is wrong.
        """
        if self._first is not None:
            return self._first.router
        if self.settings.gateway:
            return ClassRouter(self.settings.gateway, gateway_token())
        return open_router(self.work, self.student, {"bundled": self._bundled})

    @cached_property
    def feedback(self) -> FeedbackOf:
        """What came back on this assignment."""
        return FeedbackOf(self.assignment.id, self.folder, self.settings.gateway, gateway_token())

    @cached_property
    def wall(self) -> ClassWall:
        """What the class shows itself; there is a tab for it only where there is a gateway."""
        return ClassWall(self.settings.gateway or "", gateway_token(), self.folder, self.cache / "wall")

    def close(self) -> None:
        if "router" in vars(self):
            self.router.close()
        self.endpoint.close()
        self.engine.close()
        if "_temporary" in vars(self):
            shutil.rmtree(self._temporary, ignore_errors=True)

    def store(self) -> Store:
        return Store(self.work, self.assignment.id, self.student)

    def own_pictures(self) -> dict[str, Record]:
        """Every picture of the student by `<assignment>/<stem>`, those of this assignment first."""
        return own_pictures(self.work, self.assignment.id, self.student)

    def notebook(self) -> Notebook:
        return Notebook(self.work, self.assignment.id, self.student)

    def _bundled(self) -> Address:
        return Address(self.endpoint.url, SecretStr(self.endpoint.token))

    def checks(self, language: Language) -> list[CheckResult]:
        """What is done and what is missing: the same checks as `genai-lab check` and the grade."""
        assignment, student = self.assignment, self.student

        def run() -> list[CheckResult]:
            return check_submission(assignment, open_work(self.work, assignment.id, student), language)

        return self._checks.of(self.folder, (assignment.id, student, language), run)

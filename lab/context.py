"""What every page works on: one student, one assignment, one work folder, one engine.

It keeps no copy of what is on disk: `store()` and `checks()` read it each time they are asked.
"""

from dataclasses import dataclass, field
from pathlib import Path

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission import open_work
from lab.endpoint.server import Loopback
from lab.engine.protocol import Engine
from lab.running import Runs
from lab.settings import LabSettings
from manifests.store import Store


@dataclass
class Lab:
    """The lab of one student; shared by all pages and all browser tabs of this process.

    `endpoint` is the bundled provider of this process: it listens once its `url` is asked for.
    """

    settings: LabSettings
    assignment: Assignment
    work: Path
    student: str
    engine: Engine
    runs: Runs = field(default_factory=Runs)
    endpoint: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self.endpoint = Loopback(self.engine)

    @property
    def folder(self) -> Path:
        """`<work>/<assignment>`: where everything of this assignment is kept."""
        return self.work / self.assignment.id

    @property
    def cache(self) -> Path:
        """What may be deleted at any time: thumbnails, uploads on their way, grids."""
        return (self.settings.cache or self.work / ".cache").resolve()

    def store(self) -> Store:
        return Store(self.work, self.assignment.id, self.student)

    def checks(self, language: Language) -> list[CheckResult]:
        """What is done and what is missing: the same checks as `genai-lab check` and the grade."""
        submission = open_work(self.work, self.assignment.id, self.student)
        return check_submission(self.assignment, submission, language)

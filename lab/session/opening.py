"""Opens the lab of one student, for the server and for notebooks alike; nothing is loaded yet."""

from lab.models.offered import model_entry
from lab.session.gateway import engine_for
from lab.session.lab import Lab
from lab.session.opened import offered
from lab.session.settings import LabSettings
from manifests.settings import WorkSettings


def open_lab(settings: LabSettings, work: WorkSettings) -> Lab:
    """The lab of one student. Raises UserError for an unknown assignment or model."""
    model_entry(settings.model)
    found = tuple(offered(settings))
    assignment = found[0].assignment.of_student(work.student)
    return Lab(settings, assignment, work.work.resolve(), work.student, engine_for(settings), found)

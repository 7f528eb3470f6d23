"""What an agent may do in a student's lab, apart from any protocol.

It works on the same store as the pages and obeys the same rules; what it makes bears `made_through` in its
manifest, and an assignment with `agents = false` is only read. Pictures are named by record, never by file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exercises.assignment import Assignment
from exercises.errors import CatalogueError
from exercises.i18n import Language, translator
from exercises.parameters import DEFAULT_STRENGTH, FROM_SOURCE
from grading.results import earned_points, open_points
from lab.jobs.generate import Generation
from lab.library.drawing import free_run, record_of, start
from lab.library.opened import LibraryError, OpenedLab
from lab.records.compare import differences, pixel_difference
from lab.session.lab import Lab
from lab.session.planned_runs import Planned, runs_of
from manifests.manifest import MadeThrough, Source
from manifests.pictures import open_picture
from manifests.store import Record

MADE_THROUGH: MadeThrough = "mcp"
MOST_LISTED = 50  # pictures, the newest

Facts = dict[str, Any]


class AgentError(CatalogueError):
    """What an agent asked for cannot be, or may not."""

    package = "lab"


@dataclass(frozen=True)
class Desk:
    """One student's lab as an agent finds it; all words are in `language`."""

    lab: Lab
    language: Language

    def opened(self, assignment: str | None) -> OpenedLab:
        """The lab on that assignment; without a name on the one it opens with. Raises LibraryError."""
        wanted = assignment or self.lab.assignment.id
        found = next((each for each in self.lab.opened if each.assignment.id == wanted), None)
        if found is None:
            names = ", ".join(each.assignment.id for each in self.lab.opened)
            raise LibraryError("library.not_open", assignment=wanted[:80], open=names or "–")
        return OpenedLab(self.lab.on(found.assignment), self.language)

    # --- reading

    def assignments(self) -> list[Facts]:
        """The assignments that are open to the student."""
        return [
            {
                "assignment": each.assignment.id,
                "title": each.assignment.title(self.language),
                "points": each.assignment.points,
                "due": each.due.isoformat() if each.due else None,
                "agents_may_make_pictures": each.assignment.agents,
            }
            for each in self.lab.opened
        ]

    def exercises(self, assignment: str | None) -> Facts:
        """The exercises of an assignment with their texts and planned runs."""
        chosen = self.opened(assignment).session.assignment
        return {
            "assignment": chosen.id,
            "agents_may_make_pictures": chosen.agents,
            "introduction": chosen.texts[self.language],
            "exercises": [
                {
                    "exercise": exercise.id,
                    "kind": exercise.kind,
                    "title": exercise.title(self.language),
                    "points": exercise.points,
                    "text": exercise.texts[self.language],
                    "runs": {
                        run.id: run.parameters.model_dump(exclude_none=True)
                        for run in getattr(exercise, "runs", ())
                    },
                }
                for exercise in chosen.exercises
            ],
        }

    def missing(self, assignment: str | None) -> Facts:
        """What is not in order yet, in the words of the grade."""
        lab = self.opened(assignment)
        checks = lab.session.checks(self.language)
        return {
            "assignment": lab.session.assignment.id,
            "points": earned_points(checks),
            "maximum": lab.session.assignment.points,
            "for_a_person_to_judge": open_points(checks),
            "missing": [
                {"check": c.id, "title": c.title, "cause": c.cause.message if c.cause else None}
                for c in checks
                if c.is_missing
            ],
        }

    def pictures(self, assignment: str | None, exercise: str | None) -> list[Facts]:
        """The pictures made so far, the newest first."""
        records = self.opened(assignment).session.store().records()
        chosen = [r for r in reversed(records) if exercise in (None, r.manifest.exercise)]
        return [facts(record) for record in chosen[:MOST_LISTED]]

    def picture(self, assignment: str | None, name: str) -> Record:
        """The record of that name. Raises AgentError."""
        lab = self.opened(assignment)
        found = lab.session.store().find(name)
        if found is None:
            raise AgentError("agent.no_picture", picture=name[:80], assignment=lab.session.assignment.id)
        return found

    def compared(self, assignment: str | None, one: str, other: str) -> Facts:
        """How two pictures differ: in what was asked, and in their pixels."""
        left, right = self.picture(assignment, one), self.picture(assignment, other)
        images = [open_picture(record.image_path.read_bytes()) for record in (left, right)]
        pixels = pixel_difference(images[0], images[1])
        return {
            "made_differently": [
                {"field": d.field, one: d.left, other: d.right}
                for d in differences(left.manifest, right.manifest)
            ],
            "mean_absolute_difference": round(pixels.mean_absolute, 2) if pixels else None,
        }

    # --- making

    def planned(self, assignment: str | None, what: str, source: str | None, words: Facts) -> Generation:
        """Begin the one planned run that `EXERCISE/RUN` names. Raises UserError.

        `words`: the prompts, for an exercise that leaves them open.
        """
        lab = self._may_make(assignment)
        runs = runs_of(lab.session.assignment, what, words)
        if len(runs) > 1:
            names = ", ".join(f"{each.exercise}/{each.run}" for each in runs)
            raise AgentError("agent.one_run", what=what[:80], runs=names[:500])
        return self._begin(lab, runs[0], source)

    def free(self, assignment: str | None, source: str | None, parameters: Facts) -> Generation:
        """Begin a free picture of the Studio. Raises UserError."""
        lab = self._may_make(assignment)
        if source is not None:
            parameters = {"strength": DEFAULT_STRENGTH, **parameters, "mode": "img2img"}
        return self._begin(lab, free_run(lab, parameters), source)

    def finish(self, generation: Generation, tell: Callable[[object], None]) -> Record:
        """Wait until it is recorded. Raises LibraryError."""
        return record_of(OpenedLab(self.lab, self.language), generation, tell)

    def instructions(self) -> str:
        return translator("lab", self.language)("agent.instructions", student=self.lab.student)

    def _may_make(self, assignment: str | None) -> OpenedLab:
        lab = self.opened(assignment)
        chosen: Assignment = lab.session.assignment
        if not chosen.agents:
            raise AgentError("agent.forbidden", assignment=chosen.id)
        return lab

    def _begin(self, lab: OpenedLab, planned: Planned, source: str | None) -> Generation:
        kept: Source | None = None
        if planned.parameters.mode in FROM_SOURCE:
            if source is None:
                raise AgentError("agent.source_needed")
            record = self.picture(lab.session.assignment.id, source)
            kept = lab.session.store().add_source(record.image_path.read_bytes())
        return start(lab, [planned], kept, MADE_THROUGH)[0]


def facts(record: Record) -> Facts:
    """What an agent is told of a picture."""
    made = record.manifest
    return {
        "picture": record.stem,
        "exercise": made.exercise,
        "run": made.run,
        "request": made.request.model_dump(mode="json", exclude_none=True),
        "model": made.model.id,
        "seconds": round(made.seconds, 2),
        "made_through": made.made_through,
        "machines_opinion": made.adherence.model_dump(mode="json", include={"found", "parts"})
        if made.adherence
        else None,
    }

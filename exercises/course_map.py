"""Where an assignment stands in a course: level and module, how long it takes, what comes before, its aims.

    python -m exercises.course_map > docs/course.md

An assignment need not say it; one that does has a table `[course]` in its file.
"""

from collections.abc import Iterable
from math import fsum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from exercises.i18n import Bilingual
from exercises.kinds.base import Frozen
from exercises.parameters import AssignmentId

if TYPE_CHECKING:
    from exercises.assignment import Assignment

LEVELS = {1: "Beginning", 2: "Going on", 3: "Of one's own"}
MODULES = {
    1: "Set-up and first pictures",
    2: "Foundations: words and chance",
    3: "Advanced techniques",
    4: "Orchestration: several models, many pictures",
    5: "Applications",
}

Hours = Annotated[float, Field(strict=True, gt=0, le=40, allow_inf_nan=False)]


class CoursePlace(Frozen):
    """`needs`: the assignments that come before."""

    level: Annotated[int, Field(strict=True, ge=1, le=max(LEVELS))]
    module: Annotated[int, Field(strict=True, ge=1, le=max(MODULES))]
    hours: Hours
    needs: tuple[AssignmentId, ...] = Field(default=(), max_length=10)
    aims: Bilingual


def by_level(assignments: Iterable["Assignment"]) -> dict[int, list["Assignment"]]:
    """Those that have a place, by level, then by module and name."""
    placed = [(each.course, each) for each in assignments if each.course]
    placed.sort(key=lambda pair: (pair[0].level, pair[0].module, pair[1].id))
    levels = sorted({place.level for place, _ in placed})
    return {level: [each for place, each in placed if place.level == level] for level in levels}


def hours(assignments: Iterable["Assignment"]) -> float:
    """How long they take together."""
    return fsum(each.course.hours for each in assignments if each.course)


def document(assignments: Iterable["Assignment"]) -> str:
    """The map as a page of the documentation."""
    levels = by_level(assignments)
    everything = [each for group in levels.values() for each in group]
    core = [each for each in everything if each.course and each.course.module < max(MODULES)]
    lines = [
        "# The course",
        "",
        "<!-- Written by `python -m exercises.course_map`; a test holds it against the assignments. -->",
        "",
        f"Three levels and five modules. Modules 1 to 4 take about {hours(core):g} hours, all there is"
        f" {hours(everything):g}. A course of about 15 hours is modules 1 to 4 with an application or two of"
        " module 5, in place of what of modules 3 and 4 does not fit your class."
        " Each assignment stands alone in the lab; *before* says what a student should have done, and nothing"
        " is locked. In the lab the same map is on Start. An assignment of yours has a place in it by a table"
        " `[course]` ([exercises.md](exercises.md)).",
        "",
        "| module | what it is about | assignments |",
        "|---|---|---|",
    ]
    for number, title in MODULES.items():
        names = ", ".join(
            f"`{each.id}`" for each in everything if each.course and each.course.module == number
        )
        lines.append(f"| {number} | {title} | {names} |")
    for level, group in levels.items():
        lines += ["", f"## Level {level}: {LEVELS[level]} ({hours(group):g} hours)", ""]
        lines += ["| assignment | module | hours | before | aims |", "|---|---|---|---|---|"]
        for each in group:
            if (place := each.course) is not None:
                needs = ", ".join(f"`{name}`" for name in place.needs) or "–"
                row = (
                    f"`{each.id}`: {each.title.en}",
                    place.module,
                    f"{place.hours:g}",
                    needs,
                    place.aims.en,
                )
                lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    from exercises.loader import built_in

    print(document(built_in()), end="")

"""The course's map on Start: where this assignment stands, and all of them by level, folded away."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from exercises.assignment import Assignment
from exercises.course_map import CoursePlace, by_level, hours
from exercises.i18n import Translator, listed, number
from lab.ui.html import markup


def here(t: Translator, assignment: Assignment, known: Sequence[Assignment]) -> Markup:
    """This assignment's level, module and length, and what comes before; nothing where it does not say."""
    place = assignment.course
    if place is None:
        return Markup("")
    words = t(
        "course_map.here",
        level=place.level,
        of_level=t(f"course_map.level_{place.level}"),
        module=place.module,
        of_module=t(f"course_map.module_{place.module}"),
        hours=number(place.hours, t.language),
        before=_before(t, place, known) or t("course_map.nothing"),
    )
    return markup.note(words)


def table(t: Translator, known: Sequence[Assignment], link: Callable[[Assignment], Markup]) -> Markup:
    """All of them by level; nothing where there are not two."""
    levels = by_level(known)
    if sum(map(len, levels.values())) < 2:
        return Markup("")
    header = [t(f"course_map.{name}") for name in ("assignment", "module", "hours", "before", "aims")]
    parts = []
    for level, group in levels.items():
        rows = [
            (
                link(each),
                f"{place.module}. {t(f'course_map.module_{place.module}')}",
                number(place.hours, t.language),
                _before(t, place, known) or "–",
                place.aims(t.language),
            )
            for each in group
            if (place := each.course)
        ]
        together = number(hours(group), t.language)
        words = t("course_map.level", level=level, title=t(f"course_map.level_{level}"), hours=together)
        parts.append(markup.scrolling(markup.table(header, rows, words), words))
    return Markup('<details class="course-map"><summary>{}</summary>{}</details>').format(
        t("course_map.title", hours=number(hours(known), t.language)), Markup("").join(parts)
    )


def _before(t: Translator, place: CoursePlace, known: Sequence[Assignment]) -> str:
    """The titles of what comes before, apart by semicolons, as titles have commas of their own."""
    titles = {each.id: each.title(t.language) for each in known}
    return listed((titles.get(name, name) for name in place.needs), t.language)

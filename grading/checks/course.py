"""Kind `course`: enough pictures, each with what was checked of it and where, and a whole quiz.

Whether it was checked, and whether it is true, a person sees: the declaration stands in the report.
"""

from collections.abc import Iterator
from typing import Any

from crafts.course import APPLICATION, CourseSettings, Told
from exercises.i18n import Translator
from exercises.kinds import Course
from grading.checks.alt_text_rules import count_words, faults
from grading.checks.crafted import Crafting, at_least, first_of
from grading.checks.text_rules import plain
from grading.checks.verdict import Verdict, wrong
from grading.wording import message


def _asked(exercise: Course, settings: CourseSettings, figures: dict[str, Any]) -> Verdict:
    told = settings.pictures
    return first_of(
        at_least("pictures", exercise.pictures_minimum, figures["pictures"]),
        wrong(message("crafted.course_texts")) if len(told) != figures["pictures"] else None,
        *(_told(exercise, number, each) for number, each in enumerate(told, 1)),
        wrong(message("crafted.same_checked")) if len({plain(e.checked) for e in told}) < len(told) else None,
        wrong(message("crafted.same_alts")) if len({plain(e.alt) for e in told}) < len(told) else None,
        at_least("questions", exercise.questions_minimum, len(figures["questions"])),
        *_questions(figures["questions"]),
    )


def _told(exercise: Course, number: int, told: Told) -> Verdict | None:
    """What is wrong with one picture's texts."""
    if not plain(told.caption):
        return wrong(message("crafted.no_caption", number=number))
    if found_faults := faults("informative", told.alt, ""):
        return wrong(message("crafted.alt_of_picture", number=number, why=found_faults[0]))
    if (found := count_words(told.checked)) < exercise.checked_words:
        return wrong(message("crafted.checked", number=number), str(exercise.checked_words), str(found))
    if count_words(told.where) < 2:
        return wrong(message("crafted.where", number=number))
    return None


def _questions(questions: list[dict[str, Any]]) -> Iterator[Verdict]:
    """What is wrong with the quiz."""
    for number, question in enumerate(questions, 1):
        if question["gap"]:
            yield wrong(message("crafted.question_gap", number=number))
        if not question["why"]:
            yield wrong(message("crafted.question_why", number=number))
    if len({plain(question["text"]) for question in questions}) < len(questions):
        yield wrong(message("crafted.same_questions"))


def _lines(settings: CourseSettings, figures: dict[str, Any], t: Translator) -> list[str]:
    pictures = [
        t("report.checked", number=n, caption=e.caption, alt=e.alt, checked=e.checked, where=e.where)
        for n, e in enumerate(settings.pictures, 1)
    ]
    return [settings.title, *pictures, "", settings.quiz]


KIND = Crafting(APPLICATION, _asked, _lines).kind()

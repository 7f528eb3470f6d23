"""Kind `reflection`: its length in lines, and the points it must touch.

How lines are counted, as students are told: a line is a line as you typed it, empty ones aside.
If you typed paragraphs, a line longer than 160 characters is counted as it would stand on a
page: between 80 and 120 characters to a line, so its length is a range, and it is enough that
some width gives the number asked for. One line short or over at every width is left to a person.
"""

import textwrap
from dataclasses import dataclass

from exercises.i18n import Translator
from exercises.kinds import Reflection
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.text_rules import MAX_READ, check_topic
from grading.checks.verdict import RuleResult, Verdict, for_a_person, in_order, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message

PARAGRAPH_FROM = 160  # characters: nobody types so long a line with the return key
PAGE_WIDTHS = (80, 120)  # characters to a line on a page, narrow and wide


@dataclass(frozen=True)
class LineCount:
    """Lines as typed, and how few and how many they are on a page; all the same without paragraphs."""

    typed: int
    fewest: int
    most: int

    @property
    def exact(self) -> bool:
        return self.fewest == self.most


def count_lines(text: str) -> LineCount:
    """Count the lines of a reflection."""
    lines = [stripped for line in text[:MAX_READ].splitlines() if (stripped := line.strip())]
    narrow, wide = (sum(_on_page(line, width) for line in lines) for width in PAGE_WIDTHS)
    return LineCount(typed=len(lines), fewest=wide, most=narrow)


def length_fits(count: LineCount, minimum: int, maximum: int) -> bool | None:
    """Whether the length is right; None when a person should look."""
    if minimum <= count.typed <= maximum or (count.fewest <= maximum and count.most >= minimum):
        return True
    paragraphs = count.most != count.typed
    if paragraphs and (count.most == minimum - 1 or count.fewest == maximum + 1):
        return None
    return False


def check_reflection(exercise: Reflection, evidence: Evidence) -> list[RuleResult]:
    """One rule for the length and one for each point to touch."""
    answers = evidence.submission.answers
    text = answers.reflection if answers else ""
    results = in_order("text", [("lines", lambda: _length(exercise, text))])
    for topic in exercise.topics:
        title = message("title.topic", topic=topic.title)
        results.append(
            RuleResult(topic.id, "topic", title, check_topic(topic, text, message("reflection.empty")))
        )
    return results


def _length(exercise: Reflection, text: str) -> Verdict:
    if not text.strip():
        return wrong(message("reflection.empty"))
    count = count_lines(text)
    asked = f"{exercise.lines_minimum}–{exercise.lines_maximum}"
    found = str(count.typed) if count.most == count.typed else f"{count.fewest}–{count.most}"
    fits = length_fits(count, exercise.lines_minimum, exercise.lines_maximum)
    if fits is None:
        return for_a_person(message("reflection.nearly"), asked, found)
    return ok() if fits else wrong(message("reflection.lines"), asked, found)


def _on_page(line: str, width: int) -> int:
    return 1 if len(line) <= PARAGRAPH_FROM else len(textwrap.wrap(line, width))


def _texts(exercise: Reflection, submission: Submission, t: Translator) -> list[ReportText]:
    return [ReportText(t("report.reflection"), submission.answers.reflection)] if submission.answers else []


KIND = KindChecks(check_reflection, texts=_texts)

"""Kind `reflection`: its length in lines, and the points it must touch.

How lines are counted, as students are told: a line is a line as you typed it, empty ones aside.
If you typed paragraphs, a line longer than 160 characters is counted as it would stand on a
page: between 80 and 120 characters to a line, so its length is a range, and it is enough that
some width gives the number asked for. Lines that a program broke at its own width (72 characters, say)
are one paragraph. One line short or over at every width is left to a person.
"""

import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby, pairwise

from exercises.i18n import Translator
from exercises.kinds import Reflection
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.text_rules import MAX_READ, check_topic, empty_words, plain, too_short, visible
from grading.checks.verdict import RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message

PARAGRAPH_FROM = 160  # characters: nobody types so long a line with the return key
PAGE_WIDTHS = (80, 120)  # characters to a line on a page, narrow and wide
DIFFERENT_A_LINE = 2  # words that a text has at least, for each line asked for
BROKEN_AT = range(55, 121)  # the widths at which programs break lines


@dataclass(frozen=True)
class LineCount:
    """Lines as typed, and how few and how many they may be on a page; the same without paragraphs."""

    typed: int
    fewest: int
    most: int

    @property
    def exact(self) -> bool:
        return self.fewest == self.most


def count_lines(text: str) -> LineCount:
    """Count the lines of a reflection."""
    read = [line.strip() for line in visible(text[:MAX_READ]).splitlines()]
    typed = [line for line in read if _says_something(line)]
    narrow, wide = (sum(_on_page(line, width) for line in _unbroken(read)) for width in PAGE_WIDTHS)
    return LineCount(typed=len(typed), fewest=wide, most=narrow)


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
    prompts, different = evidence.prompts, DIFFERENT_A_LINE * exercise.lines_minimum
    results = in_order("text", [("lines", lambda: _length(exercise, text, prompts))])
    for topic in exercise.topics:
        title = message("title.topic", topic=topic.title)
        verdict = check_topic(topic, text, message("reflection.empty"), different, prompts)
        results.append(RuleResult(topic.id, "topic", title, verdict))
    return results


def _length(exercise: Reflection, text: str, prompts: Collection[str]) -> Verdict:
    if not plain(text):
        return (wrong if text.strip() else not_yet)(message("reflection.empty"))
    if fault := empty_words(text, DIFFERENT_A_LINE * exercise.lines_minimum, prompts):
        return wrong(fault)
    if fault := too_short(text, exercise.words_minimum):
        return wrong(fault)
    count = count_lines(text)
    asked = f"{exercise.lines_minimum}–{exercise.lines_maximum}"
    found = str(count.typed) if count.most == count.typed else f"{count.fewest}–{count.most}"
    fits = length_fits(count, exercise.lines_minimum, exercise.lines_maximum)
    if fits is None:
        return for_a_person(message("reflection.nearly"), asked, found)
    return ok() if fits else wrong(message("reflection.lines"), asked, found)


def _says_something(line: str) -> bool:
    return any(c.isalnum() for c in line)


def _unbroken(lines: list[str]) -> list[str]:
    """The lines that say something, those of each paragraph that a program has broken joined to one."""
    joined: list[str] = []
    for blank, group in groupby(lines, key=lambda line: not line):
        paragraph = list(group)
        if not blank and _broken_by_a_program(paragraph):
            joined.append(" ".join(paragraph))
        elif not blank:
            joined += [line for line in paragraph if _says_something(line)]
    return joined


def _broken_by_a_program(lines: list[str]) -> bool:
    """Whether lines end where the next word would not have fitted, and mostly within a sentence."""
    width = max(len(line) for line in lines)
    return (
        len(lines) > 2
        and width in BROKEN_AT
        and all(" " in line for line in lines[:-1])
        and 2 * sum(line.endswith((".", "!", "?", ":")) for line in lines[:-1]) < len(lines)
        and all(len(line) + 1 + len(after.split()[0]) > width for line, after in pairwise(lines))
    )


def _on_page(line: str, width: int) -> int:
    return 1 if len(line) <= PARAGRAPH_FROM else len(textwrap.wrap(line, width))


def _texts(exercise: Reflection, submission: Submission, t: Translator) -> list[ReportText]:
    return [ReportText(t("report.reflection"), submission.answers.reflection)] if submission.answers else []


KIND = KindChecks(check_reflection, texts=_texts)

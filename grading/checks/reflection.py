"""The rules of the reflection: its length in lines, and the points it must touch.

How lines are counted, as students are told: a line is a line as you typed it, empty ones aside.
If you typed paragraphs, a line longer than 160 characters is counted as it would stand on a
page: between 80 and 120 characters to a line, so its length is a range, and it is enough that
some width gives the number asked for. One line short or over at every width is left to a person.
"""

import re
import textwrap
import unicodedata
from dataclasses import dataclass

from exercises.assignment import Reflection, Topic
from exercises.i18n import LANGUAGES, Bilingual
from grading.checks.verdict import Judged, Verdict, for_a_person, in_order, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message

PARAGRAPH_FROM = 160  # characters: nobody types so long a line with the return key
PAGE_WIDTHS = (80, 120)  # characters to a line on a page, narrow and wide
MAX_READ = 20_000  # characters: more than a hundred lines are too many however they are counted


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


def touches(text: str, topic: Topic) -> bool:
    """Whether a word of the text begins with one of the topic's words, in either language."""
    stems = [plain(stem) for language in LANGUAGES for stem in topic.words.get(language, ())]
    read = plain(text[:MAX_READ])
    return any(re.search(rf"(?<!\w){re.escape(stem)}", read) for stem in stems if stem)


def judge_reflection(exercise: Reflection, submission: Submission) -> list[Judged]:
    """One rule for the length and one for each point to touch."""
    text = submission.answers.reflection if submission.answers else ""
    judged = in_order("text", [("lines", lambda: _length(exercise, text))])
    for topic in exercise.topics:
        title = message("title.topic", topic=topic.title)
        judged.append(Judged(topic.id, "topic", title, _topic(topic, text)))
    return judged


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


def _topic(topic: Topic, text: str) -> Verdict:
    if not text.strip():
        return wrong(message("reflection.empty"))
    if touches(text, topic):
        return ok()
    return for_a_person(message("reflection.topic_unseen", words=words_looked_for(topic)))


def words_looked_for(topic: Topic) -> Bilingual:
    """A topic's words, for a reader of either language."""
    return Bilingual(**{language: ", ".join(topic.words.get(language, ())) or "-" for language in LANGUAGES})


def _on_page(line: str, width: int) -> int:
    return 1 if len(line) <= PARAGRAPH_FROM else len(textwrap.wrap(line, width))


def plain(text: str) -> str:
    """Without case and accents, in one line; ligatures opened; typographic apostrophes straight."""
    opened = " ".join(text.casefold().split()).replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    return "".join(c for c in unicodedata.normalize("NFKD", opened) if not unicodedata.combining(c))

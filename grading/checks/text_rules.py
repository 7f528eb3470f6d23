"""How texts are read, whichever exercise asks for them: without case and accents, by beginnings of words.

A program sees where there is no text, or something that only looks like one; whether a text says what it
should, it never knows: that is for a person.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable

from exercises.i18n import LANGUAGES, Bilingual
from exercises.kinds.parts import Topic
from grading.checks.alt_text_rules import count_words
from grading.checks.verdict import RuleResult, Verdict, for_a_person, not_yet, wrong
from grading.wording import Message, message

WORDS_OF_A_REASON = 3  # different ones, without which nothing is said of a point
MAX_READ = 20_000  # characters: more than a hundred lines
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and signs that are drawn as nothing
_LOREM = """lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor incididunt labore dolore
magna aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat duis
aute irure reprehenderit voluptate velit esse cillum fugiat nulla pariatur excepteur sint occaecat cupidatat
proident sunt culpa officia deserunt mollit anim laborum et ut do in id est ad ex ea non eu qui"""
_FILLER = frozenset(_LOREM.split())


def plain(text: str) -> str:
    """Without case, accents and invisible characters, in one line; apostrophes straight."""
    opened = (
        " ".join(visible(text).casefold().split()).replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    )
    if opened.isascii():
        return opened
    taken_apart = unicodedata.normalize("NFKD", opened)
    return _without({c for c in set(taken_apart) if unicodedata.combining(c)}, taken_apart)


def visible(text: str) -> str:
    """Without the characters that nobody sees; lines stay lines."""
    if text.isascii():
        return text
    return _without({c for c in set(text) if unicodedata.category(c) == "Cf" or c in _BLANKS}, text)


def _without(characters: Collection[str], text: str) -> str:
    """The text without these; each different character was looked at once, not each place."""
    return text.translate(dict.fromkeys(map(ord, characters))) if characters else text


def words_of(text: str) -> list[str]:
    """The words of a text: runs of letters, at least two."""
    return re.findall(r"[^\W\d_]{2,}", plain(text[:MAX_READ]))


def empty_words(text: str, different: int, prompts: Collection[str] = ()) -> Message | None:
    """What gives away that it only looks like a text; None where a person has to read it.

    `different`: how many different words a text has at least that answers what was asked.
    """
    words = words_of(text)
    if not words:
        return message("words.none")
    lines = [said for line in text[:MAX_READ].splitlines() if (said := plain(line))]
    if len(lines) >= 3 and len(set(lines)) <= len(lines) // 2:
        return message("words.repeated")
    if sum(word in _FILLER for word in words) > len(words) // 2:
        return message("words.filler")
    if len(words) >= 5 and any(_mostly_in(words, prompt) for prompt in prompts):
        return message("words.prompt")
    if len(set(words)) < different:
        return message("words.few", minimum=different, found=len(set(words)))
    return None


def check_words(text: str, minimum: int, prompts: Collection[str], none: Message) -> Verdict:
    """A text of at least so many words, which a person judges; `none` is what to say where there is none."""
    if not plain(text):
        return (wrong if text.strip() else not_yet)(none)
    if fault := too_short(text, minimum) or empty_words(text, minimum // 2, prompts):
        return wrong(fault)
    return for_a_person(message("judge.words"))


def too_short(text: str, minimum: int) -> Message | None:
    """What to say of a text with fewer words than asked for; None where it has them."""
    count = count_words(text)
    return message("words.short", minimum=minimum, found=count) if count < minimum else None


def _mostly_in(words: list[str], prompt: str) -> bool:
    of_prompt = set(words_of(prompt))
    return sum(word in of_prompt for word in words) >= 0.9 * len(words)


def touches(text: str, topic: Topic) -> bool:
    """Whether a word of the text begins with one of the topic's words, in either language."""
    stems = [plain(stem) for language in LANGUAGES for stem in topic.words.get(language, ())]
    read = plain(text[:MAX_READ])
    return any(re.search(rf"(?<!\w){re.escape(stem)}", read) for stem in stems if stem)


def words_looked_for(topic: Topic) -> Bilingual:
    """A topic's words, for a reader of either language."""
    return Bilingual(**{language: ", ".join(topic.words.get(language, ())) or "-" for language in LANGUAGES})


def check_topic(topic: Topic, text: str, empty: Message, different: int, prompts: Collection[str]) -> Verdict:
    """A person judges whether a text says something of a topic, and is told whether words of it are seen.

    `empty` is what to say where there is no text; `different` and `prompts` are as for `empty_words`.
    """
    if not plain(text):
        return (wrong if text.strip() else not_yet)(empty)
    if fault := empty_words(text, different, prompts):
        return wrong(fault)
    seen = "topic_seen" if touches(text, topic) else "topic_unseen"
    return for_a_person(message(f"reflection.{seen}", words=words_looked_for(topic)))


def reasons(topics: Iterable[Topic], text: str, none: Message, prompts: Collection[str]) -> list[RuleResult]:
    """One rule for each point that a text is to give reasons on; `none` is said where there is no text."""
    return [
        RuleResult(
            topic.id,
            "reasons_topic",
            message("title.reasons_topic", topic=topic.title),
            check_topic(topic, text, none, WORDS_OF_A_REASON, prompts),
        )
        for topic in topics
    ]

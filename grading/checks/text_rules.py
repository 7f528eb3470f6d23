"""How texts are read, whichever exercise asks for them: without case and accents, by beginnings of words."""

import re
import unicodedata

from exercises.i18n import LANGUAGES, Bilingual
from exercises.kinds.parts import Topic
from grading.checks.verdict import Verdict, for_a_person, ok, wrong
from grading.wording import Message, message

MAX_READ = 20_000  # characters: more than a hundred lines


def plain(text: str) -> str:
    """Without case and accents, in one line; ligatures opened; typographic apostrophes straight."""
    opened = " ".join(text.casefold().split()).replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    return "".join(c for c in unicodedata.normalize("NFKD", opened) if not unicodedata.combining(c))


def touches(text: str, topic: Topic) -> bool:
    """Whether a word of the text begins with one of the topic's words, in either language."""
    stems = [plain(stem) for language in LANGUAGES for stem in topic.words.get(language, ())]
    read = plain(text[:MAX_READ])
    return any(re.search(rf"(?<!\w){re.escape(stem)}", read) for stem in stems if stem)


def words_looked_for(topic: Topic) -> Bilingual:
    """A topic's words, for a reader of either language."""
    return Bilingual(**{language: ", ".join(topic.words.get(language, ())) or "-" for language in LANGUAGES})


def check_topic(topic: Topic, text: str, empty: Message) -> Verdict:
    """Whether a text touches a topic; where no word of it is seen, a person must read.

    `empty` is what to say where there is no text.
    """
    if not text.strip():
        return wrong(empty)
    if touches(text, topic):
        return ok()
    return for_a_person(message("reflection.topic_unseen", words=words_looked_for(topic)))

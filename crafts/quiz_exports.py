"""A quiz's questions for others: Moodle's XML, and a folder with an assignment of the lab's own kind `quiz`.

Rule: the same questions give the same bytes. All texts are plain text, escaped by the libraries that write
them; whoever opens them sees signs, not markup.
"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import tomlkit

from crafts.quiz_text import GAP, Question
from exercises.i18n import LANGUAGES, translator
from exercises.loader import FILE

PENALTY = "0.3333333"  # of a question's points, for each wrong try, as Moodle has it by default
TRIES = (1.0, 0.5)


def moodle_xml(title: str, questions: Sequence[Question]) -> bytes:
    """For Moodle's question bank: a category of that title, and a multiple choice for each question.

    https://docs.moodle.org/en/Moodle_XML_format
    """
    quiz = ET.Element("quiz")
    category = ET.SubElement(quiz, "question", type="category")
    _text(
        category, "category", "$course$/top/" + title.replace("/", "//")
    )  # a slash leads to a category below
    for number, question in enumerate(questions, 1):
        asked = ET.SubElement(quiz, "question", type="multichoice")
        _text(asked, "name", f"{number:02d} {question.text}"[:120])
        _text(asked, "questiontext", question.text, plain=True)
        _text(asked, "generalfeedback", question.why, plain=True)
        for name, value in (
            ("defaultgrade", "1.0000000"),
            ("penalty", PENALTY),
            ("hidden", "0"),
            ("single", "true"),
            ("shuffleanswers", "true"),
            ("answernumbering", "abc"),
        ):
            ET.SubElement(asked, name).text = value
        for place, choice in enumerate(question.choices):
            answer = _text(asked, "answer", choice, plain=True)
            answer.set("fraction", "0" if place else "100")
            _text(answer, "feedback", "", plain=True)
    ET.indent(quiz)
    written: bytes = ET.tostring(quiz, encoding="utf-8", xml_declaration=True)
    return written


def _text(parent: ET.Element, name: str, text: str, *, plain: bool = False) -> ET.Element:
    made = ET.SubElement(parent, name, {"format": "plain_text"} if plain else {})
    ET.SubElement(made, "text").text = text
    return made


def assignment_zip(title: str, questions: Sequence[Question]) -> bytes:
    """A folder as an author of assignments writes it; unpacked below GENAI_EXERCISES_DIR it is one."""
    name, out = folder_name(title), io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/{FILE}"), _assignment(title, questions))
        for language in LANGUAGES:
            t = translator("crafts", language)
            for part in ("introduction", "quiz"):
                told = t(f"course.{part}_text", title=_markdown(title), count=len(questions))
                archive.writestr(zipfile.ZipInfo(f"{name}/{part}.{language}.md"), told + "\n")
    return out.getvalue()


def folder_name(title: str) -> str:
    """An assignment's id of a title."""
    ascii_ = unicodedata.normalize("NFKD", title.replace("’", " ")).encode("ascii", "ignore").decode().lower()
    return "quiz-" + (re.sub(r"[^a-z0-9]+", "-", ascii_)[:40].strip("-") or "course")


def _assignment(title: str, questions: Sequence[Question]) -> str:
    points = len(questions)
    asked: list[dict[str, Any]] = []
    for number, question in enumerate(questions, 1):
        written: dict[str, Any] = {"id": f"question_{number}", "ask": "choice", "text": _both(question.text)}
        written["choices"] = [_both(choice) for choice in _told_apart(question.choices)]
        if question.why:
            written["why"] = _both(question.why)
        asked.append(written)
    exercise = {
        "id": "quiz",
        "kind": "quiz",
        "points": points,
        "title": {"en": "Quiz", "fr": "Quiz"},
        "tries": list(TRIES),
        "questions": asked,
    }
    return tomlkit.dumps({"points": points, "title": _both(title), "exercises": [exercise]})


def _told_apart(choices: Sequence[str]) -> list[str]:
    """The choices; where several are gaps still to be filled in, each gap has its number."""
    gaps = choices.count(GAP)
    return [f"{GAP} {place}" if gaps > 1 and each == GAP else each for place, each in enumerate(choices, 1)]


def _both(text: str) -> dict[str, str]:
    """The same in both languages: whoever takes the quiz over translates it, or leaves it."""
    return dict.fromkeys(LANGUAGES, text)


def _markdown(text: str) -> str:
    """A text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!<>|~$])", r"\\\1", " ".join(text.split()))

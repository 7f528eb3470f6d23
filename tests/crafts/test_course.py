"""A lesson's quiz as others read it (a schema by lxml, this lab's own loader, pypdf), and as it is typed."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]
from pypdf import PdfReader

from crafts.course import APPLICATION, TEMPLATES
from crafts.errors import CraftError
from crafts.quiz_exports import assignment_zip, folder_name, moodle_xml
from crafts.quiz_text import GAP, MAX_LINE, read_quiz
from exercises.i18n import LANGUAGES, Language, translator
from exercises.kinds import Quiz
from exercises.loader import load_assignment
from grading.checks.quiz_questions import ask_by_itself
from tests.crafts.conftest import shaded
from tests.grading.crafted import QUIZ, SETTINGS, TOLD

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).with_name("moodle.xsd"))))


def unpacked(data: bytes, folder: Path) -> Any:
    """The assignment in a zip, as an instructor unpacks it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    (made,) = folder.iterdir()
    return load_assignment(made)


def test_questions_are_read_with_the_right_answer_first() -> None:
    questions = read_quiz(QUIZ)
    assert [q.text for q in questions][:2] == [
        "Which gas do plants take up in the light?",
        "Where does it happen?",
    ]
    assert [q.choices[0] for q in questions] == [
        "Carbon dioxide",
        "In the leaves",
        "Water",
        "Oxygen",
        "In the dark",
    ]
    assert questions[1].choices == ["In the leaves", "In the roots"]
    assert all(q.why for q in questions)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Which?", "Line 1: begin with ?"),
        ("+ So", "Line 1: there is no question yet"),
        ("", "There is no question yet"),
        (" \n", "There is no question yet"),
        ("? Why\n+ So\n+ Also so\n- Not", "Line 3: this question has a right answer already"),
        ("? Why\n- So\n- Not", "Line 1: this question has no right answer"),
        ("? Why\n+ So", "Line 1: this question has one answer alone"),
        ("? Why\n+ So\n- So", "Line 3: this answer stands there already"),
        ("? Why\n+ So\n- Not\n! a\n! b", "Line 5: this question says already why"),
        ("?", "Line 1: something is missing"),
        ("? " + "x" * (MAX_LINE + 1), "301 characters"),
        ("? x\u202ey", "a sign that nobody sees"),
        ("? Why\n+ 1\n" + "".join(f"- {n}\n" for n in range(2, 9)), "at most 6 answers"),
        ("? Why\n+ So\n- Not\n" * 21, "more than 20 questions"),
        ("? " + " " * 8000, "too long"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line_and_what_to_do(text: str, told: str) -> None:
    with pytest.raises(CraftError) as raised:
        read_quiz(text)
    assert told in raised.value.in_language("en")
    assert raised.value.in_language("fr") != raised.value.in_language("en")


def test_moodle_gets_a_category_and_questions_as_its_format_is_described() -> None:
    document = etree.fromstring(moodle_xml("Leaves / light", read_quiz(QUIZ)))
    SCHEMA.assertValid(document)
    assert document.findtext("question[1]/category/text") == "$course$/top/Leaves // light"
    assert len(document) == 6
    first = document[1]
    assert [(a.get("fraction"), a.findtext("text")) for a in first.iter("answer")] == [
        ("100", "Carbon dioxide"),
        ("0", "Oxygen"),
        ("0", "Nitrogen"),
    ]
    assert first.findtext("generalfeedback/text") == "They build sugar of it & give oxygen off."


def test_the_zip_is_an_assignment_that_the_lab_loads_and_asks(tmp_path: Path) -> None:
    assignment = unpacked(assignment_zip("Leaves & light", read_quiz(QUIZ)), tmp_path)
    assert (assignment.id, assignment.points) == ("quiz-leaves-light", 5)
    (quiz,) = assignment.exercises
    assert isinstance(quiz, Quiz)
    for question, written in zip(quiz.questions, read_quiz(QUIZ), strict=True):
        asked = ask_by_itself(question, "")
        assert asked is not None
        (right,) = asked.right
        assert question.choices[int(right) - 1].fr == written.choices[0]
        assert question.why is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_have_every_declaration_and_the_answers_last(language: Language) -> None:
    known = APPLICATION.read_settings(SETTINGS["course"])
    pictures = [shaded(n) for n in range(3)]
    found: Any = APPLICATION.work_out(known, pictures)
    assert (found["pictures"], found["checked"], len(found["questions"])) == (3, 3, 5)
    pages = PdfReader(io.BytesIO(APPLICATION.files(known, pictures, found, language)[".pdf"])).pages
    text = " ".join("\n".join(page.extract_text() for page in pages).split())
    assert all(each[field] in text for each in TOLD for field in ("caption", "checked", "where"))
    assert "There is most of the green." in pages[-1].extract_text()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_each_subjects_template_is_a_quiz_with_gaps_that_the_lab_loads(
    template: str, language: Language, tmp_path: Path
) -> None:
    t = translator("lab", language)
    stub = t(f"course.{template}_quiz")
    assert [question.has_gap for question in read_quiz(stub)] == [True] * 3
    filled = read_quiz("".join(f"{n}" if sign == GAP else sign for n, sign in enumerate(stub)))
    assert len(filled) == 3
    assert len(unpacked(assignment_zip("Half done", read_quiz(stub)), tmp_path).exercises[0].questions) == 3
    assert len(t(f"course.{template}_prompts").split("\n")) == 3
    assert t(f"course.{template}_check")


LINES = st.lists(st.tuples(st.sampled_from("?+-!x"), st.text(max_size=30)).map(" ".join), max_size=25)


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(str.strip), LINES)
def test_whatever_is_typed_ends_in_a_valid_quiz_or_in_words(
    tmp_path_factory: pytest.TempPathFactory, title: str, lines: list[str]
) -> None:
    text = "? <b>One</b> ]]> &amp; 'two'\n+ \"yes\"\n- no\\\n" + "\n".join(lines)
    with suppress(CraftError):
        known = APPLICATION.read_settings({"template": "history", "title": title, "quiz": text})
        questions = read_quiz(known.quiz)
        SCHEMA.assertValid(etree.fromstring(moodle_xml(known.title, questions)))
        assignment = unpacked(assignment_zip(known.title, questions), tmp_path_factory.mktemp("quiz"))
        assert assignment.exercises[0].questions[0].choices[0].en == '"yes"'


def test_a_folders_name_is_an_id_whatever_the_title() -> None:
    assert folder_name("Où est l’été ?") == "quiz-ou-est-l-ete"
    assert folder_name("語") == "quiz-course"

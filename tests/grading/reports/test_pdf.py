"""A report as PDF: its text can be read, its pictures are in it, and nothing of a student's does anything."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from crafts import pages
from crafts.crossstitch import SYMBOLS
from exercises.assignment import Assignment
from exercises.errors import MissingExtra
from exercises.i18n import Language
from grading.class_.grade import grade_class
from grading.marks.mark import Comment, Mark, Passage
from grading.marks.store import MarksStore, Wanted
from grading.reports.pdf import BOX, student_pdf
from grading.reports.student import Entry, Picture, Report, Section, report_of
from grading.results import CheckResult, Grade
from grading.submission.reading import closing, open_submission
from manifests.answers import Answers, load_answers, save_answers
from manifests.store import Store

TOPIC = "reflection/reproducibility/topic"
FRENCH = "Qu’est-ce qui « tient » ? Ça coûte 12 € ; l’œuvre naïve, où ? Été : déjà vu !"
HOSTILE = "<script>alert(1)</script> **bold** [link](http://evil.example) \\n %PDF (x) Tj"


def read(data: bytes) -> str:
    """All text of the pages, lines joined: where a line breaks says nothing."""
    return " ".join("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def out(tmp_path: Path, make_good: Callable[[Path, str], Store], tp2: Assignment) -> Path:
    """Émile, who worked in French, graded and marked, with PDF."""
    store = make_good(tmp_path / "subs" / "Émile", "Émile")
    answers = load_answers(store.folder)
    save_answers(store.folder, Answers.model_validate(answers.model_dump() | {"language": "fr"}))
    comments = (Comment(text=FRENCH, place=Passage(quote="cost")), Comment(text=HOSTILE))
    MarksStore(tmp_path / "out").save(
        "ann",
        [
            Wanted("Émile", "reflection", 0, Mark(comments=comments)),
            Wanted("Émile", TOPIC, 0, Mark(points=0.25, reason="À moitié : seulement la graine.")),
        ],
    )
    grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="fr", pdf=True)
    return tmp_path / "out"


def test_text_can_be_read_with_accents_and_no_break_spaces(out: Path) -> None:
    said = read((out / "Émile" / "report.pdf").read_bytes())
    grade = Grade.model_validate_json((out / "Émile" / "grade.json").read_bytes())
    for words in ("Émile", FRENCH, HOSTILE, "À moitié : seulement la graine.", grade.explained):
        assert plain(words) in said, words
    assert BOX not in said


def test_its_pictures_are_in_it(out: Path, tmp_path: Path, tp2: Assignment) -> None:
    pages = PdfReader(io.BytesIO((out / "Émile" / "report.pdf").read_bytes())).pages
    placed = sum(len(page.images) for page in pages)
    grade = Grade.model_validate_json((out / "Émile" / "grade.json").read_bytes())
    with closing(open_submission(tmp_path / "subs" / "Émile", "tp2", name="Émile")) as submission:
        report = report_of(tp2, grade, "fr", submission)
    wanted = [each for section in report.sections for each in section.pictures if each.uri]
    assert len(wanted) > 10
    assert placed >= len({each.uri for each in wanted})
    first = Image.open(io.BytesIO(pages[0].images[0].data))
    assert first.size[0] >= 64


def test_it_does_nothing_and_asks_for_nothing(out: Path) -> None:
    reader = PdfReader(io.BytesIO((out / "Émile" / "report.pdf").read_bytes()))
    root = reader.root_object
    assert isinstance(root.get("/OpenAction", []), list)  # how it is shown at first; an action has a name
    assert not {"/AA", "/Names", "/AcroForm"} & set(root)
    assert not any(page.get("/Annots") for page in reader.pages)
    assert str(root["/Lang"]).startswith("fr")


def test_without_being_asked_there_is_none_and_an_old_one_goes(
    out: Path, tmp_path: Path, tp2: Assignment
) -> None:
    grade_class(tmp_path / "subs", tp2, out, language="fr")
    assert not (out / "Émile" / "report.pdf").exists()


def test_what_cannot_be_graded_has_one_with_the_reasons(tmp_path: Path, tp2: Assignment) -> None:
    (tmp_path / "subs" / "zoe").mkdir(parents=True)
    (tmp_path / "subs" / "max.zip").write_bytes(b"no zip")
    grade_class(tmp_path / "subs", tp2, tmp_path / "out", language="en", pdf=True)
    assert "Nothing was handed in" in read((tmp_path / "out" / "zoe" / "report.pdf").read_bytes())
    assert "cannot be graded" in read((tmp_path / "out" / "max" / "report.pdf").read_bytes())


def test_without_the_library_it_is_said_before_anything_is_graded(
    tmp_path: Path, tp2: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fpdf", None)
    with pytest.raises(MissingExtra, match="pdf"):
        grade_class(tmp_path, tp2, tmp_path / "out", pdf=True)
    assert not (tmp_path / "out").exists()


def of(text: str, language: Language = "en") -> Report:
    """A report in which a student's text stands in every place."""
    check = CheckResult(
        id="a/b/recorded", title=text, passed=False, points=0, maximum=1, by_person=True, items=(text,)
    )
    section = Section(
        title=text,
        points=0,
        maximum=1,
        entries=(Entry(check, reason=text),),
        pictures=(Picture(text, text),) * 6,
    )
    grade = Grade(
        student=text, assignment="tp2", gradable=True, points=0, maximum=1, findings=(text,), explained=text
    )
    return Report(grade, text, language, (section,), text, text)


def test_a_sign_that_the_font_has_not_is_a_box_and_said_so() -> None:
    said = read(student_pdf(of("日本語 \U0001f600 ok")))
    assert f"{BOX}{BOX}{BOX} {BOX} ok" in said
    assert "report.html shows it" in said


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=300) | st.text(st.characters(categories=["Cc", "Cf", "Mn", "So", "Zs"]), max_size=60))
def test_no_text_keeps_it_from_being_written(text: str) -> None:
    assert PdfReader(io.BytesIO(student_pdf(of(text)))).pages


def test_a_word_without_end_and_a_very_long_text_are_broken_into_lines_and_pages() -> None:
    reader = PdfReader(io.BytesIO(student_pdf(of("x" * 20_000))))
    assert 5 < len(reader.pages) < 400


def test_both_fonts_have_what_french_and_the_marks_need() -> None:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    needed = {ord(sign) for sign in FRENCH + "✓✗–☞?→↓▼▶×·•“”\u00a0\u202f" + BOX + SYMBOLS}
    for name in pages.FONTS.values():
        font = TTFont(Path(pages.__file__).parent / "fonts" / name)
        assert needed <= set(font.getBestCmap())

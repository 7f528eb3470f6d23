"""What the tabs for analyses, corrections and alternative texts show and write; the provider is played."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.errors import UserError
from exercises.i18n import LANGUAGES, Language
from exercises.loader import find_assignment
from lab.jobs.analyse import QuestionJob
from lab.records import own_pictures
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import asking, correct, costs
from manifests.analysis import AltText, Analysis, Correction
from manifests.answers import Answers, SubjectAnswer, save_answers
from manifests.store import Store
from tests.grading.api_good import api_draft, ask, file_of, make_api_work, seen
from tests.grading.good import draft_of, noise
from tests.lab.ui.tabs.conftest import API, bare_page, notes, tab_of, words

EVIL = '<img src=x onerror="alert(1)"> & {0} [a](http://x)'


# --- whose pictures, which models


def test_pictures_of_every_assignment_are_offered_this_ones_first(full: Lab):
    tp2 = find_assignment("tp2")
    exercise, run = tp2.planned_runs()[0]
    Store(full.work, "tp2", "alice").save(draft_of(exercise.id, run), noise(9))
    (full.work / ".cache").mkdir()
    names = [name for _, name in asking.picture_choices(full)]
    assert names[0] == "api-analysis/comparison-2"
    assert "tp2/smoke" in names
    record = full.own_pictures()["tp2/smoke"]
    assert "tp2" in own_pictures.caption(full.assignment.id, record)


def test_only_providers_that_are_set_up_are_offered(full: Lab):
    page = bare_page(full)
    choices = asking.model_choices(full, page)
    assert [value for _, value in choices] == ["", "played/model-a"]
    assert asking.selection_of("played/org/model").model == "org/model"
    assert asking.selection_of("").provider is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_providers_file_is_said_and_the_pages_still_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: Language
):
    file = tmp_path / "providers.toml"
    file.write_text('currency = "EURO"\n')
    monkeypatch.setenv("GENAI_PROVIDERS", str(file))
    broken = Lab(LabSettings(), API, tmp_path / "work", "alice", None)  # type: ignore[arg-type]
    make_api_work(broken.work, API)
    assert tab_of(broken, "compare", language)._offer([])["choices"]
    page = bare_page(broken, language)
    assert [value for _, value in asking.model_choices(broken, page)] == [""]
    assert "providers.toml" in costs.look(broken, page)[0]
    (task,) = tab_of(broken, "analyse", language)._ask(["api-analysis/product"], "describe", "", "")
    with pytest.raises(UserError, match=r"providers\.toml"):
        task.start()


def test_a_picture_that_has_gone_is_said(full: Lab):
    tab = tab_of(full, "analyse")
    for names in ([], None, ["api-analysis/gone"], ["../../etc/passwd"]):
        with pytest.raises(UserError):
            tab._ask(names, "describe", "", "")


# --- analyse


def test_each_picture_chosen_is_a_call_of_its_own(full: Lab):
    tab = tab_of(full, "analyse")
    tasks = tab._ask(["api-analysis/product", "api-analysis/poor"], "describe", "", "played/model-a")
    works = [task.start() for task in tasks]
    assert [work.question.picture.stem for work in works if isinstance(work, QuestionJob)] == [
        "product",
        "poor",
    ]
    before = len(full.notebook().entries())
    for work in works:
        list(work.events())
    assert len(full.notebook().entries()) == before + 2


def test_a_question_of_ones_own_needs_words(full: Lab):
    with pytest.raises(UserError):
        tab_of(full, "analyse")._ask(["api-analysis/product"], "question", " ", "")


def test_answers_are_shown_of_the_chosen_pictures_alone_and_follow_the_conversation(full: Lab):
    tab = tab_of(full, "analyse")
    answers, follows, _ = tab.show(["api-analysis/poor"], None)
    assert answers.count("<article") == 2
    assert [value for _, value in follows["choices"]] == [6, 5]
    assert follows["value"] == 6
    everything, follows, _ = tab.show([], 1)
    assert everything.count("<article") == 7
    assert follows["value"] == 1


def test_a_conversation_goes_on_from_its_end(full: Lab):
    (work,) = (task.start() for task in tab_of(full, "analyse")._go_on(1, "Is it old?", ""))
    list(work.events())
    last = full.notebook().entries()[-1]
    assert isinstance(last, Analysis)
    assert last.asked.follows == 1
    assert tab_of(full, "analyse").show([], 1)[1]["value"] == last.sequence
    for number, question in ((999, "Why?"), (1, "  ")):
        with pytest.raises(UserError):
            tab_of(full, "analyse")._go_on(number, question, "")


def test_the_students_own_scores_stand_beside_the_models(full: Lab):
    save_answers(
        full.folder, Answers(evaluations={"one": SubjectAnswer(image="product", scores={"artifacts": 2})})
    )
    product = full.store().newest("product")
    assert product
    data: dict[str, object] = {"artifacts": {"score": 1, "reason": "The strap is doubled."}}
    ask(full.notebook(), product, "quality", "{}", data)
    shown = tab_of(full, "analyse").show(["api-analysis/product"], None)[0]
    assert "<td>1 / 2</td><td>2 / 2</td>" in shown
    assert "advice" in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_model_or_a_student_says_is_never_html(full: Lab, language: Language):
    product = full.store().newest("product")
    assert product
    notebook = full.notebook()
    number = ask(notebook, product, "describe", EVIL)
    ask(notebook, product, "quality", "{}", {EVIL: {"score": EVIL, "reason": EVIL}})
    ask(notebook, product, "missing", "{}", {"present": [EVIL], EVIL: EVIL})
    notebook.write("correct", Correction(about=number, claim=EVIL, truth=EVIL, noticed=EVIL))
    notebook.write(
        "alt_text",
        AltText(image=seen(product), purpose="informative", use=EVIL, alt=EVIL, long="", about=number),
    )
    full.store().save(api_draft("compare", "comparison", EVIL, provider=EVIL[:20]), file_of(77))
    shown = [
        *tab_of(full, "analyse", language).show([], None),
        *tab_of(full, "correct", language)._offer(number, None),
        tab_of(full, "correct", language)._written(),
        tab_of(full, "alt_text", language)._written(),
        *tab_of(full, "alt_text", language)._drafted("api-analysis/product"),
        *tab_of(full, "compare", language).show(),
    ]
    html = words(*(value for value in shown if not isinstance(value, dict)))
    assert "<img src=x" not in html
    assert html.count("&lt;img src=x") >= 8


# --- correct


def test_the_statements_of_an_answer_are_its_sentences_word_for_word(full: Lab):
    product = full.store().newest("product")
    assert product
    text = "Sharpness 244.8: edges are sharp. It is red!\nIs it a bag? 29% of it is empty. …"
    number = ask(full.notebook(), product, "describe", text)
    answer = full.notebook().find(number)
    assert answer
    found = correct.statements(answer)
    assert found == ["Sharpness 244.8: edges are sharp.", "It is red!", "Is it a bag?", "29% of it is empty."]
    assert all(sentence in text for sentence in found)


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300))
def test_every_statement_offered_stands_in_the_answer_word_for_word(text: str):
    answered = SimpleNamespace(statements=lambda: [text])
    for statement in correct.statements(cast(Any, SimpleNamespace(answered=answered))):
        assert statement in text
        assert any(c.isalnum() for c in statement)


def test_a_correction_is_written_down_and_earns_its_points(lab: Lab):
    make_api_work(lab.work, API)
    tab = tab_of(lab, "correct")
    said, truth, noticed = tab._save(1, "Edges are sharp.", "They are soft.", "I " + "looked again " * 5)
    assert "alert" not in said
    assert (truth, noticed) == ("", "")
    assert notes(lab)[-1] == Correction(
        about=1,
        claim="Edges are sharp.",
        truth="They are soft.",
        noticed=("I " + "looked again " * 5).strip(),
    )


@pytest.mark.parametrize(
    "values",
    [
        (1, "The sky is green.", "No.", "one two three four five six seven eight"),
        (999, "Edges are sharp.", "No.", "one two three four five six seven eight"),
        (None, None, "No.", "one two three four five six seven eight"),
        (1, "Edges are sharp.", " ", "one two three four five six seven eight"),
        (1, "Edges are sharp.", "No.", "I looked."),
    ],
)
def test_an_incomplete_correction_is_said_and_not_written(full: Lab, values: tuple[Any, ...]):
    before = full.notebook().entries()
    said, *_ = tab_of(full, "correct")._save(*values)
    assert 'role="alert"' in said
    assert full.notebook().entries() == before


# --- alternative texts


def test_a_draft_is_asked_for_with_purpose_and_use(full: Lab):
    (task,) = tab_of(full, "alt_text")._draft("api-analysis/product", "complex", "a page of my shop", "")
    work = task.start()
    assert isinstance(work, QuestionJob)
    assert (work.question.task, work.question.purpose, work.question.use) == (
        "alt_text", "complex", "a page of my shop",
    )  # fmt: skip


def test_the_draft_goes_into_the_boxes_the_purpose_has(full: Lab):
    tab = tab_of(full, "alt_text")
    assert tab._take("api-analysis/product", "complex") == ["A bag.", "A bag, red."]
    assert tab._take("api-analysis/product", "informative") == ["A bag.", gr.skip()]
    assert tab._take("api-analysis/poor", "informative") == [gr.skip(), gr.skip()]


def test_the_text_that_is_saved_says_what_it_is_of_and_which_draft_it_came_from(full: Lab):
    product = full.store().newest("product")
    assert product
    tab = tab_of(full, "alt_text")
    said = tab._save(
        "api-analysis/product", "a page of my shop", "informative", " A red bag ", "left from before"
    )
    assert "alert" not in said
    text = notes(full)[-1]
    assert text == AltText(
        image=seen(product), purpose="informative", use="a page of my shop", alt="A red bag", long="", about=8
    )
    tab._save("api-analysis/product", "a page of my shop", "decorative", "left", "from before")
    assert (notes(full)[-1].alt, notes(full)[-1].about) == ("", None)


@pytest.mark.parametrize(
    ("use", "purpose", "alt", "long"),
    [
        ("shop", "informative", "A red bag", ""),
        ("a page of my shop", "informative", "Image of a bag", ""),
        ("a page of my shop", "informative", "", ""),
        ("a page of my shop", "complex", "A red bag", "It is red."),
    ],
)
def test_a_text_that_breaks_a_rule_is_said_and_not_saved(
    full: Lab, use: str, purpose: str, alt: str, long: str
):
    before = full.notebook().entries()
    said = tab_of(full, "alt_text")._save("api-analysis/product", use, purpose, alt, long)
    assert 'role="alert"' in said
    assert full.notebook().entries() == before


def test_length_is_advice_and_no_fault(full: Lab):
    tab = tab_of(full, "alt_text")
    alt = "A red backpack for school, " * 8
    assert "125" in tab._advice("informative", alt, "")
    assert 'class="note"' not in tab._advice("informative", alt, "")
    assert 'class="note"' in tab._advice("informative", "Picture of a bag", "")
    assert "alert" not in tab._save("api-analysis/product", "a page of my shop", "informative", alt, "")


def test_the_gallery_reads_the_students_text_to_those_who_do_not_see(full: Lab):
    from lab.ui.tabs.result import Result

    product = full.store().newest("product")
    with gr.Blocks():
        shown = Result(Page(full, "en"), "test").show(product)
    assert shown[0]["alt_text"] == "A red school backpack"
    assert "a page of my shop" in shown[1]

"""Evaluation, hand-in and health in a browser: every change is saved, and what is handed in grades."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.i18n import Language
from exercises.kinds import Evaluation
from exercises.loader import find_assignment
from grading.class_.grade import grade_class
from manifests.answers import FILE, Answers, load_answers, save_answers
from manifests.store import Store
from tests.browser.conftest import RunningLab, StartLab, tab
from tests.grading.good import EARNED, REFLECTION, answers_for, draft_of, make_work, noise

OpenPage = Callable[..., Page]
STUDENT = "jane.doe"  # as `start_lab` sets it
TP2 = find_assignment("tp2")
GRID = next(e for e in TP2.exercises if isinstance(e, Evaluation))


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> RunningLab:
    """A lab in which every picture has been made."""
    running = start_lab()
    make_work(running.work, TP2, STUDENT)
    return running


@pytest.fixture
def folder(lab: RunningLab) -> Path:
    """The assignment's folder, with nothing written and nothing handed in yet."""
    folder = lab.work / "tp2"
    folder.joinpath(FILE).unlink(missing_ok=True)
    shutil.rmtree(folder / "hand-ins", ignore_errors=True)
    return folder


@pytest.fixture
def evaluation(folder: Path, lab: RunningLab, open_page: OpenPage) -> Page:
    page = open_page(lab.page(tab="evaluation"))
    expect(page.locator("#evaluation-checklist")).to_contain_text("/")
    return page


def choose(page: Page, subject: str, stem: str) -> None:
    page.locator(f"#evaluation-{subject}-image input").click()
    page.get_by_role("option", name=f"{stem}:").click()


def score(page: Page, subject: str, criterion: str, value: int) -> None:
    page.locator(f"#evaluation-{subject}-{criterion}").get_by_label(str(value), exact=True).check()


def write(page: Page, subject: str, number: int, text: str) -> None:
    page.locator(f"#evaluation-{subject}-reason{number} textarea").fill(text)


def saved(page: Page, part: str) -> None:
    expect(page.locator(f"#{part}-saved")).to_contain_text("Saved at")


def test_an_evaluation_and_a_reflection_outlive_a_reload(evaluation: Page, folder: Path) -> None:
    page = evaluation
    choose(page, "extreme", "t2i_run05_guid12")
    expect(page.locator("#evaluation-extreme img")).to_have_attribute("alt", re.compile("headphones"))
    for number, criterion in enumerate(GRID.criteria):
        score(page, "extreme", criterion.id, number % 3)
    expect(page.locator("#evaluation-extreme-total")).to_contain_text("Total: 4 / 10")
    write(page, "extreme", 1, "Too much contrast.")
    write(page, "extreme", 2, "Details are crushed.")
    page.locator("#reflection textarea").fill(REFLECTION["en"])
    expect(page.locator("#reflection-seen")).to_contain_text("Lines: 10")
    saved(page, "reflection")
    saved(page, "evaluation-extreme")

    page.reload()
    expect(page.locator("#evaluation-extreme-total")).to_contain_text("Total: 4 / 10")
    expect(page.locator("#evaluation-extreme-reason2 textarea")).to_have_value("Details are crushed.")
    expect(page.locator("#reflection textarea")).to_have_value(REFLECTION["en"])
    expect(page.locator("#evaluation-extreme img")).to_be_visible()
    answer = load_answers(folder).evaluations["extreme"]
    assert answer.image == "t2i_run05_guid12"
    assert answer.scores == {c.id: n % 3 for n, c in enumerate(GRID.criteria)}
    assert answer.reasons == ["Too much contrast.", "Details are crushed."]


def test_lines_points_and_grade_follow_while_typing(evaluation: Page) -> None:
    seen, box = evaluation.locator("#reflection-seen"), evaluation.locator("#reflection textarea")
    expect(seen.locator("li.passed")).to_have_count(0)
    box.fill("More steps cost more time.\n\nThe seed is needed.")
    expect(seen).to_contain_text("Lines: 2")
    expect(seen.locator("li.passed")).to_have_count(2)
    expect(seen.locator("li.unknown")).to_have_count(1)
    expect(evaluation.locator("#lab-points")).to_contain_text("10.57 of 20")
    box.fill(REFLECTION["en"])
    expect(seen.locator("li.passed")).to_have_count(3)
    box.blur()
    expect(evaluation.locator("#lab-points")).to_contain_text("11.07 of 20")


def test_a_second_tab_overwrites_only_what_is_touched_in_it(
    evaluation: Page, lab: RunningLab, folder: Path, open_page: OpenPage
) -> None:
    other = open_page(lab.page(tab="evaluation"), beside=evaluation)
    expect(other.locator("#evaluation-checklist")).to_contain_text("/")
    write(evaluation, "baseline", 1, "Sharp.")
    saved(evaluation, "evaluation-baseline")
    score(other, "baseline", GRID.criteria[0].id, 2)
    saved(other, "evaluation-baseline")
    answer = load_answers(folder).evaluations["baseline"]
    assert (answer.reasons, answer.scores) == (["Sharp."], {GRID.criteria[0].id: 2})
    for page in (evaluation, other):  # each shows what was written in the other one, once it is looked at
        tab(page, "Start")
        tab(page, "Evaluation")
        expect(page.locator("#evaluation-baseline-reason1 textarea")).to_have_value("Sharp.")
        second = page.locator(f"#evaluation-baseline-{GRID.criteria[0].id}").get_by_label("2", exact=True)
        expect(second).to_be_checked()


def test_answers_that_cannot_be_read_are_said_and_kept(
    folder: Path, lab: RunningLab, open_page: OpenPage
) -> None:
    folder.joinpath(FILE).write_text("{not json")
    page = open_page(lab.page(tab="evaluation"))
    expect(page.locator("#evaluation-trouble")).to_contain_text("cannot be read")
    page.locator("#reflection textarea").fill("anew")
    saved(page, "reflection")
    assert load_answers(folder).reflection == "anew"
    assert [p.read_text() for p in folder.glob("answers.unreadable*")] == ["{not json"]


def test_what_is_typed_never_becomes_part_of_the_page(evaluation: Page) -> None:
    evil = "<img src=x onerror=alert(1)> ${value}"
    evaluation.on("dialog", lambda dialog: pytest.fail(f"it ran as a script: {dialog.message}"))
    write(evaluation, "baseline", 1, evil)
    saved(evaluation, "evaluation-baseline")
    evaluation.locator("#reflection textarea").fill(evil)
    saved(evaluation, "reflection")
    evaluation.reload()
    expect(evaluation.locator("#reflection textarea")).to_have_value(evil)
    assert evaluation.locator("img[src=x]").count() == 0


@pytest.mark.parametrize(("language", "button"), [("en", "Hand in"), ("fr", "Rendre mon travail")])
def test_what_is_handed_in_is_downloaded_and_grades(
    folder: Path, lab: RunningLab, open_page: OpenPage, tmp_path: Path, language: Language, button: str
) -> None:
    save_answers(folder, answers_for(TP2, language))
    page = open_page(lab.page(language, "hand_in"))
    expect(page.locator("#lab-points")).to_contain_text("20")
    page.get_by_role("button", name=button).click()
    expect(page.locator("#hand-in-status")).to_contain_text(".zip")
    links = page.locator("#hand-ins a")
    expect(links).to_have_count(1)
    with page.expect_download() as download:
        links.first.click()
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    download.value.save_as(submissions / f"{STUDENT}.zip")
    grades = grade_class(submissions, TP2, tmp_path / "out", workers=1)
    assert [(g.student, g.gradable, g.points) for g in grades] == [(STUDENT, True, EARNED)]


def test_what_is_missing_is_named_with_its_cause_and_the_rest_can_be_handed_in(
    folder: Path, lab: RunningLab, open_page: OpenPage
) -> None:
    save_answers(folder, Answers())
    page = open_page(lab.page(tab="hand_in"))
    checks = page.locator("#hand-in-checklist")
    expect(page.locator("#hand-in-contents")).to_contain_text("10.57 of 20")
    expect(checks).to_contain_text("There is no reflection yet.")
    for number in (1, 2):
        page.get_by_role("button", name="Hand in").click()
        expect(page.locator("#hand-ins a")).to_have_count(number)
    page.reload()
    expect(page.locator("#hand-ins a")).to_have_count(2)


def test_health_says_what_the_doctor_finds(lab: RunningLab, open_page: OpenPage) -> None:
    page = open_page(lab.page(tab="health"))
    findings = page.locator("#tab-health .findings, .findings").first
    expect(findings).to_contain_text("the chain of manifests is whole")
    stray = lab.work / "tp2" / "outputs" / "stray.png"
    stray.write_bytes(b"")
    page.get_by_role("button", name="Examine again").click()
    expect(findings).to_contain_text("stray.png")
    stray.unlink()


def test_other_names_in_the_record_can_be_said_to_be_one_s_own(
    folder: Path, lab: RunningLab, open_page: OpenPage
) -> None:
    page = open_page(lab.page(tab="hand_in"))
    expect(page.locator("#hand-in-checklist")).to_contain_text("/")
    expect(page.locator("#also-me")).to_be_hidden()
    exercise, run = TP2.planned_runs()[0]
    record = Store(lab.work, "tp2", "my-laptop").save(draft_of(exercise.id, run), noise(5))
    try:
        page.reload()
        page.locator("#also-me").get_by_label("my-laptop").check()
        expect(page.locator("#hand-in-status")).to_contain_text("Noted")
        assert load_answers(folder).also_me == ["my-laptop"]
        page.reload()
        expect(page.locator("#also-me").get_by_label("my-laptop")).to_be_checked()
    finally:
        record.manifest_path.unlink()
        record.image_path.unlink()

"""What the evaluation, gallery, hand-in and health tabs write: in both languages, and escaped."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gradio as gr
import pytest
from PIL import Image

from exercises.i18n import LANGUAGES, Language
from exercises.loader import find_assignment
from grading.results import CheckResult, Regeneration
from lab.records import answers as answering
from lab.records import exercise_answers
from lab.session.doctor import Finding, State
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.page import Page
from lab.ui.tabs import details, gallery, hand_in, health, saving, side_by_side
from manifests.answers import Answers, load_answers
from manifests.draft import Draft
from manifests.manifest import Model, Request, Versions
from manifests.store import Record, Store
from tests.manifests.conftest import ADHERENCE

EVIL = "<img src=x onerror=alert(1)> & 'quotes' {0} ${1}"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab without an engine: nothing is generated here."""
    return Lab(LabSettings(), find_assignment("tp2"), tmp_path, "ada", cast(Any, None))


def page(lab: Lab, language: Language = "en") -> Page:
    with gr.Blocks():
        return Page(lab, language)


def record(lab: Lab, run: str = "smoke", **changed: Any) -> Record:
    request: dict[str, Any] = {
        "mode": "text2img", "prompt": "a red bag", "negative_prompt": "", "width": 8, "height": 8,
        "steps": 2, "guidance_scale": 7.5, "scheduler": "DDIM", "seed": 1,
    } | changed  # fmt: skip
    draft = Draft(
        exercise="smoke", run=run, request=Request(**request), effective_steps=2,
        model=Model(id="mini", repository="genai-lab", revision="0"),
        versions=Versions(python="3", torch="2", diffusers="0", transformers="5", genai_lab="0"),
        device="cpu", dtype="float32", batch_size=1, batch_index=0, seconds=0.1,
    )  # fmt: skip
    return Store(lab.work, "tp2", "ada").save(draft, Image.effect_noise((8, 8), 50).convert("RGB"))


def check(check_id: str, passed: bool | None, points: float, *, needs_person: bool = False) -> CheckResult:
    return CheckResult(
        id=check_id, title=EVIL, passed=passed, points=points, maximum=1, needs_person=needs_person
    )


def test_only_parameters_that_differ_are_shown_and_what_differs_in_a_prompt_is_marked(lab: Lab) -> None:
    left, right = record(lab), record(lab, prompt="a blue bag", steps=9)
    html = side_by_side.changes(page(lab), left, right)
    assert "<mark>red</mark>" in html
    assert "<mark>blue</mark>" in html
    assert "<mark>9</mark>" in html
    assert "DDIM" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_machines_opinion_stands_on_a_picture_of_the_gallery(lab: Lab, language: Language) -> None:
    made = record(lab)
    assert gallery.item(page(lab, language), made).badge == ""
    judged = replace(made, manifest=made.manifest.model_copy(update={"adherence": ADHERENCE}))
    assert gallery.item(page(lab, language), judged).badge == "machine 1/2"
    every = details.all_fields(page(lab, language), judged.manifest)
    assert {"en": "a handbag 12%", "fr": "un sac à main 12"}[language] in every
    assert "probability" not in every


def test_two_pictures_made_alike_have_no_parameter_to_show(lab: Lab) -> None:
    assert "<mark>" not in side_by_side.changes(page(lab), record(lab), record(lab))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_prompt_holds_is_never_html(lab: Lab, language: Language) -> None:
    shown = page(lab, language)
    left, right = record(lab, prompt=EVIL), record(lab, prompt=EVIL + "x")
    for html in (side_by_side.changes(shown, left, right), details.all_fields(shown, left.manifest)):
        assert "<img" not in html
        assert "&lt;img" in html


def test_every_field_of_a_manifest_is_in_the_details(lab: Lab) -> None:
    made = record(lab)
    html = details.all_fields(page(lab), made.manifest)
    for value in (made.manifest.digest, made.manifest.image.pixels_sha256, "DDIM", "float32", "ada"):
        assert str(value) in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", ["identical", "compatible", "different", "not checkable"])
def test_every_verdict_has_its_words_and_only_a_different_picture_is_bad(
    lab: Lab, language: Language, verdict: Any
) -> None:
    found = Regeneration(stem="smoke", verdict=verdict, causes=("torch: 2 → 3",), psnr=31.46)
    html = details.verdict(page(lab, language), found)
    assert "torch: 2 → 3" in html
    assert ('role="alert"' in html) == (verdict == "different")
    assert ("31" in html) == (verdict != "identical")


def test_the_sum_names_what_is_open_and_what_a_person_reads(lab: Lab) -> None:
    checks = [check("smoke/smoke/recorded", True, 1), check("baseline/baseline/image", False, 0)]
    html = hand_in.missing(page(lab), [*checks, check("reflection/a/topic", None, 0, needs_person=True)])
    assert "1 of 3" in html
    assert "done: 1" in html
    assert "person: 1" in html


def test_with_everything_passed_nothing_is_missing(lab: Lab) -> None:
    assert "Nothing is missing" in hand_in.missing(page(lab), [check("smoke/smoke/recorded", True, 1)])


def test_checks_are_folded_under_their_exercise_behind_the_number_that_is_open(lab: Lab) -> None:
    checks = [check("smoke/smoke/recorded", True, 1), check("sweep/a/image", False, 0)]
    html = hand_in.by_exercise(lab, page(lab, "fr"), checks)
    assert html.index("Premier essai") < html.index("Balayage")
    done, still_open = html.split('<summary><span class="state')[1:3]
    assert "fait" in done
    assert "1 à faire" in still_open
    assert 'data-tab="sweep"' in still_open
    assert "<img" not in html


def test_what_a_person_has_still_to_read_is_not_said_to_be_done(lab: Lab) -> None:
    html = hand_in.by_exercise(lab, page(lab), [check("reflection/a/topic", None, 0, needs_person=True)])
    assert "to be read" in html
    assert ">done<" not in html


def test_what_will_be_handed_in_is_counted(lab: Lab) -> None:
    record(lab)
    record(lab)
    lab.store().delete("smoke")
    html = hand_in.contents(lab, page(lab))
    assert "(1)" in html
    assert "ada" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_optional_exercise_of_which_nothing_is_made_is_not_said_to_be_done(
    tmp_path: Path, language: Language
) -> None:
    lab = Lab(LabSettings(), find_assignment("prompts"), tmp_path, "ada", cast(Any, None))
    shown = page(lab, language)
    exercise = lab.assignment.exercise("guidance")
    assert exercise is not None
    (guidance,) = [
        part
        for part in hand_in.by_exercise(lab, shown, lab.checks(language)).split("</summary>")
        if f"</span> {exercise.title(language)}" in part
    ]
    assert shown.t("hand_in.untouched") in guidance
    assert shown.t("page.optional") in guidance
    assert 'class="state done"' not in guidance


def test_only_what_the_assignment_asks_for_is_said_to_be_handed_in(lab: Lab, tmp_path: Path) -> None:
    prompts = Lab(LabSettings(), find_assignment("prompts"), tmp_path, "ada", cast(Any, None))
    assert "your photo" in hand_in.contents(lab, page(lab))
    assert "your code" in hand_in.contents(lab, page(lab))
    said = hand_in.contents(prompts, page(prompts))
    assert "photo" not in said
    assert "code" not in said
    assert "what you wrote" in said


def test_earlier_hand_ins_are_listed_newest_first_with_links(lab: Lab) -> None:
    assert "<a " not in hand_in.earlier(lab, page(lab))
    folder = lab.folder / "hand-ins"
    folder.mkdir(parents=True)
    for number, name in enumerate(("old.zip", "new <b>.zip")):
        (folder / name).write_bytes(b"x" * 2**20)
        os.utime(folder / name, (number, number))
    html = hand_in.earlier(lab, page(lab))
    assert html.index("new &lt;b&gt;.zip") < html.index("old.zip")
    assert "/en/gradio_api/file=" in html
    assert "<b>" not in html
    assert "1 MiB" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_worst_finding_stands_first_with_its_fix(lab: Lab, language: Language) -> None:
    findings = [
        Finding("a", State.OK, "Fine thing", "as it should be"),
        Finding("b", State.PROBLEM, "Broken thing", EVIL, "mend it"),
    ]
    html = health.findings_table(page(lab, language), findings)
    assert html.index("Broken thing") < html.index("mend it") < html.index("Fine thing")
    assert "<img" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_model_of_the_registry_is_listed(lab: Lab, language: Language) -> None:
    html = health.models_table(page(lab, language))
    assert all(name in html for name in ("mini", "sd15", "qwen-image-edit"))


@pytest.mark.parametrize(
    ("stem", "before", "now", "chosen"),
    [
        ("b", ["a", "b", "c"], ["a", "b", "c"], "b"),
        ("b", ["a", "b", "c"], ["a", "c"], "c"),
        ("c", ["a", "b", "c"], ["a", "b"], "b"),
        ("x", [], ["a", "b"], "a"),
        (None, [], ["a"], "a"),
        ("a", ["a"], [], None),
    ],
)
def test_what_took_a_deleted_pictures_place_is_chosen(
    stem: str | None, before: list[str], now: list[str], chosen: str | None
) -> None:
    assert gallery.successor(stem, before, now) == chosen


def saved(lab: Lab, change: answering.Change, shown: Answers | None) -> Any:
    return saving.save(lab, page(lab), change, shown, lambda now: now.reflection)


def test_what_cannot_be_saved_is_said_and_stays_in_the_page(lab: Lab) -> None:
    lab.work.rmdir()
    lab.work.write_text("a file where the work folder was")
    now = Answers()
    said, told = saved(lab, answering.reflection("typed"), now)
    assert (now.reflection, told) == ("typed", "typed")
    assert 'role="alert"' in said


def test_what_another_page_wrote_is_on_disk_and_not_taken_for_seen(lab: Lab) -> None:
    answering.update(lab.folder, "en", answering.set_reason("baseline", 0, "from elsewhere"))
    now = Answers()
    saved(lab, answering.reflection("typed"), now)
    on_disk = load_answers(lab.folder)
    assert (on_disk.reflection, now.reflection) == ("typed", "typed")
    assert on_disk.evaluations["baseline"].reasons == ["from elsewhere"]
    assert now != on_disk


def test_what_this_page_wrote_itself_is_what_it_shows(lab: Lab) -> None:
    now = Answers()
    saved(lab, answering.score("baseline", "artifacts", 2), now)
    assert now == load_answers(lab.folder)


def test_of_changes_sent_at_the_same_moment_each_is_saved_and_told_in_its_turn(lab: Lab) -> None:
    now, changes = Answers(), [answering.score("baseline", f"criterion{n}", n % 3) for n in range(16)]
    shown = page(lab)  # Gradio builds one page at a time

    def scores(answers: Answers) -> str:
        return str(len(answers.evaluations["baseline"].scores))

    def save(change: answering.Change) -> int:
        _, told = saving.save(lab, shown, change, now, scores)
        return int(told)

    with ThreadPoolExecutor(len(changes)) as pool:
        told = sorted(pool.map(save, changes))
    assert told == list(range(1, len(changes) + 1))
    assert now == load_answers(lab.folder)


@pytest.mark.parametrize("shown", [None, Answers(reflection="as read")])
def test_filling_the_page_saves_nothing(lab: Lab, shown: Answers | None) -> None:
    saved(lab, answering.reflection("as read" if shown else ""), shown)
    assert not (lab.folder / "answers.json").exists()


def test_a_prompt_that_the_page_filled_in_itself_is_not_saved(lab: Lab) -> None:
    put = exercise_answers.putting("improve", "prompt", "a bag")
    now = Answers()
    saved(lab, put("a bag"), now)
    assert not (lab.folder / "answers.json").exists()
    saved(lab, put("a red bag"), now)
    saved(lab, put("a bag"), now)  # typed now, over another one
    assert load_answers(lab.folder).exercises["improve"].prompt == "a bag"

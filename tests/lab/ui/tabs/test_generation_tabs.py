"""What the generating tabs show of the disk, and what their buttons would do: without browser or model."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pillow_heif
import pytest
from PIL import Image

from exercises.errors import UserError
from exercises.i18n import LANGUAGES, Language
from exercises.kinds import ImageToImage, Sweep
from exercises.loader import find_assignment
from lab.jobs.generate import notes
from lab.jobs.running import Running, Task
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.page import Page
from lab.ui.sheets import kept as sheets
from lab.ui.tabs import photo, studio
from lab.ui.tabs.generate import GenerateTab
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.img2img import ImageToImageTab
from lab.ui.tabs.planned import PlannedTab
from manifests.manifest import Source
from manifests.pictures import MAX_BYTES
from tests.grading.good import draft_of, make_work, noise
from tests.grading.good import photo as photo_bytes
from tests.manifests.conftest import ADHERENCE

TP2 = find_assignment("tp2")
SWEEP = next(e for e in TP2.exercises if isinstance(e, Sweep))
IMG2IMG = next(e for e in TP2.exercises if isinstance(e, ImageToImage))
SECRET = "<img src=x onerror=alert(1)>"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(LabSettings(), TP2, tmp_path, "jane.doe", None)  # type: ignore[arg-type]


@pytest.fixture
def full(lab: Lab) -> Lab:
    make_work(lab.work, TP2, "jane.doe")
    return lab


TABS: dict[str, Any] = {
    "generate": GenerateTab,
    "sweep": PlannedTab,
    "img2img": ImageToImageTab,
    "studio": studio._Tab,
}


def tab_of(lab: Lab, exercise: str, language: Language = "en") -> Any:
    """The tab's own object, built in a page of its own."""
    found = lab.assignment.exercise(exercise)
    assert found is not None
    with gr.Blocks():
        page = Page(lab, language)
        with page.tabs, page.tab(exercise, exercise):
            return TABS[found.kind](lab, page, found)  # type: ignore[arg-type]


def shown(tab: Any, *values: Any) -> str:
    """All that the tab shows in its first view."""
    return " ".join(str(value) for value in tab.show(*values, tab.stage.view.value))


def test_an_empty_folder_shows_the_plan_and_everything_to_do(lab: Lab) -> None:
    words = shown(tab_of(lab, "sweep"), SWEEP.runs[0].id, None)
    assert words.count("to do") == 6
    assert "Generate the 6 missing" in words
    assert "15 steps" in words
    assert "guidance 4" in words
    assert "wireless" in words  # a word mini does not know


@pytest.mark.parametrize("exercise", ["smoke", "baseline", "sweep", "img2img"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_words_the_model_will_skip_stand_beside_the_button(
    lab: Lab, exercise: str, language: Language
) -> None:
    runs = lab.assignment.exercise(exercise).runs  # type: ignore[union-attr]
    tab = tab_of(lab, exercise, language)
    skipped = notes(runs[0].parameters.prompt, "mini")
    told = tab.page.t("generation.unknown_words", words=", ".join(skipped))
    assert "e-commerce" in told
    assert markup.note(told) in shown(tab, runs[0].id, None)
    lab.settings = LabSettings(model="sd15")
    assert markup.note(told) not in shown(tab, runs[0].id, None)


def test_words_of_a_run_that_changes_the_prompt_are_told_too(lab: Lab) -> None:
    tab = tab_of(lab, "sweep")
    first, *others, last = SWEEP.runs
    parameters = last.parameters.model_copy(update={"prompt": "a wobbly bag"})
    changed = last.model_copy(update={"parameters": parameters})
    tab.exercise = SWEEP.model_copy(update={"runs": (first, *others, changed)})
    assert "wobbly." in shown(tab, first.id, None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_machines_opinion_stands_below_a_finished_picture(lab: Lab, language: Language) -> None:
    run = SWEEP.runs[0]
    lab.store().save(replace(draft_of("sweep", run), adherence=ADHERENCE), noise(3))
    tab = tab_of(lab, "sweep", language)
    words = shown(tab, run.id, None)
    assert tab.page.t("adherence.summary", found=1, asked=2) in words
    assert tab.page.t("adherence.explained") in words
    lab.store().save(draft_of("sweep", run), noise(3))
    assert tab.page.t("adherence.explained") not in shown(tab, run.id, None)


def test_the_button_makes_what_is_missing_and_then_says_again(full: Lab) -> None:
    tab = tab_of(full, "sweep")
    assert "Generate all again" in shown(tab, SWEEP.runs[0].id, None)
    assert [task.run_id for task in tab._all_tasks(None)] == [run.id for run in SWEEP.runs]
    full.store().delete(SWEEP.runs[2].id)
    assert "Generate the 1 missing" in shown(tab, SWEEP.runs[0].id, None)
    assert [task.run_id for task in tab._all_tasks(None)] == [SWEEP.runs[2].id]
    assert [task.run_id for task in tab._one_task(None, SWEEP.runs[4].id)] == [SWEEP.runs[4].id]


def test_image_to_image_without_a_photo_says_so_and_starts_nothing(lab: Lab) -> None:
    with pytest.raises(photo.MissingPhoto, match="photo"):
        tab_of(lab, "img2img")._all_tasks(None)


def test_the_photo_in_use_is_the_one_of_the_newest_run_until_another_is_chosen(full: Lab) -> None:
    tab = tab_of(full, "img2img")
    newest = full.store().newest(IMG2IMG.runs[-1].id)
    assert newest is not None
    *_, source, _ = tab.show(IMG2IMG.runs[0].id, None, "all")
    assert source == newest.manifest.request.source
    other = full.store().add_source(photo_bytes(7))
    *_, source, picture = tab.show(IMG2IMG.runs[0].id, other, "all")
    assert source == other
    assert picture["value"] == str(full.store().source_path(other))


def test_a_photo_uploaded_while_the_disk_is_read_stays_in_use(lab: Lab) -> None:
    *_, source, picture = tab_of(lab, "img2img").show(IMG2IMG.runs[0].id, None, "all")
    assert source == picture == gr.skip()


@pytest.mark.parametrize("view", ["slider", "difference"])
def test_two_pictures_stand_over_each_other_the_first_run_below(full: Lab, view: str) -> None:
    tab = tab_of(full, "sweep")
    first, second = (tab._shown(run, full.store().newest(run.id)) for run in SWEEP.runs[:2])
    words = " ".join(str(value) for value in tab.show(SWEEP.runs[1].id, None, view))
    assert words.index(f'class="before" src="{first.url}"') < words.index(f'class="after" src="{second.url}"')
    of_itself = " ".join(str(value) for value in tab.show(SWEEP.runs[0].id, None, view))
    assert f'class="after" src="{second.url}"' in of_itself  # nothing is seen of a picture over itself


def test_an_image_to_image_run_is_compared_with_its_photo(full: Lab) -> None:
    tab = tab_of(full, "img2img")
    words = " ".join(str(value) for value in tab.show(IMG2IMG.runs[0].id, None, "slider"))
    newest = full.store().newest(IMG2IMG.runs[0].id)
    assert newest is not None
    assert newest.manifest.request.source.file in words  # type: ignore[union-attr]


def test_requested_and_effective_steps_are_both_shown(full: Lab) -> None:
    record = full.store().newest(IMG2IMG.runs[0].id)
    assert record is not None
    table = facts.made(tab_of(full, "img2img").page.t, record.manifest)
    assert "<td>30</td><td>10</td>" in table


@pytest.mark.parametrize(
    ("data", "cause"), [(b"", "PNG"), (b"<svg/>", "PNG"), (b"\xff\xd8\xff" + b"x" * 99, "picture")]
)
def test_what_is_no_photo_is_refused_and_nothing_kept(
    lab: Lab, tmp_path: Path, data: bytes, cause: str
) -> None:
    file = tmp_path / "upload.jpg"
    file.write_bytes(data)
    message = tab_of(lab, "img2img").photo.take(str(file))[-1]
    assert 'role="alert"' in message
    assert cause in message
    assert not lab.store().inputs.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_of_any_file_is_ours_in_the_page_s_language_and_the_photo_before_stays(
    lab: Lab, tmp_path: Path, language: Language
) -> None:
    tab = tab_of(lab, "img2img", language)
    good, bad = tmp_path / "one.jpg", tmp_path / "film.mov"
    good.write_bytes(photo_bytes())
    bad.write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ")
    assert 'class="status"' in tab.photo.take(str(good))[-1]
    message = tab.photo.take(str(bad))[-1]
    assert 'role="alert"' in message
    assert {"en": "choose a PNG", "fr": "choisissez un fichier PNG"}[language] in message
    assert len(list(lab.store().inputs.iterdir())) == 1


def test_the_page_lets_any_file_be_chosen_so_that_gradio_refuses_none_in_english(lab: Lab) -> None:
    with gr.Blocks() as blocks:
        photo.Photo(lab, Page(lab, "fr"), "img2img")
    (button,) = (block for block in blocks.blocks.values() if isinstance(block, gr.UploadButton))
    assert button.file_types is None


@pytest.mark.parametrize("extension", ["heic", "tif"])
def test_a_photo_no_browser_shows_is_shown_by_its_pixels(lab: Lab, tmp_path: Path, extension: str) -> None:
    pillow_heif.register_heif_opener()
    file = tmp_path / f"IMG_0042.{extension}"
    Image.open(io.BytesIO(photo_bytes())).save(file)
    source, shown, message = tab_of(lab, "img2img").photo.take(str(file))
    assert source.file.endswith(extension)
    with Image.open(shown["value"]) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (160, 160))
    assert 'class="status"' in message


def test_a_photo_that_is_too_large_is_refused_without_being_read_whole(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "upload.jpg"
    with file.open("wb") as writing:
        writing.truncate(MAX_BYTES * 8)
    assert len(photo.read_bounded(file)) == MAX_BYTES + 1
    assert 'role="alert"' in tab_of(lab, "img2img").photo.take(str(file))[-1]


Form = Callable[..., list[Any]]


@pytest.fixture
def form(lab: Lab) -> Form:
    """The Studio's fields in their order, as the page would send them."""
    fields = {
        "mode": "text2img",
        "model": "mini",
        "prompt": "a red backpack",
        "negative_prompt": "",
        "width": 128,
        "height": 128,
        "steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "EulerA",
        "seed": 42,
        "strength": 0.6,
    }
    return lambda source=None, **changes: [*(fields | changes).values(), source]


def test_the_studio_takes_what_the_form_says(lab: Lab, form: Form) -> None:
    (task,) = tab_of(lab, "studio")._tasks(*form(steps=25.0, seed=7))
    request = task.start.args[4]
    assert (request.steps, request.seed, request.strength, request.source) == (25, 7, None, None)
    assert request.prompt == "a red backpack"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0),
        ("steps", 12.5),
        ("seed", -1),
        ("seed", 2**53),
        ("seed", None),
        ("prompt", "x" * 2001),
        ("prompt", ""),
        ("prompt", " \n\t"),
        ("prompt", None),
        ("negative_prompt", "x" * 3000),
        ("scheduler", "Karras"),
        ("width", 100),
        ("guidance_scale", float("nan")),
        ("mode", "video"),
    ],
)
def test_the_studio_names_the_field_that_cannot_be(lab: Lab, form: Form, field: str, value: Any) -> None:
    tab = tab_of(lab, "studio", "fr")
    with pytest.raises(UserError) as raised:
        tab._tasks(*form(**{field: value}))
    assert tab.page.t(f"parameter.{field}") in str(raised.value)


@pytest.mark.parametrize("seed", [None, -1, 2**32, 0.5])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_seed_that_cannot_be_is_answered_with_those_that_can(
    lab: Lab, form: Form, seed: Any, language: Language
) -> None:
    with pytest.raises(UserError, match="4294967295"):
        tab_of(lab, "studio", language)._tasks(*form(seed=seed))


def test_a_long_prompt_reaches_the_lab_whole_and_its_length_is_said(lab: Lab, form: Form) -> None:
    """A bound in the browser would cut what is pasted without a word."""
    tab = tab_of(lab, "studio")
    assert tab.fields["prompt"].max_length is None
    assert tab.fields["negative_prompt"].max_length is None
    with pytest.raises(UserError, match="3000 characters"):
        tab._tasks(*form(prompt="x" * 3000))


def test_stop_says_nothing_itself_that_could_arrive_after_the_runs_last_word(lab: Lab) -> None:
    with gr.Blocks() as blocks:
        page = Page(lab, "en")
        with page.tabs, page.tab("studio", "Studio"):
            watch = Watch(lab, page, "studio", [gr.Button()])
    [stop] = [fn for fn in blocks.fns.values() if (watch.stop._id, "click") in fn.targets]
    assert stop.outputs == []
    running = Running("studio", [Task("run", lambda: pytest.fail("nothing is begun"))])
    running.stop()
    assert "Stopping" in str(watch._look(running, finished=False)[0])


def test_recall_leaves_the_studio_in_the_address(lab: Lab) -> None:
    with gr.Blocks() as blocks:
        page = Page(lab, "en")
        with page.tabs, page.tab("gallery", "Gallery"):
            page.send_to_studio(gr.Button(), gr.Textbox())
    scripts = [str(fn.js) for fn in blocks.fns.values() if fn.js]
    assert sum("labRemember('studio')" in script for script in scripts) == 1


def test_the_studio_asks_for_a_photo_where_one_is_needed(lab: Lab, form: Form) -> None:
    with pytest.raises(photo.MissingPhoto):
        tab_of(lab, "studio")._tasks(*form(mode="img2img"))


def test_a_model_that_takes_no_strength_is_asked_for_none(full: Lab, form: Form) -> None:
    source = full.store().records()[-1].manifest.request.source or full.store().add_source(photo_bytes())
    (task,) = tab_of(full, "studio")._tasks(
        *form(source, mode="img2img", model="qwen-image-edit", width=1024, height=1024, scheduler="Euler")
    )
    assert task.start.args[4].strength is None
    (task,) = tab_of(full, "studio")._tasks(*form(source, mode="img2img"))
    assert task.start.args[4].strength == 0.6


def test_a_recalled_record_fills_the_whole_form(full: Lab) -> None:
    tab = tab_of(full, "studio")
    record = full.store().newest(IMG2IMG.runs[1].id)
    assert record is not None
    values = dict(zip(tab.fields, tab._recall((record.stem, 0.0)), strict=False))
    assert values["mode"] == "img2img"
    assert values["prompt"] == record.manifest.request.prompt
    assert values["strength"] == 0.6
    assert values["scheduler"]["value"] == "EulerA"
    source, _, only_with_photo = tab._recall((record.stem, 0.0))[-3:]
    assert source == record.manifest.request.source
    assert only_with_photo["visible"]


def test_a_record_that_is_gone_changes_nothing(lab: Lab) -> None:
    tab = tab_of(lab, "studio")
    assert all(value == gr.skip() for value in tab._recall(("../../etc/passwd", 0.0)))


def test_a_grid_is_drawn_anew_exactly_when_what_it_shows_changes(full: Lab) -> None:
    def grid(language: Language = "en") -> Path:
        records = {run.id: full.store().newest(run.id) for run in SWEEP.runs}
        made = sheets.grid(full, language, SWEEP, records, None)
        assert made is not None
        return made

    first = grid()
    drawn = first.stat().st_mtime_ns
    assert grid() == first
    assert first.stat().st_mtime_ns == drawn
    assert grid("fr") != first
    full.store().save(draft_of("sweep", SWEEP.runs[3]), noise(77))
    assert grid() != first


def test_a_grid_of_nothing_is_none_and_a_damaged_picture_leaves_its_place_empty(full: Lab) -> None:
    assert sheets.grid(full, "en", SWEEP, {run.id: None for run in SWEEP.runs}, None) is None
    record = full.store().newest(SWEEP.runs[1].id)
    assert record is not None
    record.image_path.write_bytes(b"damaged")
    records = {run.id: full.store().newest(run.id) for run in SWEEP.runs}
    assert sheets.grid(full, "en", SWEEP, records, None) is not None


def test_a_photo_that_is_gone_is_no_error(full: Lab) -> None:
    gone = Source(file="0123456789abcdef.jpg", sha256="0" * 64)
    *_, source, picture = tab_of(full, "img2img").show(IMG2IMG.runs[0].id, gone, "all")
    assert source is None
    assert picture["value"] is None


def test_a_hostile_prompt_is_only_text(full: Lab) -> None:
    record = full.store().save(draft_of("studio", SWEEP.runs[0], prompt=SECRET), noise(5))
    table = facts.made(tab_of(full, "studio").page.t, record.manifest)
    assert "<img" not in table
    assert "&lt;img" in table

"""Kinds `inpaint` and `between` graded in full, on the assignment `edit`: good work, then one thing wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from exercises.assignment import Assignment
from exercises.kinds import BetweenTwo, Inpaint, Outlines
from exercises.kinds.base import Run
from exercises.kinds.between import BETWEEN_RUN
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.copies.items import photos
from grading.desk.works import picture
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from manifests.answers import Answers, ExerciseAnswer, SubjectAnswer, save_answers
from manifests.manifest import Between, Mask
from manifests.masks import enlarged, mask_bytes, rectangle
from manifests.outlines import outlines
from manifests.png import plain_png
from manifests.store import Store
from tests.grading.good import SIDE, draft_of, noise

PROMPT = "a blue teapot on a gray background"
TEXT = (
    "The seam can hardly be found: the soft edge mixes old and new, and the gray behind the teapot goes on. "
    "What is kept is really the same, but the new thing has no shadow, and its light comes from elsewhere."
)
MASK = rectangle(SIDE, SIDE, SIDE // 4, SIDE // 4, SIDE // 4 * 3, SIDE // 4 * 3)

NO_BORDER = rectangle(SIDE + 128, SIDE, 100, 50, 300, 200)


def painted(source: Image.Image, mask: Image.Image, number: int) -> Image.Image:
    """What a model would make of it: something else inside, the same pixels outside."""
    new = noise(number, SIDE).resize(source.size)
    return Image.composite(new, source, mask)


def save_edit(store: Store, exercise: Inpaint, number: int, **wrong: Any) -> None:
    """The record of an edit; `wrong`: another mask, picture, prompt, or parameters of the request."""
    source, mask = noise(77, SIDE), MASK
    if exercise.outpaint:
        source, mask = enlarged(source, {"left": 64, "right": 64})
    mask, gone = wrong.pop("mask", mask), wrong.pop("mask_file", None)
    picture = wrong.pop("picture", None) or painted(source, mask, number)
    asked: dict[str, Any] = {
        "prompt": PROMPT,
        "source": store.add_source(plain_png(source)),
        "mask": store.add_mask(mask),
        "width": source.width,
        "height": source.height,
    }
    if gone:
        (store.inputs / asked["mask"].file).unlink()
    store.save(draft_of(exercise.id, exercise.runs[0], **(asked | wrong)), picture)


def save_film(store: Store, exercise: BetweenTwo, frames: int = 7, **wrong: Any) -> None:
    """The records of a film; `wrong`: the places or pictures of its frames, or parameters of the request."""
    places = wrong.pop("places", [round(i / (frames - 1), 6) for i in range(frames)])
    still = wrong.pop("still", False)
    other = wrong.pop("other", Between(prompt=PROMPT, seed=7, place=0))
    run = Run(id=BETWEEN_RUN, parameters=exercise.start)
    for number, place in enumerate(places):
        between = other.model_copy(update={"place": place})
        store.save(
            draft_of(exercise.id, run, **({"between": between} | wrong)),
            noise(500 if still else 500 + number),
        )


def shapes() -> Image.Image:
    """Something with clear outlines."""
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((SIDE // 8, SIDE // 8, SIDE // 2, SIDE // 2), fill="navy")
    pen.rectangle((SIDE // 2, SIDE // 2, SIDE * 7 // 8, SIDE * 3 // 4), fill="red")
    return picture


def save_led(store: Store, exercise: Outlines, **wrong: Any) -> None:
    """The records of pictures led by outlines; `wrong`: other outlines or pictures, or parameters."""
    led = wrong.pop("led", outlines(shapes()))
    pictures = wrong.pop(
        "pictures", [noise(900, SIDE), Image.blend(noise(901, SIDE), shapes(), 0.9), shapes()]
    )
    others = wrong.pop("others", led)
    for number, (run, drawn) in enumerate(zip(exercise.runs, pictures, strict=True)):
        source = store.add_source(plain_png(others if number else led))
        asked: dict[str, Any] = {"prompt": PROMPT, "source": source} | wrong
        store.save(draft_of(exercise.id, run, **asked), drawn)


def make_work(
    work: Path,
    assignment: Assignment,
    student: str = "alice",
    skip: Mapping[str, Callable[..., None]] = MappingProxyType({}),
) -> Store:
    """Everything done and in order; `skip`: what is done instead, by exercise."""
    store, answers = Store(work, assignment.id, student), Answers(language="en")
    for number, exercise in enumerate(assignment.exercises):
        make = skip.get(exercise.id)
        answers.exercises[exercise.id] = ExerciseAnswer(text=TEXT)
        if make is not None:
            make(store, exercise)
        elif isinstance(exercise, Inpaint):
            save_edit(store, exercise, number)
        elif isinstance(exercise, Outlines):
            save_led(store, exercise)
        elif isinstance(exercise, BetweenTwo):
            save_film(store, exercise)
        else:
            for run in getattr(exercise, "runs", ()):
                store.save(draft_of(exercise.id, run), noise(number))
    for subject in ("part", "beyond"):
        scores = {"seam": 1, "fit": 2, "asked": 2}
        answers.evaluations[subject] = SubjectAnswer(
            image=f"edit_{subject}",
            scores=scores,
            total=5,
            reasons=["The seam is soft.", "No shadow lies under it."],
        )
    save_answers(store.folder, answers)
    return store


def checked(work: Path, assignment: Assignment) -> dict[str, CheckResult]:
    with closing(open_work(work, assignment.id, "alice")) as submission:
        return {check.id: check for check in check_submission(assignment, submission, "en")}


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("edit")


def failed(checks: dict[str, CheckResult]) -> set[str]:
    return {i for i, check in checks.items() if check.passed is False and not i.startswith("hand_in/")}


def test_good_work_has_all_points_that_a_program_gives(tmp_path: Path, assignment: Assignment) -> None:
    make_work(tmp_path, assignment)
    checks = checked(tmp_path, assignment)
    assert failed(checks) == set()
    open_rules = {i.split("/")[2] for i, check in checks.items() if check.needs_person}
    assert open_rules == {"edit_text", "reasons_topic", "film_text", "reasons"}


def test_nothing_done_is_not_yet_and_not_wrong(tmp_path: Path, assignment: Assignment) -> None:
    checks = checked(tmp_path, assignment)
    assert not any(check.begun for i, check in checks.items() if check.passed is False and "hand_in" not in i)


def edited(**wrong: Any) -> Callable[..., None]:
    return lambda store, exercise: save_edit(store, exercise, 3, **wrong)


def filmed(**wrong: Any) -> Callable[..., None]:
    return lambda store, exercise: save_film(store, exercise, **wrong)


def by_outlines(**wrong: Any) -> Callable[..., None]:
    return lambda store, exercise: save_led(store, exercise, **dict(wrong))


def noises(count: int) -> list[Image.Image]:
    return [noise(800 + number, SIDE) for number in range(count)]


def drawn_over_everything() -> Image.Image:
    return noise(9, SIDE)


def repainted_a_little() -> Image.Image:
    """The source with two levels more everywhere: what an autoencoder alone may do."""
    pixels = np.clip(np.asarray(noise(77, SIDE), int) + 3, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("exercise", "wrong", "check"),
    [
        ("part", edited(mask=rectangle(SIDE, SIDE, 0, 0, 20, 20)), "part/edit_part/mask_covers"),
        ("part", edited(mask=rectangle(SIDE, SIDE, 0, 0, SIDE, 200)), "part/edit_part/mask_covers"),
        ("part", edited(picture=drawn_over_everything()), "part/edit_part/outside_kept"),
        ("part", edited(picture=repainted_a_little()), "part/edit_part/outside_kept"),
        ("part", edited(picture=noise(77, SIDE)), "part/edit_part/inside_changed"),
        ("part", edited(prompt="cat"), "part/prompt/edit_prompt"),
        ("part", edited(strength=0.5), "part/edit_part/parameters"),
        ("part", edited(source=None), "part/edit_part/input_kept"),
        ("part", edited(mask_file="gone"), "part/edit_part/input_kept"),
        (
            "beyond",
            edited(mask=rectangle(SIDE + 128, SIDE, 100, 50, 300, 200)),
            "beyond/edit_beyond/mask_covers",
        ),
        ("lines", by_outlines(led=shapes()), "lines/outlines/outlines_kept"),
        ("lines", by_outlines(source=None), "lines/outlines/outlines_kept"),
        ("lines", by_outlines(led=Image.new("L", (SIDE, SIDE))), "lines/outlines/outlines_kept"),
        ("lines", by_outlines(others=outlines(noise(3, SIDE))), "lines/outlines/outlines_same"),
        ("lines", by_outlines(pictures=noises(3)), "lines/outlines/outlines_lead"),
        ("lines", by_outlines(pictures=[shapes(), *noises(2)]), "lines/outlines/outlines_lead"),
        ("lines", by_outlines(prompt="cat"), "lines/prompt/edit_prompt"),
        ("lines", by_outlines(control_scale=2.0), "lines/edit_free/parameters"),
        ("way", filmed(frames=5), "way/film/film"),
        ("way", filmed(places=[0, 0.1, 0.2, 0.3, 0.4, 0.5, 1]), "way/film/film"),
        ("way", filmed(places=[0.1 * i for i in range(1, 8)]), "way/film/film"),
        ("way", filmed(still=True), "way/film/film_pictures"),
        ("way", filmed(steps=3), "way/film/film_pictures"),
        (
            "way",
            filmed(other=Between(prompt="a red backpack on a gray background", seed=42, place=0)),
            "way/film/film",
        ),
    ],
)
def test_what_is_wrong_or_forged_is_told(
    tmp_path: Path, assignment: Assignment, exercise: str, wrong: Callable[..., None], check: str
) -> None:
    make_work(tmp_path, assignment, skip={exercise: wrong})
    assert check in failed(checked(tmp_path, assignment))


def test_a_mask_that_was_exchanged_afterwards_is_told(tmp_path: Path, assignment: Assignment) -> None:
    store = make_work(tmp_path, assignment)
    record = store.newest("edit_part")
    assert record is not None
    mask = record.manifest.request.mask
    assert isinstance(mask, Mask)
    (store.inputs / mask.file).write_bytes(mask_bytes(rectangle(SIDE, SIDE, 0, 0, 100, 100)))
    assert "part/edit_part/input_kept" in failed(checked(tmp_path, assignment))


def test_outlines_that_were_exchanged_afterwards_are_told(tmp_path: Path, assignment: Assignment) -> None:
    store = make_work(tmp_path, assignment)
    record = store.newest("edit_led")
    assert record is not None
    source = record.manifest.request.source
    assert source is not None
    for data in (plain_png(outlines(noise(4, SIDE))), b"\x89PNG\r\n\x1a\n broken"):
        (store.inputs / source.file).write_bytes(data)
        assert "lines/outlines/outlines_kept" in failed(checked(tmp_path, assignment))


def test_the_newest_film_counts_and_may_be_made_again_in_part(tmp_path: Path, assignment: Assignment) -> None:
    def both(store: Store, exercise: BetweenTwo) -> None:
        save_film(store, exercise, frames=5)
        save_film(store, exercise, other=Between(prompt="a yellow car", seed=3, place=0))

    make_work(tmp_path, assignment, skip={"way": both})
    assert failed(checked(tmp_path, assignment)) == set()


def test_a_source_and_its_mask_are_in_the_report(tmp_path: Path, assignment: Assignment) -> None:
    from exercises.i18n import translator
    from grading.checks import KINDS

    make_work(tmp_path, assignment)
    part = assignment.exercise("part")
    with closing(open_work(tmp_path, "edit", "alice")) as submission:
        shown = KINDS["inpaint"].pictures(part, submission, translator("grading", "en"))
        texts = KINDS["inpaint"].texts(part, submission, translator("grading", "en"))
    assert [picture.caption for picture in shown] == ["source photo", "mask", "edit_part"]
    assert "0 of 255 outside" in texts[0].body


def test_the_outlines_and_how_much_of_them_is_kept_are_in_the_report(
    tmp_path: Path, assignment: Assignment
) -> None:
    from exercises.i18n import translator
    from grading.checks import KINDS

    make_work(tmp_path, assignment)
    lines, t = assignment.exercise("lines"), translator("grading", "en")
    with closing(open_work(tmp_path, "edit", "alice")) as submission:
        shown = KINDS["outlines"].pictures(lines, submission, t)
        texts = KINDS["outlines"].texts(lines, submission, t)
    assert [picture.caption for picture in shown] == ["outlines", "edit_free", "edit_half", "edit_led"]
    assert "edit_led: led by 1, 100 % of the outlines kept" in texts[0].body


def test_outlines_and_a_larger_canvas_are_no_photo_that_two_students_share(
    tmp_path: Path, assignment: Assignment
) -> None:
    store = make_work(tmp_path, assignment)
    with closing(open_work(tmp_path, assignment.id, "alice")) as submission:
        shared = {source.sha256 for source in photos(submission)}
    used = {run: store.newest(run) for run in ("edit_part", "edit_beyond")}
    sources = {run: r.manifest.request.source for run, r in used.items() if r}
    assert sources["edit_part"] is not None
    assert sources["edit_beyond"] is not None
    assert shared == {sources["edit_part"].sha256}


def test_the_desk_shows_a_mask(tmp_path: Path, assignment: Assignment) -> None:
    store = make_work(tmp_path, assignment)
    record = store.newest("edit_part")
    assert record is not None
    mask = record.manifest.request.mask
    assert mask is not None
    with closing(open_work(tmp_path, assignment.id, "alice")) as submission:
        assert picture(submission, mask.sha256) is not None
        assert picture(submission, "0" * 64) is None

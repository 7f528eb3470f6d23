"""What is made of pictures, graded: good work, then one thing wrong at a time; nothing of it is believed."""

import json
import shutil
import zipfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crafts.pieces import FOLDER
from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, translator
from exercises.kinds.crafted import Crafted
from exercises.loader import find_assignment
from grading.checks import KINDS, check_submission
from grading.class_.grade import grade_class
from grading.copies.items import passages
from grading.results import CheckResult
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission
from manifests.answers import load_answers, save_answers
from manifests.store import Store
from tests.grading.crafted import CRAFTED, DIAGRAM, QUIZ, SETTINGS, TOLD, WORDS, make_piece, make_work
from tests.grading.good import noise

Checks = dict[str, CheckResult]


@pytest.fixture(scope="module", params=CRAFTED)
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return find_assignment(request.param)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Good work of an assignment, made once."""

    @cache
    def made(name: str) -> Path:
        return make_work(tmp_path_factory.mktemp("work"), find_assignment(name)).folder.parent

    return made


@pytest.fixture
def good(tmp_path: Path, done: Callable[[str], Path]) -> Callable[[Assignment], Store]:
    """Good work of an assignment, to be changed."""

    def copied(assignment: Assignment) -> Store:
        shutil.copytree(done(assignment.id), tmp_path / "work")
        return Store(tmp_path / "work", assignment.id, "alice")

    return copied


@pytest.fixture
def store(good: Callable[[Assignment], Store], assignment: Assignment) -> Store:
    """Good work of the assignment that is tested, to be changed."""
    return good(assignment)


def crafted(assignment: Assignment) -> Crafted:
    (exercise,) = [e for e in assignment.exercises if isinstance(e, Crafted)]
    return exercise


def check(store: Store, assignment: Assignment) -> Checks:
    """The checks of what is handed in now, by their ids without the exercise."""
    with closing(open_submission(store.folder, assignment.id, name=store.student)) as submission:
        found = check_submission(assignment, submission, "en")
    prefix = f"{crafted(assignment).id}/"
    return {c.id.removeprefix(prefix): c for c in found if c.id.startswith(prefix)}


def record(store: Store, assignment: Assignment, number: int = 1) -> Path:
    return store.folder / FOLDER / f"{crafted(assignment).id}-{number}.json"


def rewrite(path: Path, change: Callable[[Any], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def failed(checks: Checks) -> list[str]:
    return [name for name, each in checks.items() if each.passed is False]


def test_good_work_has_every_point_that_a_program_gives_and_waits_for_a_person_with_the_words(
    tmp_path: Path, store: Store, assignment: Assignment
) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(hand_in(assignment, store, "en"), tmp_path / "in" / "alice.zip")
    (grade,) = grade_class(tmp_path / "in", assignment, tmp_path / "out")
    exercise = crafted(assignment)
    assert [c.id for c in grade.checks if c.passed is False] == []
    assert [c.id for c in grade.checks if c.needs_person] == [f"{exercise.id}/words/about_it"]
    assert grade.points + grade.open == assignment.points
    assert grade.points >= 8


def test_the_report_shows_what_was_made_and_what_was_written(store: Store, assignment: Assignment) -> None:
    with closing(open_submission(store.folder, assignment.id, name="alice")) as submission:
        for language in LANGUAGES:
            exercise, t = crafted(assignment), translator("grading", language)
            kind = KINDS[assignment.id]
            texts = kind.texts(exercise, submission, t)
            assert len(kind.pictures(exercise, submission, t)) >= len(
                json.loads(record(store, assignment).read_text())["sources"]
            )
            assert texts[0].body.count("\n") >= 1
            assert "soft shadow" in texts[1].body


def test_before_anything_is_made_nothing_is_wrong_yet(store: Store, assignment: Assignment) -> None:
    shutil.rmtree(store.folder / FOLDER)
    made = check(store, assignment)["piece/made"]
    assert (made.passed, made.begun) == (False, False)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda d: d.update(kind="quiz"), "made"),
        (lambda d: d.update(student="mallory"), "made"),
        (lambda d: d.update(exercise="other"), "made"),
        (lambda d: d.update(files=d["files"][:1] * 2), "made"),
        (lambda d: d["files"][0].update(sha256="0" * 64), "made"),
        (lambda d: d["sources"][0].update(stem="studio-99"), "from_own"),
        (lambda d: d["sources"][0].update(pixels_sha256="0" * 64), "from_own"),
        (lambda d: d["figures"].update(more=1), "worked_out"),
        (lambda d: d["figures"].clear(), "worked_out"),
        (lambda d: d["settings"].update(unknown=1), "worked_out"),
    ],
    ids=["kind", "student", "exercise", "files", "hash", "gone", "pixels", "more", "none", "settings"],
)
def test_a_forged_record_is_told_and_what_follows_is_not_checked(
    store: Store, assignment: Assignment, change: Callable[[Any], None], rule: str
) -> None:
    rewrite(record(store, assignment), change)
    if rule == "made" and "mallory" in record(store, assignment).read_text():
        with closing(
            open_submission(store.folder, assignment.id, name="alice", classmates=["mallory"])
        ) as submission:
            found = check_submission(assignment, submission, "en")
        checks = {c.id.partition("/")[2]: c for c in found}
    else:
        checks = check(store, assignment)
    assert f"piece/{rule}" in failed(checks)
    assert checks["piece/as_asked"].passed is None


def test_figures_of_another_setting_are_not_those_of_this_one(store: Store, assignment: Assignment) -> None:
    """Whoever copies a better piece's figures is told which figure differs."""
    exercise = crafted(assignment)
    changes = {
        "crossstitch": {"colours": 5},
        "storyboard": {},
        "brandkit": {"palette": SETTINGS["brandkit"]["palette"][::-1]},
        "operations": {"crop": "16:9"},
        "course": {"title": "Roots"},
        "diagrams": {"source": DIAGRAM + "\n" + "t -.-> i"},
    }[assignment.id]
    make_piece(store, exercise, store.records()[:-1] if assignment.id == "storyboard" else None, **changes)
    other = json.loads(record(store, assignment, 2).read_text())["figures"]
    shutil.rmtree(store.folder / FOLDER)
    make_piece(store, exercise)
    rewrite(record(store, assignment), lambda d: d.update(figures=other))
    worked_out = check(store, assignment)["piece/worked_out"]
    assert worked_out.passed is False
    assert worked_out.cause is not None
    assert "the first that differs" in worked_out.cause.message


@pytest.mark.parametrize("damage", ["changed", "gone", "another", "record"])
def test_a_file_that_is_changed_gone_or_no_such_file_is_told(
    store: Store, assignment: Assignment, damage: str
) -> None:
    place = store.folder / FOLDER
    file = next(path for path in sorted(place.iterdir()) if path.suffix in (".pdf", ".svg"))
    if damage == "gone":
        file.unlink()
    elif damage == "record":
        record(store, assignment).write_text("{" * 50)
    else:
        file.write_bytes(b"%PDF-1.7 mine" if damage == "changed" else b"MZ")
    assert failed(check(store, assignment)) == ["piece/made"]


@pytest.mark.parametrize("drawing", ["<svg/>", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"])
def test_a_drawing_that_is_not_the_texts_is_told_though_the_record_names_it(
    tmp_path: Path, drawing: str
) -> None:
    assignment = find_assignment("diagrams")
    store = make_work(tmp_path / "work", assignment)
    data = f"<?xml version='1.0'?>{drawing}".encode()
    file = store.folder / FOLDER / "diagram-1.svg"
    file.write_bytes(data)

    def name_it(document: Any) -> None:
        entry = next(each for each in document["files"] if each["name"] == file.name)
        entry.update(sha256=sha256(data).hexdigest(), bytes=len(data))

    rewrite(record(store, assignment), name_it)
    worked_out = check(store, assignment)["piece/worked_out"]
    assert worked_out.passed is False
    assert worked_out.cause is not None
    assert "diagram-1.svg is not what the settings give" in worked_out.cause.message


def test_a_picture_that_was_deleted_or_exchanged_is_told(store: Store, assignment: Assignment) -> None:
    first = store.records()[0]
    noise(77).save(first.image_path)
    assert "piece/from_own" in failed(check(store, assignment))
    store.delete(first.stem)
    assert "piece/from_own" in failed(check(store, assignment))


def test_the_newest_piece_counts_and_an_older_one_stays(store: Store, assignment: Assignment) -> None:
    before = {p.name: p.read_bytes() for p in (store.folder / FOLDER).iterdir()}
    make_piece(store, crafted(assignment))
    after = {p.name: p.read_bytes() for p in (store.folder / FOLDER).iterdir()}
    assert before.items() <= after.items()
    record(store, assignment, 2).write_text("{}")
    assert failed(check(store, assignment)) == ["piece/made"]


def test_what_was_typed_into_it_is_compared_with_what_others_typed(
    store: Store, assignment: Assignment
) -> None:
    with closing(open_submission(store.folder, assignment.id, name="alice")) as submission:
        found = {passage.text for passage in passages(submission)}
    typed = {"storyboard": {text for frame in FRAMES for text in frame.values()}, "brandkit": {"Thé & Co"}}
    assert found >= typed.get(assignment.id, set()) | {WORDS}
    assert DIAGRAM not in found  # what has to be true is alike


def test_only_the_newest_piece_is_handed_in(store: Store, assignment: Assignment) -> None:
    exercise = crafted(assignment)
    make_piece(store, exercise)
    with zipfile.ZipFile(hand_in(assignment, store, "en")) as archive:
        handed = {name.rpartition("/")[2] for name in archive.namelist() if f"/{FOLDER}/" in name}
    assert handed == {path.name for path in (store.folder / FOLDER).glob(f"{exercise.id}-2.*")}


@pytest.mark.parametrize("text", ["", "very nice", "lorem ipsum dolor sit amet " * 6])
def test_words_that_only_look_like_words_earn_nothing(
    store: Store, assignment: Assignment, text: str
) -> None:
    answers = load_answers(store.folder)
    answers.exercises[crafted(assignment).id].text = text
    save_answers(store.folder, answers)
    assert failed(check(store, assignment)) == ["words/about_it"]


FRAMES = SETTINGS["storyboard"]["frames"]
HALF: dict[str, list[dict[str, Any]]] = {
    "crossstitch": [{"width": 24}, {"colours": 2}, {"colours": 40, "width": 90}],
    "storyboard": [
        {"frames": SETTINGS["storyboard"]["frames"][:3]},
        *(
            {"frames": [FRAMES[0] | {field: text}, *FRAMES[1:]]}
            for field, text in (
                ("caption", "Tea"),
                ("alt", ""),
                ("alt", "image of a teapot"),
                ("alt", "The teapot wakes up early"),
                ("caption", SETTINGS["storyboard"]["frames"][1]["caption"]),
                ("alt", SETTINGS["storyboard"]["frames"][1]["alt"]),
            )
        ),
    ],
    "brandkit": [
        {"name": " "},
        {"moods": ["calm", "calm", "Calm"]},
        {"palette": SETTINGS["brandkit"]["palette"][:3]},
        {"palette": [{"colour": f"#80808{n}"} for n in range(5)]},
    ],
    "diagrams": [
        {"source": DIAGRAM.replace("Noise", "Nose")},
        {"source": DIAGRAM.replace("u --> d[Decoder]", "d[Decoder]")},
        {"source": DIAGRAM.replace("|words|", "")},
        {"found": SETTINGS["diagrams"]["found"][1:]},
    ],
    "course": [
        {"quiz": "\n".join(QUIZ.splitlines()[:18])},
        {"quiz": QUIZ + "? What is …?\n+ This\n- That\n! So."},
        {"quiz": QUIZ.replace("! There is most of the green.\n", "")},
        {"quiz": QUIZ + QUIZ.split("\n\n")[0]},
        {"pictures": TOLD[:2]},
        *(
            {"pictures": [TOLD[0] | {field: text}, *TOLD[1:]]}
            for field, text in (
                ("caption", ""),
                ("alt", "image of a plant"),
                ("checked", "All is right"),
                ("checked", TOLD[1]["checked"]),
                ("where", "Book"),
                ("alt", TOLD[1]["alt"]),
            )
        ),
    ],
    "operations": [{"sizes": [64, 128]}, {"formats": ["PNG", "GIF"], "sizes": [32, 64, 96, 128, 192, 256]}],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "changes"), [(k, c) for k, several in HALF.items() for c in several])
def test_half_the_work_is_told_and_the_rest_of_the_points_kept(
    good: Callable[[Assignment], Store], kind: str, changes: dict[str, Any]
) -> None:
    assignment = find_assignment(kind)
    store = good(assignment)
    make_piece(store, crafted(assignment), **changes)
    checks = check(store, assignment)
    assert failed(checks) == ["piece/as_asked"]
    assert checks["piece/worked_out"].points > 0


def test_one_picture_twice_is_one_picture(good: Callable[[Assignment], Store]) -> None:
    assignment = find_assignment("storyboard")
    store = good(assignment)
    records = store.records()
    make_piece(store, crafted(assignment), [records[0], *records[:3]])
    assert failed(check(store, assignment)) == ["piece/as_asked"]

"""A good submission with random damage: never a crash, never a point gained, and damage shows."""

import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from grading.checks import check_submission
from grading.checks.text_rules import plain, visible
from grading.results import CheckResult
from grading.submission.files import Unreadable
from grading.submission.reading import closing, open_submission
from manifests.store import Store
from tests.grading.good import EARNED

GENTLE = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def pristine(good_work: Path) -> dict[str, bytes]:
    """Every file of the good work by name."""
    return {str(p.relative_to(good_work)): p.read_bytes() for p in good_work.rglob("*.*") if p.is_file()}


@pytest.fixture
def wrong_one(alice: Store) -> Store:
    """A submission that has lost a few points already, so that gaining some would show."""
    (alice.outputs / "t2i_run03_steps50.png").write_bytes(b"nothing")
    (alice.outputs / "studio.json").unlink()
    return alice


def graded(work: Path, tp2: Assignment) -> dict[str, CheckResult]:
    with closing(open_submission(work, "tp2")) as submission:
        return {c.id: c for c in check_submission(tp2, submission, "en")}


def points(work: Path, tp2: Assignment) -> float:
    return round(sum(c.points for c in graded(work, tp2).values()), 2)


damage = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10**6), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("insert"), st.integers(0, 10**6), st.integers(0, 255)),
)


def damaged(data: bytes, kind: str, where: int, value: int) -> bytes:
    if not data:
        return bytes([value])
    at = where % len(data)
    if kind == "flip":
        return data[:at] + bytes([data[at] ^ value]) + data[at + 1 :]
    if kind == "cut":
        return data[:at]
    return data[:at] + bytes([value]) + data[at:]


@GENTLE
@given(data=st.data())
def test_random_damage_never_crashes_and_never_earns(
    wrong_one: Store, tp2: Assignment, pristine: dict[str, bytes], data: st.DataObject
) -> None:
    work = wrong_one.folder.parent
    before = points(work, tp2)
    name = data.draw(st.sampled_from(sorted(n for n in pristine if (work / n).exists())))
    original = (work / name).read_bytes()
    (work / name).write_bytes(damaged(original, *data.draw(damage)))
    try:
        assert points(work, tp2) <= before
    finally:
        (work / name).write_bytes(original)


@GENTLE
@given(data=st.data())
def test_damage_to_a_picture_that_counts_always_costs(
    alice: Store, tp2: Assignment, pristine: dict[str, bytes], data: st.DataObject
) -> None:
    work = alice.folder.parent
    name = data.draw(st.sampled_from(sorted(n for n in pristine if n.endswith(".png"))))
    (work / name).write_bytes(damaged(pristine[name], *data.draw(damage)))
    try:
        stem = Path(name).stem
        failed = {i for i, c in graded(work, tp2).items() if c.passed is False}
        assert "hand_in/record/complete" in failed
        assert any(stem in i for i in failed) or stem == "studio"
    finally:
        (work / name).write_bytes(pristine[name])


@GENTLE
@given(data=st.data())
def test_a_damaged_zip_never_crashes_and_never_earns(
    tmp_path: Path, good_work: Path, tp2: Assignment, data: st.DataObject
) -> None:
    archive = tmp_path / "good.zip"
    if not archive.exists():
        shutil.make_archive(str(archive.with_suffix("")), "zip", good_work)
    spoilt = tmp_path / "alice.zip"
    content = archive.read_bytes()
    for _ in range(data.draw(st.integers(1, 5))):
        near_the_end = data.draw(st.booleans())
        kind, where, value = data.draw(damage)
        at = len(content) - 1 - where % 3000 if near_the_end else where
        content = damaged(content, kind, max(0, at), value) or b"x"
    spoilt.write_bytes(content)
    try:
        earned = points(spoilt, tp2)
    except Unreadable:
        earned = 0
    assert earned <= 20


@GENTLE
@given(answers=st.binary(max_size=400))
def test_any_bytes_as_answers_are_graded(alice: Store, tp2: Assignment, answers: bytes) -> None:
    (alice.folder / "answers.json").write_bytes(answers)
    assert points(alice.folder.parent, tp2) <= 14


scores = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@GENTLE
@given(value=scores)
def test_only_the_whole_numbers_0_1_2_are_scores(alice: Store, tp2: Assignment, value: object) -> None:
    from tests.grading.wrong import score

    path = alice.folder / "answers.json"
    original = path.read_bytes()
    try:
        score(value)(alice)
        passed = graded(alice.folder.parent, tp2)["evaluation/baseline/scores"].passed
    finally:
        path.write_bytes(original)
    number = isinstance(value, int | float) and not isinstance(value, bool) and value in (0, 1, 2)
    written = isinstance(value, str) and value.strip() in ("0", "1", "2", "-0")
    assert bool(passed) == (number or written)


@GENTLE
@given(names=st.lists(st.text(max_size=30).filter(lambda n: n not in ("", ".", "..")), max_size=5))
def test_files_of_any_name_beside_the_work_do_no_harm(
    alice: Store, tp2: Assignment, names: list[str]
) -> None:
    made = []
    for name in names:
        try:
            path = alice.outputs / name.replace("/", "_")
            if not os.path.lexists(path):
                path.write_bytes(b"{}")
                made.append(path)
        except (OSError, ValueError):
            continue  # no file can have this name here
    try:
        assert points(alice.folder.parent, tp2) == EARNED
    finally:
        for path in made:
            path.unlink()


@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("aé\u0301œ\u200b\u00ad\u2800\u3164’ﬁÅ\n")), max_size=200
    )
)
def test_plain_text_is_that_of_looking_at_every_character(text: str) -> None:
    seen = "".join(
        c for c in text if unicodedata.category(c) != "Cf" and c not in "\u115f\u1160\u2800\u3164\uffa0"
    )
    assert visible(text) == seen
    opened = " ".join(seen.casefold().split()).replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    parts = unicodedata.normalize("NFKD", opened)
    assert plain(text) == "".join(c for c in parts if not unicodedata.combining(c))

"""What is found of copied work, what is left out as honest, and what is written."""

import json
import random
import shutil
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from exercises.assignment import Assignment
from grading.class_.grade import grade_class
from grading.copies.copies import COPIES as FILE
from grading.copies.copies import PAGE, Copies, Earlier
from grading.copies.earlier import KEY, EarlierError
from grading.copies.exhibits import MAX_SAID, MOST_SAID, Exhibits, Said, exhibits, with_passages
from grading.copies.looks import cells_of, crop_at, grey, hashes, likeness, mirrors
from grading.copies.pairs import Evidence
from grading.copies.translation import signatures, translated
from grading.copies.words import code_shingles, prompt_shingles, text_shingles
from grading.submission.reading import closing, open_submission
from manifests.answers import ExerciseAnswer, load_answers, save_answers
from manifests.store import Store
from tests.grading.copies import class_of, words

KINDS = {
    "photo_saved_again": "photo", "photo_mirrored_and_cropped": "photo", "picture_taken_over": "picture",
    "prompt_reordered": "prompt", "text_reordered": "text", "text_translated": "translation",
    "code_renamed": "code", "record_moved_in_time": "times",
}  # fmt: skip


@pytest.fixture(scope="module")
def some_copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, str], str]]:
    """Forty students, one copy of each way; graded."""
    root = tmp_path_factory.mktemp("class")
    planted = class_of.make_class(root / "in", 40, 1, seed=3, bank=words.TUNING)
    grade_class(root / "in", class_of.TP2, root / "out", language="en")
    return root, planted


def pairs(out: Path) -> Copies:
    return Copies.model_validate_json((out / FILE).read_bytes())


@pytest.mark.parametrize("kind", class_of.COPIES)
def test_each_way_of_copying_is_found_with_its_evidence(
    some_copied: tuple[Path, dict[tuple[str, str], str]], kind: str
) -> None:
    root, planted = some_copied
    students = next(pair for pair, way in planted.items() if way == kind)
    pair = next(p for p in pairs(root / "out").pairs if p.students == students)
    evidence = next(e for e in pair.evidence if e.kind == KINDS[kind])
    assert evidence.said
    if evidence.files:
        assert all(
            (root / "in" / s / "tp2" / f).is_file() for s, f in zip(students, evidence.files, strict=True)
        )
    elif evidence.kind not in ("times", "record"):
        assert evidence.passages
        assert all(passage.where[0] and passage.text[1] for passage in evidence.passages)


def test_a_translation_is_shown_in_both_languages() -> None:
    both = Said(where="observations", text="The runs with more steps have cleaner edges and softer light.")
    french, english = (t.format(n=3, m=70, thing="x", place="y") for t in words.MEASURING[0])
    one = Exhibits(texts=(Said(where="reflection", text=french),), observed=(both,))
    other = Exhibits(texts=(Said(where="reflection", text=english),), observed=(both,))
    evidence = with_passages(Evidence(kind="translation", score=0.5), one, other)
    assert [passage.text for passage in evidence.passages] == [(french, english)]


def test_what_students_have_in_common_honestly_is_no_pair(
    some_copied: tuple[Path, dict[tuple[str, str], str]],
) -> None:
    root, planted = some_copied
    told = pairs(root / "out").pairs
    assert [p.score for p in told] == sorted((p.score for p in told), reverse=True)
    false = [p for p in told if p.students not in planted]
    # The few sentences and prompts of this small class are the same for several of them: what is measured of
    # words is measured by benchmarks/copies.py.
    assert {p.kind for p in false} <= {"photo", "text", "prompt"}
    assert all(p.score < 0.5 for p in false if p.kind == "photo")  # five took the teacher's photo
    assert all(planted.get(p.students) for p in told[:12] if p.kind not in ("text", "prompt"))


def test_copies_change_no_points_and_stand_in_no_students_report(
    some_copied: tuple[Path, dict[tuple[str, str], str]],
) -> None:
    root, planted = some_copied
    for one, other in planted:
        assert other not in (root / "out" / one / "report.html").read_text("utf-8")
    page = (root / "out" / PAGE).read_text("utf-8")
    assert "<script" not in page
    assert all(one in page and other in page for one, other in planted)
    assert f'href="{PAGE}"' in (root / "out" / "index.html").read_text("utf-8")


def test_one_work_handed_in_by_two_is_told_of_two_students_alone(
    good_work: Path, tmp_path: Path, tp2: Assignment
) -> None:
    for name in ("alice", "bob"):
        shutil.copytree(good_work, tmp_path / "in" / name)
    grade_class(tmp_path / "in", tp2, tmp_path / "out", language="fr")
    (pair,) = pairs(tmp_path / "out").pairs
    assert pair.students == ("alice", "bob")
    assert {"record", "photo", "text"} <= {e.kind for e in pair.evidence}
    assert 'lang="fr"' in (tmp_path / "out" / PAGE).read_text("utf-8")


def test_nothing_of_a_student_runs_on_the_page(good_work: Path, tmp_path: Path, tp2: Assignment) -> None:
    hostile = (
        "<script>alert(1)</script> \u202e and one <img src=x onerror=alert(2)> sentence of many words here. "
        * 3
    )
    for name in ("<b>alice", "bob&amp;"):
        shutil.copytree(good_work, tmp_path / "in" / name)
        folder = tmp_path / "in" / name / "tp2"
        save_answers(folder, load_answers(folder).model_copy(update={"reflection": hostile}))
    grade_class(tmp_path / "in", tp2, tmp_path / "out", language="en")
    page = (tmp_path / "out" / PAGE).read_text("utf-8")
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "<b>alice" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


# --- earlier cohorts


def cohort(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        one = class_of.student(name, random.Random(number + sum(name.encode())), words.TUNING)
        class_of.hand_in(folder / name, one, random.Random(number))


def test_work_of_an_earlier_cohort_is_found_and_the_folder_has_no_text(
    tmp_path: Path, tp2: Assignment
) -> None:
    cohort(tmp_path / "2025", ["ann", "ben", "cleo"])
    cohort(tmp_path / "2026", ["zoe", "yan", "xan"])
    kept = tmp_path / "kept"
    different(tmp_path / "2025", tmp_path / "2026")
    grade_class(tmp_path / "2025", tp2, tmp_path / "a", earlier=Earlier(kept, "2025"), language="en")
    assert stat.S_IMODE((kept / KEY).stat().st_mode) == 0o600
    said = load_answers(tmp_path / "2025" / "ben" / "tp2").reflection
    stored = (kept / "2025.json").read_text("utf-8")
    assert not any(word in stored for word in said.split() if len(word) > 5)
    zoe = tmp_path / "2026" / "zoe" / "tp2"
    save_answers(zoe, load_answers(zoe).model_copy(update={"reflection": said}))
    mirrored = ImageOps.mirror(Image.open(next((tmp_path / "2025/cleo/tp2/inputs").iterdir())))
    xan = class_of.student("xan", random.Random(5), words.TUNING)
    xan.photo = mirrored
    shutil.rmtree(tmp_path / "2026" / "xan")
    xan.sentences, xan.prompt = ["Nothing to add."], "a clock"
    class_of.hand_in(tmp_path / "2026" / "xan", xan, random.Random(5))
    grade_class(tmp_path / "2026", tp2, tmp_path / "b", earlier=Earlier(kept, "2026"), language="en")
    found = {p.students: p for p in pairs(tmp_path / "b").pairs}
    assert set(found) == {("zoe", "2025/ben"), ("xan", "2025/cleo")}
    assert found["zoe", "2025/ben"].kind == "earlier"
    assert (kept / "2026.json").is_file()
    grade_class(tmp_path / "2026", tp2, tmp_path / "b", earlier=Earlier(kept, "2026"), language="en")
    assert set(found) == {p.students for p in pairs(tmp_path / "b").pairs}  # nobody copies from themselves


def test_of_texts_without_end_so_many_are_shown_as_can_be_compared(alice: Store, tp2: Assignment) -> None:
    short = "\n".join(f"The lamp number {n} is red." for n in range(700))
    save_answers(
        alice.folder,
        load_answers(alice.folder).model_copy(
            update={
                "reflection": short,
                "exercises": {"long": ExerciseAnswer(text="word " * 3000)},
            }
        ),
    )
    with closing(open_submission(alice.folder.parent, "tp2", name="alice")) as submission:
        shown = exhibits(submission, tp2, ())
    everything = (shown.texts, shown.observed, shown.prompts, shown.codes)
    assert len(shown.texts) == MOST_SAID
    assert all(len(said) <= MOST_SAID for said in everything)
    assert all(len(each.text) <= MAX_SAID for said in everything for each in said)
    assert all(each.text.strip() for each in shown.texts)


def different(*folders: Path) -> None:
    """Give each of a few students sentences that no other has, and no prompt of their own."""
    works = sorted(path for folder in folders for path in folder.iterdir())
    for number, path in enumerate(works):
        said = [one.format(n=number, m=7, thing="thing", place="here") for one, _ in words.TUNING[number::8]]
        folder = path / "tp2"
        answers = load_answers(folder)
        save_answers(folder, answers.model_copy(update={"reflection": ".\n".join(said)}))
        for manifest in (folder / "outputs").glob("studio*"):
            manifest.unlink()


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 10_000, b'{"schema":"genai-lab/fingerprints/2"}'])
def test_a_broken_folder_of_earlier_cohorts_says_which_file(
    good_work: Path, tmp_path: Path, tp2: Assignment, content: bytes
) -> None:
    shutil.copytree(good_work, tmp_path / "in" / "alice")
    kept = tmp_path / "kept"
    with pytest.raises(EarlierError):
        grade_class(tmp_path / "in", tp2, tmp_path / "out", earlier=Earlier(kept))
    kept.mkdir()
    (kept / KEY).write_bytes(bytes(32))
    (kept / "2025.json").write_bytes(content)
    with pytest.raises(EarlierError, match=r"2025\.json"):
        grade_class(tmp_path / "in", tp2, tmp_path / "out", earlier=Earlier(kept))
    for label in ("../x", "", "a/b", ".hidden", "x" * 61):
        with pytest.raises(EarlierError):
            grade_class(tmp_path / "in", tp2, tmp_path / "out", earlier=Earlier(kept, label))


@pytest.mark.parametrize("bits", [None, "no base64!", "AAAA"])
def test_a_broken_folder_of_earlier_cohorts_is_told_before_anything_is_graded(
    good_work: Path, tmp_path: Path, tp2: Assignment, bits: str | None
) -> None:
    shutil.copytree(good_work, tmp_path / "in" / "alice")
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / KEY).write_bytes(bytes(32))
    look = {"where": "outputs/a.png", "made": True, "seed": 1, "pixels": "0" * 64, "bits": bits}
    student = {"student": "ben", "words": [], "codes": [], "records": [], "looks": [look]}
    document = {"schema": "genai-lab/fingerprints/1", "assignment": "tp2", "students": [student]}
    (kept / "2025.json").write_text(json.dumps(document))
    with pytest.raises(EarlierError, match=r"2025\.json"):
        grade_class(tmp_path / "in", tp2, tmp_path / "out", earlier=Earlier(kept))
    assert not (tmp_path / "out").exists()


# --- parts


@given(seed=st.integers(0, 10_000), left=st.floats(0, 0.2), right=st.floats(0, 0.2), mirror=st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_crop_of_a_picture_is_like_it_and_another_picture_is_not(
    seed: int, left: float, right: float, mirror: bool
) -> None:
    picture = class_of.scene(seed)
    width, height = picture.size
    part = picture.crop((int(left * width), int(right * height), int(width * (1 - right)), height))
    part = ImageOps.mirror(part) if mirror else part
    whole, other, foreign = (cells_of(grey(p)) for p in (picture, part, class_of.scene(seed + 20_000)))
    assert whole is not None
    assert other is not None
    assert foreign is not None

    def best(small: object) -> float:
        bits = hashes(small, crops=False)[0] ^ mirrors()  # type: ignore[arg-type]
        apart = [[int(x).bit_count() for x in row] for row in bits[:, None] ^ hashes(whole, crops=True)]  # type: ignore[arg-type]
        near = sorted((n, m, c) for m, row in enumerate(apart) for c, n in enumerate(row))[:3]
        return max(likeness(whole, *crop_at(c), small, m)[0] for _, m, c in near)  # type: ignore[arg-type]

    assert best(other) > best(foreign)


@given(st.text(max_size=60))
def test_only_what_grey_made_has_cells(text: str) -> None:
    assert cells_of(text) is None


@given(st.text(max_size=300))
def test_any_text_is_compared_without_an_error(text: str) -> None:
    for shingles in (text_shingles, prompt_shingles, code_shingles):
        assert all(0 <= h < 2**63 for h in shingles(text, b"k"))
    signatures([text])


def test_renaming_and_reordering_change_little() -> None:
    code = "for round in range(12):\n    total = total + fetch(round)\n    print('done', total)\n"
    renamed = code.replace("round", "i").replace("total", "s").replace("fetch", "get")
    assert code_shingles(code, b"") == code_shingles(renamed, b"")
    assert text_shingles("One two three four. Five six seven eight.", b"") == text_shingles(
        "Five six seven eight. One two three four.", b""
    )
    assert text_shingles("One two three four.", b"a") != text_shingles("One two three four.", b"b")


def test_a_text_of_other_sentences_is_no_translation() -> None:
    french = [a.format(n=3, m=70, thing="casque", place="à Lyon") + "." for a, _ in words.MEASURING[:9]]
    english = [b.format(n=3, m=70, thing="headset", place="in Lyon") + "." for _, b in words.MEASURING]
    texts = {"fr": signatures(french), "same": signatures(english[:9]), "other": signatures(english[9:])}
    assert [(a, b) for a, b, *_ in translated(texts)] == [("fr", "same")]


def test_the_class_file_is_a_list_of_pairs(some_copied: tuple[Path, dict[tuple[str, str], str]]) -> None:
    document = json.loads((some_copied[0] / "out" / FILE).read_bytes())
    assert {"students", "kind", "score", "evidence"} == set(document[0])
    assert all(len(p["students"]) == 2 and 0 <= p["score"] <= 1 for p in document)

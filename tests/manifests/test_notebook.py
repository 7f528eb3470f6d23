"""The notebook keeps every answer as it came and every word of the student's, in an unbroken order."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from manifests.analysis import AltText, Analysis, Note
from manifests.chain import verify_chain
from manifests.errors import ManifestError, StoreError
from manifests.notebook import MAX_BYTES, Notebook, alt_texts, read_entry
from tests.manifests.notebooks import ALT_TEXT, CONCLUSION, CORRECTION, SEEN, record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def notebook(work: Path) -> Notebook:
    return Notebook(work, "api-analysis", "ada")


def files(notebook: Notebook) -> list[Path]:
    return sorted(notebook.analyses.glob("*.json"))


def test_nothing_is_created_before_something_is_written(notebook: Notebook, work: Path):
    assert notebook.entries() == []
    assert not work.exists()


def test_what_is_written_is_read_back_in_order(notebook: Notebook):
    written = [record(notebook), notebook.write("correct", CORRECTION), notebook.write("compare", CONCLUSION)]
    assert notebook.entries() == written
    assert [path.name for path in files(notebook)] == ["0001.json", "0002.json", "0003.json"]
    assert [read_entry(path.read_bytes()) for path in files(notebook)] == written


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:01Z"])
@pytest.mark.parametrize("kind", ["answer", "note"])
def test_an_entry_of_a_moment_that_no_clock_shows_is_refused(notebook: Notebook, kind: str, time: str):
    if kind == "answer":
        record(notebook)
    else:
        notebook.write("correct", CORRECTION)
    document = json.loads(files(notebook)[0].read_bytes())
    assert read_entry(json.dumps(document).encode())
    with pytest.raises(ManifestError):
        read_entry(json.dumps(document | {"time": time}).encode())


def test_a_correction_leaves_the_answer_as_it_was(notebook: Notebook):
    record(notebook)
    before = files(notebook)[0].read_bytes()
    notebook.write("correct", CORRECTION)
    assert files(notebook)[0].read_bytes() == before


def test_the_entries_are_a_chain_and_an_edit_shows(notebook: Notebook):
    for number in range(4):
        record(notebook, f"Answer {number}")
    assert verify_chain(notebook.entries()) == []
    path = files(notebook)[1]
    path.write_bytes(path.read_bytes().replace(b"Answer 1", b"Answer 9"))
    assert [(each.sequence, each.kind) for each in verify_chain(notebook.entries())] == [(2, "edited")]
    path.unlink()
    assert [(each.sequence, each.kind) for each in verify_chain(notebook.entries())] == [(2, "missing")]


def test_a_number_is_never_used_twice_even_where_its_file_cannot_be_read(notebook: Notebook):
    record(notebook)
    record(notebook)
    files(notebook)[1].write_bytes(b"{broken")
    assert record(notebook).sequence == 3
    assert files(notebook)[1].read_bytes() == b"{broken"


def test_only_this_students_entries_are_shown(notebook: Notebook, work: Path):
    record(notebook)
    other = Notebook(work, "api-analysis", "bob")
    assert other.entries() == []
    record(other)
    assert [entry.student for entry in other.entries()] == ["bob"]
    assert [entry.student for entry in notebook.entries()] == ["ada"]


def test_an_analysis_is_found_by_its_number_and_a_note_is_none(notebook: Notebook):
    first = record(notebook)
    note = notebook.write("correct", CORRECTION)
    assert notebook.find(1) == first
    assert notebook.find(note.sequence) is None
    assert notebook.find(None) is None


def test_the_newest_text_of_a_picture_counts_for_each_purpose(notebook: Notebook):
    notebook.write("alt_text", ALT_TEXT)
    notebook.write("alt_text", ALT_TEXT.model_copy(update={"alt": "A better one"}))
    decorative = AltText(image=SEEN, purpose="decorative", use="as a background", alt="", long="")
    notebook.write("alt_text", decorative)
    texts = alt_texts(notebook.entries(), SEEN.sha256)
    assert [(text.purpose, text.alt) for text in texts] == [
        ("decorative", ""),
        ("informative", "A better one"),
    ]
    assert alt_texts(notebook.entries(), "0" * 64) == []


@pytest.mark.parametrize(
    "changed", [{"text": "x" * 30_000}, {"provider": ""}, {"seconds": float("nan")}, {"text": "\ud800"}]
)
def test_what_cannot_be_read_back_is_not_written(notebook: Notebook, changed: dict[str, Any]):
    with pytest.raises((StoreError, ValueError)):
        record(notebook, **changed)
    assert files(notebook) == []


def test_too_much_typed_data_is_refused_and_said(notebook: Notebook):
    with pytest.raises(StoreError) as caught:
        record(notebook, data={"long": "x" * (MAX_BYTES + 1)})
    assert all("256" in caught.value.in_language(language) for language in LANGUAGES)
    assert files(notebook) == []


def test_an_impossible_assignment_is_refused(work: Path):
    with pytest.raises(StoreError):
        Notebook(work, "../elsewhere", "ada")


def test_a_folder_that_is_a_link_is_not_written_to(notebook: Notebook, tmp_path: Path):
    notebook.folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    notebook.analyses.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        record(notebook)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert notebook.entries() == []


def writer(work: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.manifests.note_writer", str(work), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_processes_write_at_once_and_nothing_is_lost(notebook: Notebook, work: Path):
    writers = [writer(work, 8) for _ in range(2)]
    for each in writers:
        each.communicate(timeout=200)
    assert [each.returncode for each in writers] == [0, 0]
    entries = notebook.entries()
    assert len({entry.answered.text for entry in entries if isinstance(entry, Analysis)}) == 16
    assert verify_chain(entries) == []


def test_a_writer_killed_at_any_moment_leaves_whole_entries(notebook: Notebook, work: Path):
    for moment in (1, 3, 6):
        process = writer(work, 0)
        assert process.stdout is not None
        for _ in range(moment):
            told = process.stdout.readline()
        process.kill()
        process.communicate()
        written = int(told.split()[-1])
        entries = notebook.entries()
        assert len(entries) >= written
        assert len(entries) == len(files(notebook))
        assert verify_chain(entries) == []
    record(notebook)  # the killed ones hold no lock, and what they left half done is gone
    assert [path.name for path in notebook.analyses.iterdir() if path.suffix != ".json"] == []


# --- reading what comes from outside


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of an analysis and of each kind of note."""
    notebook = Notebook(tmp_path_factory.mktemp("good"), "api-analysis", "ada")
    record(notebook, data={"present": ["a bag"], "score": {"score": 1, "reason": "dim"}})
    for said in (CORRECTION, ALT_TEXT, CONCLUSION):
        notebook.write("exercise", said)
    names = ["analysis", "correction", "alt_text", "conclusion"]
    return {name: path.read_bytes() for name, path in zip(names, files(notebook), strict=True)}


def changed(data: bytes, *path: str, to: Any) -> bytes:
    document = json.loads(data)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(document).encode()


REFUSED: dict[str, tuple[str, tuple[str, ...], Any]] = {
    "another version": ("analysis", ("schema",), "genai-lab/analysis/2"),
    "words as an analysis": ("correction", ("schema",), "genai-lab/analysis/1"),
    "an unknown field": ("analysis", ("points",), 20),
    "a key": ("analysis", ("asked", "api_key"), "sk-secret"),
    "an unknown task": ("analysis", ("asked", "task"), "grade"),
    "a picture by path": ("analysis", ("asked", "images"), [{**SEEN.model_dump(), "stem": "../x"}]),
    "nine pictures": ("analysis", ("asked", "images"), [SEEN.model_dump()] * 9),
    "an answer too long": ("analysis", ("answered", "text"), "x" * 20_001),
    "typed data as a list": ("analysis", ("answered", "data"), ["a"]),
    "a negative cost": ("analysis", ("cost", "amount"), -1),
    "a cost without origin": ("analysis", ("cost", "origin"), "guessed"),
    "a truth value as cost": ("analysis", ("cost", "amount"), True),
    "a number as text": ("analysis", ("sequence",), "1"),
    "a correction of nothing": ("correction", ("said", "about"), 0),
    "a correction too long": ("correction", ("said", "noticed"), "x" * 4001),
    "an unknown purpose": ("alt_text", ("said", "purpose"), "pretty"),
    "an unknown kind": ("conclusion", ("said", "kind"), "verdict"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_in_both_languages(good: dict[str, bytes], name: str):
    kind, path, value = REFUSED[name]
    with pytest.raises(ManifestError) as caught:
        read_entry(changed(good[kind], *path, to=value))
    for language in LANGUAGES:
        assert "\n" not in caught.value.in_language(language)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes):
    with pytest.raises(ManifestError):
        read_entry(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_good_entry_with_any_value_in_any_place_is_read_or_refused(
    good: dict[str, bytes], data: st.DataObject
):
    document = json.loads(good[data.draw(st.sampled_from(sorted(good)))])
    place, key = document, data.draw(st.sampled_from(list(document)))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(list(place)))
    place[key] = data.draw(JSON)
    try:
        entry = read_entry(json.dumps(document).encode("utf-8", "surrogatepass"))
    except ManifestError as error:
        if not all(error.in_language(language) for language in LANGUAGES):
            raise AssertionError("an error without words") from error
        return
    assert isinstance(entry, Analysis | Note)
    assert read_entry(entry.model_dump_json(by_alias=True).encode()) == entry

"""What is made is kept whole, with a record that is bounded and never trusted."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crafts import application, pieces
from crafts.application import difference
from crafts.catalogue import APPLICATIONS
from crafts.errors import CraftError
from crafts.pieces import FOLDER, Piece, make, newest, read_piece
from exercises.errors import MissingExtra
from exercises.i18n import LANGUAGES
from exercises.kinds import KINDS
from exercises.kinds.crafted import Crafted
from manifests.atomic import is_temporary
from manifests.store import Store
from tests.crafts.conftest import record_of, shaded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def crossstitch(store: Store, **changes: Any) -> Piece:
    records = store.records() or [record_of(store, shaded(1))]
    given_ = {"width": 24, "colours": 4} | changes
    return make(APPLICATIONS["crossstitch"], "pattern", given_, records[:1], store.folder, "alice", "en")


def test_every_kind_that_makes_something_has_its_application() -> None:
    assert {name for name, kind in KINDS.items() if issubclass(kind, Crafted)} == APPLICATIONS.keys()


def test_a_newer_piece_replaces_none_and_counts(store: Store) -> None:
    first, second = crossstitch(store), crossstitch(store, colours=3)
    names = {path.name for path in (store.folder / FOLDER).iterdir()}
    assert names == {f"pattern-{n}{e}" for n in (1, 2) for e in (".json", ".pdf", ".png")}
    assert (first.number, second.number) == (1, 2)
    assert newest(store.folder, "pattern") == second
    assert newest(store.folder, "patter") is newest(store.folder, "other") is None


def test_above_the_highest_number_nothing_is_made_and_the_file_is_named(store: Store) -> None:
    crossstitch(store)
    (store.folder / FOLDER / "pattern-999999.pdf").write_bytes(b"%PDF-")
    before = set((store.folder / FOLDER).iterdir())
    with pytest.raises(CraftError, match="highest number"):
        crossstitch(store)
    assert set((store.folder / FOLDER).iterdir()) == before


def test_what_cannot_be_made_leaves_nothing(store: Store) -> None:
    with pytest.raises(CraftError):
        crossstitch(store, width=3)
    assert not (store.folder / FOLDER).exists()


def test_pictures_that_are_too_large_together_are_refused_before_they_fill_the_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "MAX_PIXELS", 256 * 256 * 2)
    data, read = record_of(store, shaded(1)).image_path.read_bytes(), []

    def files() -> Iterator[bytes]:
        for number in range(9):
            read.append(number)
            yield data

    with pytest.raises(CraftError, match="pixels"):
        application.opened(files())
    assert len(read) == 3


KILLED = """
import sys
from pathlib import Path
from manifests.store import Store
from tests.crafts.test_pieces import crossstitch
store = Store(Path(sys.argv[1]), "crossstitch", "alice")
while True:
    crossstitch(store)
    print("made", flush=True)
"""


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_whole_pieces(store: Store) -> None:
    crossstitch(store)
    with_tests = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    for delay in (0.0, 0.02, 0.05, 0.09):
        arguments = [sys.executable, "-c", KILLED, str(store.folder.parent)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=with_tests)
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in (store.folder / FOLDER).glob("*.json"):
            piece = read_piece(path.read_bytes())
            assert all((path.parent / each.name).stat().st_size == each.bytes for each in piece.files)
    crossstitch(store)
    assert [p for p in (store.folder / FOLDER).iterdir() if is_temporary(p.name)] == []


def test_a_record_says_of_which_pixels_it_was_made_and_what_came_of_them(store: Store) -> None:
    record = record_of(store, shaded(1))
    piece = crossstitch(store)
    assert piece.sources[0].pixels_sha256 == record.manifest.image.pixels_sha256
    again = read_piece((store.folder / FOLDER / "pattern-1.json").read_bytes())
    assert again == piece


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_record_with_anything_in_it_is_read_or_refused_in_words(
    tmp_path: Path, data: st.DataObject
) -> None:
    store = Store(tmp_path, "crossstitch", "alice")
    if not (store.folder / FOLDER).exists():
        crossstitch(store)
    document = json.loads((store.folder / FOLDER / "pattern-1.json").read_text())
    field = data.draw(st.sampled_from(sorted(document)))
    document[field] = data.draw(JSON)
    said = {}
    try:
        piece = read_piece(json.dumps(document).encode())
        APPLICATIONS["crossstitch"].read_settings(piece.settings)
    except CraftError as error:
        said = {language: error.in_language(language) for language in LANGUAGES}
    assert all(said.values())


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xff", b"[" * 9000, b'{"a":1,"a":2}', b"0" * (pieces.MAX_BYTES + 1)]
)
def test_what_is_no_record_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(CraftError) as raised:
        read_piece(data)
    assert all(raised.value.in_language(language) for language in LANGUAGES)


@pytest.mark.parametrize(
    "name", ["../pattern-1.pdf", "/etc/passwd", "pattern-1.pdf/x", "a b-1.pdf", "pattern-0.pdf"]
)
def test_no_name_in_a_record_leads_out_of_its_folder(store: Store, name: str) -> None:
    crossstitch(store)
    document = json.loads((store.folder / FOLDER / "pattern-1.json").read_text())
    document["files"][0]["name"] = name
    with pytest.raises(CraftError):
        read_piece(json.dumps(document).encode())


def test_a_folder_of_pieces_that_is_a_link_is_not_followed(store: Store, tmp_path: Path) -> None:
    crossstitch(store)
    (store.folder / FOLDER).rename(tmp_path / "elsewhere")
    (store.folder / FOLDER).symlink_to(tmp_path / "elsewhere")
    assert newest(store.folder, "pattern") is None


def test_the_first_figure_that_differs_is_named_and_small_differences_only_where_they_are_allowed() -> None:
    one: Any = {"a": [1, {"b": 100}], "c": True}
    assert difference(one, {"a": [1, {"b": 100}], "c": True}, 0) is None
    assert difference(one, {"a": [1, {"b": 104}], "c": True}, 0) == "a.2.b"
    assert difference(one, {"a": [1, {"b": 104}], "c": True}, 0.1) is None
    assert difference(one, {"a": [1, {"b": 100}], "c": 1}, 0.1) == "c"
    assert difference(one, {"a": [1], "c": True}, 0) == "a"
    assert difference(one, {}, 0) == "a"
    assert difference({"a": 10**400}, {"a": 3}, 0.1) == "a"  # which no float can hold
    assert difference({"a": 10**400}, {"a": 10**400}, 0) is None


@pytest.mark.parametrize(("kind", "module"), [("crossstitch", "fpdf"), ("storyboard", "pptx")])
def test_where_a_library_is_missing_the_extra_is_named_and_nothing_is_left(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    records = [record_of(store, shaded(n)) for n in range(2)][: APPLICATIONS[kind].most]
    with pytest.raises(MissingExtra) as raised:
        make(APPLICATIONS[kind], "x", {}, records, store.folder, "alice", "en")
    assert f"genai-lab[{'pdf' if module == 'fpdf' else 'office'}]" in str(raised.value)
    assert newest(store.folder, "x") is None

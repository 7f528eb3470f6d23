"""Shapes a submission arrives in: what is safe to take is taken, else the reason names what is there."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.assignment import Assignment
from grading.submission.files import Unreadable
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission
from manifests.store import Store
from tests.grading.wrong import again

folders = st.lists(st.sampled_from(["work", "Zoé 2", "remise_123", "a.b"]), max_size=3)


@pytest.fixture(scope="module")
def handed_in(good_work: Path, tmp_path_factory: pytest.TempPathFactory, tp2: Assignment) -> dict[str, bytes]:
    work = Path(shutil.copytree(good_work, tmp_path_factory.mktemp("made") / "alice"))
    with zipfile.ZipFile(hand_in(tp2, Store(work, "tp2", "alice"), "en")) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_bytes(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_of_very_many_hand_ins_the_newest_is_read(handed_in: dict[str, bytes], tmp_path: Path) -> None:
    """As after a round of collecting a day."""
    for day in range(1, 29):
        files = handed_in | {"tp2/note.txt": str(day).encode()}
        (tmp_path / f"alice-tp2-202611{day:02}T120000Z.zip").write_bytes(zip_bytes(files))
    with closing(open_submission(tmp_path, "tp2")) as submission:
        assert len(submission.kept) > 0
        assert any("20261128" in each.text("en") for each in submission.findings)


def many_hand_ins(folder: Path, files: dict[str, bytes]) -> list[Path]:
    """28 hand-ins under their own names, the oldest first."""
    paths = [folder / f"alice-tp2-202611{day:02}T120000Z.zip" for day in range(1, 29)]
    for day, path in enumerate(paths):
        path.write_bytes(zip_bytes(files | {"tp2/note.txt": str(day).encode()}))
    return paths


def test_among_very_many_hand_ins_a_renamed_one_is_placed_by_its_own_list(
    handed_in: dict[str, bytes], tmp_path: Path
) -> None:
    many_hand_ins(tmp_path, handed_in)
    later = json.dumps(json.loads(handed_in["submission.json"]) | {"time": "2036-01-01T00:00:00Z"}).encode()
    (tmp_path / "my work.zip").write_bytes(zip_bytes(handed_in | {"submission.json": later}))
    with closing(open_submission(tmp_path, "tp2")) as submission:
        assert len(submission.own) == 14
        assert any("my work.zip" in each.text("en") for each in submission.findings)


def test_of_very_many_hand_ins_the_newest_whole_one_is_read(
    handed_in: dict[str, bytes], tmp_path: Path
) -> None:
    for path in many_hand_ins(tmp_path, handed_in)[-7:]:
        path.write_bytes(b"PK broken")
    with closing(open_submission(tmp_path, "tp2")) as submission:
        assert len(submission.own) == 14
        assert any("20261121" in each.text("en") for each in submission.findings)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    around=folders,
    backslashes=st.booleans(),
    nested=st.integers(0, 2),
    ending=st.sampled_from([".zip", ".ZIP", ".Zip"]),
    litter=st.booleans(),
    in_a_folder=st.booleans(),
)
def test_whatever_is_around_a_hand_in_it_is_found_whole(
    handed_in: dict[str, bytes],
    tmp_path: Path,
    around: list[str],
    backslashes: bool,
    nested: int,
    ending: str,
    litter: bool,
    in_a_folder: bool,
) -> None:
    files = {"/".join([*around, name]): data for name, data in handed_in.items()}
    if litter:
        files |= {f"__MACOSX/{'/'.join(around)}/tp2/outputs/._smoke.json": b"x", ".DS_Store": b"x"}
    if backslashes:
        files = {name.replace("/", "\\"): data for name, data in files.items()}
    data = zip_bytes(files)
    for _ in range(nested):
        data = zip_bytes({f"inner{ending}": data})
    shutil.rmtree(tmp_path / "subs", ignore_errors=True)
    place = tmp_path / "subs" / ("alice" if in_a_folder else "")
    place.mkdir(parents=True)
    (place / f"alice{ending}").write_bytes(data)
    path = place if in_a_folder else place / f"alice{ending}"
    if in_a_folder and nested == 2:
        return  # three zips deep
    with closing(open_submission(path, "tp2")) as submission:
        assert len(submission.own) == 14
        assert submission.frozen is not None
        assert submission.findings == []


def test_a_zip_three_deep_is_not_looked_into(handed_in: dict[str, bytes], tmp_path: Path) -> None:
    data = zip_bytes(handed_in)
    for _ in range(4):
        data = zip_bytes({"inner.zip": data})
    (tmp_path / "alice.zip").write_bytes(data)
    with pytest.raises(Unreadable, match=r"inner\.zip"):
        open_submission(tmp_path / "alice.zip", "tp2")


def test_a_damaged_zip_beside_a_good_one_is_named_and_the_good_one_graded(
    handed_in: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "a.zip").write_bytes(zip_bytes(handed_in))
    (tmp_path / "alice" / "b.zip").write_bytes(b"PK broken")
    with closing(open_submission(tmp_path / "alice", "tp2")) as submission:
        assert len(submission.own) == 14
        assert [f.key for f in submission.findings] == ["submission.bad_zip"]


def test_of_renamed_hand_ins_the_newest_by_their_own_list_counts(
    alice: Store, tp2: Assignment, tmp_path: Path
) -> None:
    (tmp_path / "subs").mkdir()
    shutil.copy(hand_in(tp2, alice, "en"), tmp_path / "subs" / "z.zip")
    again()(alice)
    newer = hand_in(tp2, alice, "en")
    with zipfile.ZipFile(newer) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    later = json.dumps(json.loads(files["submission.json"]) | {"time": "2036-01-01T00:00:00Z"}).encode()
    (tmp_path / "subs" / "a.zip").write_bytes(zip_bytes(files | {"submission.json": later}))
    with closing(open_submission(tmp_path / "subs", "tp2")) as submission:
        assert len(submission.own) == 15


def test_another_assignment_s_work_is_named_and_not_taken(
    handed_in: dict[str, bytes], tmp_path: Path
) -> None:
    files = {name.replace("tp2/", "tp9/"): data for name, data in handed_in.items()}
    (tmp_path / "alice.zip").write_bytes(zip_bytes(files))
    with pytest.raises(Unreadable, match="tp9"):
        open_submission(tmp_path / "alice.zip", "tp2")


def test_the_folder_nearest_the_top_counts(handed_in: dict[str, bytes], tmp_path: Path) -> None:
    inner = {f"tp2/backup/{name}": data for name, data in handed_in.items()}
    (tmp_path / "alice.zip").write_bytes(zip_bytes(handed_in | inner))
    with closing(open_submission(tmp_path / "alice.zip", "tp2")) as submission:
        assert submission.prefix == "tp2/"

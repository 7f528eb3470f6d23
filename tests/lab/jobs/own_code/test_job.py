"""From a student's text to a recorded picture: only what is equal to the run's own is recorded."""

import threading
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import translator
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.checks.code import KIND
from grading.results import CheckResult
from grading.submission.reading import closing, open_work
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.jobs.own_code.given import Draw
from lab.jobs.own_code.job import CodeFailed, CodeJob, CodeRunning, last_run, open_blanks
from lab.jobs.own_code.process import Bounds
from lab.records.verify import regenerate
from manifests.chain import verify_chain
from manifests.store import Store
from tests.lab.engine.asking import photo
from tests.own_code import solution

BOUNDS = Bounds(seconds=120, memory=6 * 2**30)
ONE = """
from PIL import Image
Image.new("RGB", (64, 64), "red").save("code_run01.png")
"""


@pytest.fixture(scope="module")
def tp2() -> Assignment:
    return find_assignment("tp2")


@pytest.fixture
def store(tmp_path: Path, tp2: Assignment, engine: LocalEngine) -> Store:
    """Work that has the two runs which the code is to draw again, drawn by the lab."""
    store = Store(tmp_path / "work", "tp2", "jane")
    source = store.add_source(photo())
    for name in ("t2i_run01_baseline", "i2i_run08_strength060"):
        planned = tp2.planned_run(name)
        assert planned
        request = request_for(planned[1].parameters, "mini", source)
        *_, last = generate(store, engine, planned[0].id, name, request, model="mini").events()
        assert isinstance(last, PictureSaved)
    return store


def job(store: Store, code: str, bounds: Bounds = BOUNDS) -> CodeJob:
    draws = []
    for run, of in find_assignment("tp2").exercise("code").draws.items():  # type: ignore[union-attr]
        record = store.newest(of)
        assert record
        draws.append(Draw(run, record))
    return CodeJob(store, "code", code, draws, bounds, store.folder.parent / "kept")


def checks(tp2: Assignment, store: Store) -> dict[str, CheckResult]:
    with closing(open_work(store.folder.parent, "tp2", "jane")) as submission:
        found = check_submission(tp2, submission, "en")
    return {check.id: check for check in found if check.id.startswith("code/")}


@pytest.mark.slow
def test_the_blanks_filled_in_draw_the_recorded_pictures_to_the_last_pixel(
    tp2: Assignment, store: Store, engine: LocalEngine
) -> None:
    events = list(job(store, solution()).events())
    assert any(isinstance(event, CodeRunning) for event in events)
    saved = [event.record for event in events if isinstance(event, PictureSaved)]
    assert [record.stem for record in saved] == ["code_run01", "code_run08"]
    for record, of in zip(saved, ("t2i_run01_baseline", "i2i_run08_strength060"), strict=True):
        theirs = store.newest(of)
        assert theirs
        assert record.manifest.image.pixels_sha256 == theirs.manifest.image.pixels_sha256
        assert record.manifest.request == theirs.manifest.request
        assert record.manifest.proof
        assert (record.manifest.proof.of, record.manifest.proof.code) == (of, solution())
    assert verify_chain(store.chain()) == []
    statuses = {name: check.status for name, check in checks(tp2, store).items()}
    assert set(statuses.values()) == {"passed", "open"}
    assert statuses["code/code/code"] == "open"
    with closing(open_work(store.folder.parent, "tp2", "jane")) as submission:
        made = regenerate(tp2, submission, 10, engine, secret=b"x")
        texts = KIND.texts(tp2.exercise("code"), submission, translator("grading", "en"))
    assert {each.stem: each.verdict for each in made if each.stem.startswith("code_")} == {
        "code_run01": "identical", "code_run08": "identical"
    }  # fmt: skip
    assert [text.body for text in texts] == [solution()]
    # A newer run of another picture takes the proof's ground away.
    planned = tp2.planned_run("t2i_run01_baseline")
    assert planned
    other = request_for(planned[1].parameters, "mini").model_copy(update={"seed": 7, "steps": 2})
    list(generate(store, engine, "sweep", "t2i_run01_baseline", other, model="mini").events())
    assert checks(tp2, store)["code/code_run01/drawn"].passed is False


@pytest.mark.slow
def test_another_seed_is_another_picture_and_is_not_recorded(store: Store) -> None:
    end = '),\n).images[0]\nimage.save("code_run01'
    wrong = solution((f"generator(42{end}", f"generator(43{end}"))
    running = job(store, wrong)
    with pytest.raises(CodeFailed, match="code_run01"):
        list(running.events())
    assert store.newest("code_run01") is None
    last = last_run(running.kept)
    assert last
    assert (last.nearness["code_run01"] or 0) < 60 <= (last.nearness["code_run08"] or 0)
    assert (running.kept / "code_run01.png").is_file()


def test_open_blanks_are_told_with_their_lines_before_anything_runs(store: Store) -> None:
    running = job(store, "x = 1\ny = _______\n")
    assert open_blanks(running.code) == [2]
    with pytest.raises(CodeFailed, match="2"):
        list(running.events())
    last = last_run(running.kept)
    assert last
    assert last.error
    assert last.error.line == 2


def test_a_picture_of_another_size_or_none_is_refused(store: Store) -> None:
    with pytest.raises(CodeFailed, match=r"code_run08\.png"):
        list(job(store, ONE).events())
    assert store.newest("code_run01") is None


@pytest.mark.parametrize(
    "writes",
    [
        "import os; os.symlink('/etc/passwd', 'code_run01.png')",
        "import os; os.mkfifo('code_run01.png')",
        "open('code_run01.png', 'w').write('no picture')",
        "import os; os.mkdir('code_run01.png')",
    ],
)
def test_what_is_no_picture_is_neither_followed_nor_kept(store: Store, writes: str) -> None:
    with pytest.raises(UserError, match=r"code_run01\.png"):
        list(job(store, writes).events())
    assert store.newest("code_run01") is None


def test_the_recorded_pictures_are_not_in_its_folder_and_the_folder_goes_away(store: Store) -> None:
    running = job(store, "import os\nprint(sorted(os.listdir('.')))\n1 / 0\n")
    with pytest.raises(CodeFailed, match="Line 3: ZeroDivisionError"):
        list(running.events())
    last = last_run(running.kept)
    assert last
    assert last.output == "['code.py', 'given.py', 'photo.png']\n"
    assert [path.name for path in running.kept.iterdir()] == ["last.json"]


def test_it_stops_when_asked_and_records_nothing(store: Store) -> None:
    running = job(store, "import time\ntime.sleep(60)\n")
    threading.Timer(0.8, running.cancel).start()
    *_, last = running.events()
    assert isinstance(last, Cancelled)
    assert store.newest("code_run01") is None


def test_one_text_runs_at_a_time(store: Store) -> None:
    first, second = job(store, "import time\ntime.sleep(60)\n"), job(store, "print(1)")
    running = first.events()
    next(running)
    waiting = second.events()
    next(waiting)
    second.cancel()
    assert isinstance(list(waiting)[-1], Cancelled)
    first.cancel()
    assert isinstance(list(running)[-1], Cancelled)


def test_a_manifest_without_the_code_is_no_proof(tp2: Assignment, store: Store, engine: LocalEngine) -> None:
    planned = tp2.planned_run("t2i_run01_baseline")
    assert planned
    request = request_for(planned[1].parameters, "mini")
    list(generate(store, engine, "code", "code_run01", request, model="mini").events())
    check = checks(tp2, store)["code/code_run01/drawn"]
    assert check.status == "failed"
    assert check.cause
    assert "no code" in check.cause.message


def test_nothing_drawn_yet_is_not_yet(tp2: Assignment, store: Store) -> None:
    assert {check.status for check in checks(tp2, store).values()} == {"to_do", "unchecked"}

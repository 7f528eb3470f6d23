"""What an instructor's tools ask of a lab: progress and a snapshot, without a trace in the student's work."""

import io
import shutil
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.submission.files import Unreadable
from grading.submission.frozen import hand_in_name
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission, open_work
from grading.wording import message
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.web import class_routes
from lab.web.class_routes import add_class_routes
from manifests.pictures import open_picture
from manifests.store import Store
from tests.grading.good import EARNED, draft_of, make_work, noise
from tests.lab.web.test_app import make_lab

PREFIX = "/user/jane"


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return make_lab(tmp_path / "work", prefix=PREFIX)


@pytest.fixture
def client(lab: Lab) -> Iterator[TestClient]:
    app = FastAPI()
    add_class_routes(app, lab)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def store(lab: Lab) -> Store:
    """Everything done, as that student."""
    return make_work(lab.work, lab.assignment, lab.student)


def everything_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_who_has_done_nothing_has_no_points_and_nothing_to_freeze(client: TestClient) -> None:
    progress = client.get(f"{PREFIX}/class/progress").json()
    told = {"assignment": "tp2", "points": 0, "maximum": 20, "pictures": 0, "running": 0}
    assert {name: progress[name] for name in told} == told
    assert progress["changed"] is None
    assert progress["failing"] == []  # not begun is not wrong
    assert sum(exercise["maximum"] for exercise in progress["exercises"]) == pytest.approx(20)
    assert {exercise["pictures"] for exercise in progress["exercises"]} == {0}
    assert client.get(f"{PREFIX}/class/checklist").json()["pictures"] == []
    assert client.get(f"{PREFIX}/class/snapshot").status_code == 204


def test_progress_is_what_the_checks_give(client: TestClient, store: Store) -> None:
    progress = client.get(f"{PREFIX}/class/progress", params={"assignment": "tp2"}).json()
    assert progress["points"] == EARNED - 1  # nothing handed in yet
    assert progress["pictures"] == len(store.records())


def test_each_exercise_has_its_points_its_pictures_and_the_time_it_took(
    client: TestClient, store: Store
) -> None:
    progress = client.get(f"{PREFIX}/class/progress").json()
    told = {exercise["id"]: exercise for exercise in progress["exercises"]}
    assert sum(each["points"] for each in told.values()) == pytest.approx(progress["points"], abs=0.02)
    assert sum(each["pictures"] for each in told.values()) == len(store.records())
    assert told["sweep"]["points"] == told["sweep"]["maximum"]
    assert told["reflection"]["open"] > 0
    assert datetime.fromisoformat(progress["changed"]) >= store.records()[-1].manifest.time


def test_what_is_wrong_comes_with_how_often_it_was_tried(client: TestClient, lab: Lab) -> None:
    tp2 = lab.assignment
    store = Store(lab.work, tp2.id, lab.student)
    exercise, run = next((e, run) for e, run in tp2.planned_runs() if run.id == "baseline")
    for number in range(3):  # twice more than once, and wrong each time
        store.save(draft_of(exercise.id, run, guidance_scale=3.0), noise(number))
    store.delete("baseline")
    progress = client.get(f"{PREFIX}/class/progress").json()
    assert {"check": "baseline/baseline/parameters", "attempts": 3} in progress["failing"]
    assert next(e for e in progress["exercises"] if e["id"] == "baseline")["pictures"] == 3
    assert progress["pictures"] == 2


def test_the_checklist_is_the_students_own_in_the_readers_language(client: TestClient, store: Store) -> None:
    told = client.get(f"{PREFIX}/class/checklist", params={"language": "fr"}).json()
    tp2 = find_assignment("tp2")
    with closing(open_work(store.folder.parent, "tp2", store.student)) as submission:
        checks = check_submission(tp2, submission, "fr")
    assert [each["id"] for each in told["checks"]] == [check.id for check in checks]
    assert [each["title"] for each in told["checks"]] == [check.title for check in checks]
    assert [each["status"] for each in told["checks"]] == [check.status for check in checks]
    assert [each["stem"] for each in told["pictures"]] == [record.stem for record in store.records()[::-1]]


def test_pictures_are_told_small_and_those_of_others_not_at_all(client: TestClient, store: Store) -> None:
    stem = store.records()[0].stem
    answer = client.get(f"{PREFIX}/class/picture", params={"stem": stem})
    assert answer.headers["content-type"] == "image/jpeg"
    picture = open_picture(answer.content)
    assert max(picture.size) <= 320
    for other in ("nothing", f"../outputs/{stem}", "../../../../etc/passwd", f"{stem}.json", ""):
        assert client.get(f"{PREFIX}/class/picture", params={"stem": other}).status_code == 404
    store.records()[0].image_path.write_bytes(b"no picture")
    assert client.get(f"{PREFIX}/class/picture", params={"stem": stem}).status_code == 404


def test_a_generation_under_way_is_counted_until_it_ends(client: TestClient, lab: Lab) -> None:
    began, go_on = threading.Event(), threading.Event()

    def wait() -> object:
        began.set()
        go_on.wait(60)
        raise class_routes.UserError("it ends here")

    running = lab.runs.start("smoke", [Task("smoke", wait)])  # type: ignore[arg-type]
    try:
        assert began.wait(60)
        assert client.get(f"{PREFIX}/class/progress").json()["running"] == 1
    finally:
        go_on.set()
    while not running.finished:
        go_on.wait(0.01)
    assert client.get(f"{PREFIX}/class/progress").json()["running"] == 0


def test_a_snapshot_grades_like_the_work_and_leaves_no_trace(
    client: TestClient, lab: Lab, store: Store, tmp_path: Path
) -> None:
    before = everything_below(lab.folder)
    answer = client.get(f"{PREFIX}/class/snapshot")
    assert answer.headers["content-type"] == "application/zip"
    assert everything_below(lab.folder) == before
    assert list(lab.cache.iterdir()) == []
    file = tmp_path / "jane.zip"
    file.write_bytes(answer.content)
    with closing(open_submission(file, "tp2", name=lab.student)) as submission:
        assert submission.frozen
        assert submission.frozen.student == lab.student
        checks = check_submission(find_assignment("tp2"), submission, "en")
    assert sum(check.points for check in checks) == pytest.approx(EARNED)


def test_a_snapshot_says_when_the_work_was_last_changed(client: TestClient, store: Store) -> None:
    newest = max(path.stat().st_mtime for path in store.folder.rglob("*") if path.is_file())
    answer = client.get(f"{PREFIX}/class/snapshot")
    said = parsedate_to_datetime(answer.headers["last-modified"])
    assert said == datetime.fromtimestamp(int(newest), UTC)


def hand_in_at(lab: Lab, store: Store, time: datetime) -> bytes:
    """A hand-in of the student at that time."""
    path = hand_in(lab.assignment, store, "en")
    renamed = path.with_name(hand_in_name("jane", "tp2", time))
    path.rename(renamed)
    return renamed.read_bytes()


DUE = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("times", "due", "expected"),
    [
        ([-2 * DAY, -DAY], DUE, -DAY),
        ([-2 * DAY, -DAY, DAY, 2 * DAY], DUE, -DAY),
        ([-2 * DAY, DAY], DUE, -2 * DAY),
        ([timedelta(), DAY], DUE, timedelta()),
        ([DAY, 2 * DAY], DUE, 2 * DAY),  # handed in late: the newest
        ([-DAY, 2 * DAY], None, 2 * DAY),
    ],
)
def test_the_newest_hand_in_before_the_deadline_counts(
    client: TestClient,
    lab: Lab,
    store: Store,
    times: list[timedelta],
    due: datetime | None,
    expected: timedelta,
) -> None:
    written = {after: hand_in_at(lab, store, DUE + after) for after in times}
    params = {"due": due.isoformat()} if due else {}
    answer = client.get(f"{PREFIX}/class/snapshot", params=params)
    assert answer.content == written[expected]
    assert parsedate_to_datetime(answer.headers["genai-handed-in"]) == DUE + expected
    newest = max(path.stat().st_mtime for path in (store.folder / "outputs").iterdir())
    assert parsedate_to_datetime(answer.headers["last-modified"]).timestamp() >= int(newest)


def test_without_a_hand_in_that_can_be_opened_the_work_is_taken_as_it_is(
    client: TestClient, lab: Lab, store: Store
) -> None:
    good = hand_in_at(lab, store, DUE - DAY)
    folder = store.folder / "hand-ins"
    for after, data in ((-timedelta(hours=1), good[:2000]), (-timedelta(hours=2), b"rubbish")):
        (folder / hand_in_name("jane", "tp2", DUE + after)).write_bytes(data)
    (folder / hand_in_name("jane", "tp2", DUE - timedelta(hours=3))).symlink_to("/etc/passwd")
    (folder / "notes.zip").write_bytes(good)
    (folder / "jane-tp2-20261345T990000Z.zip").write_bytes(good)
    params = {"due": DUE.isoformat()}
    assert client.get(f"{PREFIX}/class/snapshot", params=params).content == good
    (folder / hand_in_name("jane", "tp2", DUE - DAY)).unlink()
    answer = client.get(f"{PREFIX}/class/snapshot", params=params)
    assert answer.status_code == 200
    assert "genai-handed-in" not in answer.headers


def test_a_hand_in_is_there_even_when_the_work_was_deleted_since(
    client: TestClient, lab: Lab, store: Store
) -> None:
    good = hand_in_at(lab, store, DUE - DAY)
    for name in ("outputs", "inputs", "answers.json"):
        path = store.folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    assert client.get(f"{PREFIX}/class/snapshot").content == good


def test_an_assignment_there_is_not_is_not_found(client: TestClient) -> None:
    for name in ("nope", "../../etc", "tp2/../tp2", "x" * 5000):
        for route in ("progress", "snapshot"):
            assert client.get(f"{PREFIX}/class/{route}", params={"assignment": name}).status_code == 404


def test_what_moves_while_it_is_read_is_read_again(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = class_routes.freeze, []

    def once_in_the_way(*arguments: object) -> datetime:
        calls.append(1)
        if len(calls) == 1:
            raise Unreadable(message("file.no_access", file="smoke.png"))
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(class_routes, "freeze", once_in_the_way)
    answer = client.get(f"{PREFIX}/class/snapshot")
    assert answer.status_code == 200
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_one_snapshot_is_made_at_a_time(
    client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, began, go_on = class_routes.freeze, threading.Event(), threading.Event()

    def slow(*arguments: object) -> datetime:
        began.set()
        go_on.wait(60)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(class_routes, "freeze", slow)
    first: list[int] = []
    thread = threading.Thread(target=lambda: first.append(client.get(f"{PREFIX}/class/snapshot").status_code))
    thread.start()
    try:
        assert began.wait(60)
        second = client.get(f"{PREFIX}/class/snapshot")
    finally:
        go_on.set()
        thread.join(60)
    assert second.status_code == 503
    assert int(second.headers["retry-after"]) > 0
    assert first == [200]
    assert client.get(f"{PREFIX}/class/snapshot").status_code == 200

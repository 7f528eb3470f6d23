"""Whoever is killed and whoever goes away: what was finished is there, and nothing is drawn for nobody."""

import time
from pathlib import Path
from uuid import uuid4

import pytest

from gateway import drawings as module
from gateway.drawings import Drawing, Drawings
from gateway.kept import Kept
from gateway.keys import SigningKeys
from gateway.people import Person
from gateway.receipt_log import ReceiptLog
from lab.engine.inputs import NOTHING
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Failed, Step
from manifests.png import pixels_sha256
from manifests.receipts import verify
from tests.lab.engine.asking import asked

ADA = Person("ada")
LONG = {"steps": 150, "width": 128, "height": 128}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def drawings_on(state: Path, engine: LocalEngine) -> Drawings:
    """What a gateway that was just started on this folder has."""
    keys = SigningKeys(state / "keys")
    return Drawings(engine, ReceiptLog(state / "receipts.sqlite", keys), Kept(state / "finished"))


@pytest.fixture
def drawings(state: Path, engine: LocalEngine) -> Drawings:
    return drawings_on(state, engine)


def drawn(drawing: Drawing) -> Done:
    *_, last = drawing.events()
    assert isinstance(last, Done), last
    return last


def ask(drawings: Drawings, key: str, **request: object) -> Drawing:
    return drawings.submit(ADA, key, asked(**request), "mini", NOTHING, 0)


def test_what_was_finished_before_the_gateway_was_killed_is_not_drawn_again(
    state: Path, drawings: Drawings, engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = uuid4().hex
    first = drawn(ask(drawings, key))
    monkeypatch.setattr(engine, "submit", None)  # whoever draws now fails
    again = drawn(ask(drawings_on(state, engine), key))
    assert again.picture.image.tobytes() == first.picture.image.tobytes()
    assert again.picture.drawn == first.picture.drawn  # its receipt too


def test_killed_before_it_was_signed_it_is_signed_once(
    state: Path, drawings: Drawings, engine: LocalEngine
) -> None:
    key = uuid4().hex
    done = drawn(ask(drawings, key))
    other = uuid4().hex
    Kept(state / "finished").put("ada", other, done)  # on disk, and then the power failed
    fresh = drawings_on(state, engine)
    receipts = {drawn(ask(fresh, other)).picture.drawn.receipt for _ in range(3)}
    assert len(receipts) == 1
    (receipt,) = receipts
    assert receipt
    told, pixels = verify(receipt, SigningKeys(state / "keys").public)
    assert (told.student, told.sequence) == ("ada", 2)
    assert pixels == pixels_sha256(done.picture.image)


def test_what_cannot_be_read_any_more_is_drawn_again(
    state: Path, drawings: Drawings, engine: LocalEngine
) -> None:
    key = uuid4().hex
    drawn(ask(drawings, key))
    (file,) = (state / "finished").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert drawn(ask(drawings_on(state, engine), key)).picture.image.size == (64, 64)


def test_whatever_goes_wrong_with_a_finished_picture_ends_its_drawing(
    drawings: Drawings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its lab would wait for ever, while the gateway says that it is there."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(drawings._kept, "put", broken)
    *_, last = ask(drawings, uuid4().hex).events()
    assert last == Failed("internal")


def test_what_the_lab_has_is_forgotten(state: Path, drawings: Drawings) -> None:
    key = uuid4().hex
    drawn(ask(drawings, key))
    drawings.end(ADA, key)
    assert list((state / "finished").iterdir()) == []
    assert drawings.all() == []
    drawings.end(ADA, key)


def test_what_nobody_listens_to_is_stopped(drawings: Drawings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.2)
    abandoned, listened = ask(drawings, uuid4().hex, **LONG), ask(drawings, uuid4().hex, **LONG)
    with listened.heard():
        next(event for event in abandoned.events() if isinstance(event, Step))
        time.sleep(0.3)
        drawings.tidy()
        *_, last = abandoned.events()
        assert isinstance(last, Cancelled)
        assert not listened.ended
        listened.cancel()


def test_what_nobody_fetched_for_a_day_is_forgotten(state: Path) -> None:
    kept = Kept(state / "finished")
    (state / "finished" / "old.json").write_bytes(b"{}")
    kept.sweep(older_than=3600)
    assert len(list((state / "finished").iterdir())) == 1
    kept.sweep(older_than=-1)
    assert list((state / "finished").iterdir()) == []


def test_a_file_that_is_fetched_while_old_ones_are_forgotten_is_no_error(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, folder = Kept(state / "finished"), state / "finished"
    for name in ("one.json", "two.json"):
        (folder / name).write_bytes(b"{}")
    listed = [folder / "gone.json", *folder.iterdir()]
    monkeypatch.setattr(Path, "iterdir", lambda _: iter(listed))
    kept.sweep(older_than=-1)
    assert not any(file.exists() for file in listed)


def test_a_picture_comes_with_what_the_judge_found(drawings: Drawings) -> None:
    picture = drawn(ask(drawings, uuid4().hex, prompt="a red backpack")).picture
    assert picture.judged
    assert picture.adherence
    assert len(picture.adherence.parts) == 2

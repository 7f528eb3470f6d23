"""Teaching as a job: from photos to kept adapters, stopped and gone on with, refused with the reason."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from exercises.errors import UserError
from grading.submission.reading import open_work
from lab.engine import adapting
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Failed
from lab.jobs import adapt
from lab.jobs.adapt import AdaptError, AdaptersSaved, Plan, Preparing, Taught, Teaching, check_word
from lab.jobs.generate import PictureSaved, generate
from lab.models.registry import MODELS
from lab.records.code import python_script
from lab.records.verify import verify
from manifests.adapters import Settings, cards, read, read_facts
from manifests.atomic import write_atomic
from manifests.errors import StoreError
from manifests.manifest import Adapter, Manifest
from manifests.png import read_png_text
from manifests.store import Store
from tests.lab.engine.asking import asked


def photo(number: int) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (90, 70), (20 * number, 60, 200 - 20 * number)).save(data, "PNG")
    return data.getvalue()


PHOTOS = tuple(map(photo, range(5)))


def plan(**changes: Any) -> Plan:
    given: dict[str, Any] = {
        "word": "zibou",
        "photos": PHOTOS,
        "settings": Settings(steps=6, rank=2, rate=1e-2),
        "keep": (3,),
        "sample_every": 4,
    }
    return Plan(**(given | changes))


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch, mini_is_tiny: Path) -> None:
    """Small pictures, few of them the model's own, and few that the judge looks at."""
    monkeypatch.setitem(MODELS, "mini", replace(MODELS["mini"], native_size=64))
    monkeypatch.setattr(adapting, "PRIOR", 4)
    monkeypatch.setattr(adapting, "PRIOR_BATCH", 2)
    monkeypatch.setattr(adapting, "VARIANTS", 2)
    monkeypatch.setattr(adapting, "SAMPLE_STEPS", 2)
    monkeypatch.setattr(adapt, "OTHERS", 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "adapt", "jane")


def run(store: Store, plan: Plan, stop: Callable[[object], bool] = lambda _: False) -> list[object]:
    teaching, events = Teaching(store, plan), []
    for event in teaching.events():
        events.append(event)
        if stop(event):
            teaching.cancel()
    return events


def test_photos_become_adapters_with_cards_samples_and_a_loss_curve(store: Store) -> None:
    events = run(store, plan())
    saved = events[-1]
    assert isinstance(saved, AdaptersSaved)
    assert [card.steps for card in saved.cards] == [3, 6]
    assert [event.step for event in events if isinstance(event, Taught)] == [1, 2, 3, 4, 5, 6]
    assert sum(isinstance(event, Preparing) for event in events) == 2
    taught = [event for event in events if isinstance(event, Taught)]
    assert [len(event.samples) for event in taught] == [0, 0, 0, 2, 2, 4]  # so far
    assert [event.preview is not None for event in taught] == [False, False, False, True, False, True]
    assert [len(event.losses) for event in taught] == [1, 2, 3, 4, 5, 6]
    assert {event.word for event in taught} == {"zibou"}
    assert len(adapt.samples_of(store.folder, "zibou")) == 4
    last = saved.cards[-1]
    assert cards(store.folder) == list(saved.cards)
    assert len(last.losses) == 6
    assert last.forgetting is not None
    assert read_facts(read(store.folder, last.file, last.sha256)).word == "zibou"
    assert set(last.photos) == set(plan().hashes)
    assert len(list(store.inputs.iterdir())) == 5


def test_the_same_again_after_a_stop_goes_on_where_it_was(store: Store, tmp_path: Path) -> None:
    stopped = run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 4)
    assert isinstance(stopped[-1], Cancelled)
    again = run(store, plan())
    assert [event.step for event in again if isinstance(event, Taught)] == [5, 6]
    assert [len(event.samples) for event in again if isinstance(event, Taught)] == [2, 4]
    assert [len(event.losses) for event in again if isinstance(event, Taught)] == [5, 6]
    assert not any(isinstance(event, Preparing) for event in again)
    at_once = run(Store(tmp_path / "other", "adapt", "jane"), plan())
    one, other = (events[-1] for events in (again, at_once))
    assert isinstance(one, AdaptersSaved)
    assert isinstance(other, AdaptersSaved)
    losses = [[loss for _, loss in each.cards[-1].losses] for each in (one, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def kept(events: list[object]) -> list[int]:
    """After which steps the adapters were kept that a run gave last."""
    saved = events[-1]
    assert isinstance(saved, AdaptersSaved), saved
    return [card.steps for card in saved.cards]


def test_stopped_past_an_adapter_that_is_kept_it_keeps_the_same_as_without_the_stop(store: Store) -> None:
    whole = plan(keep=(2, 4))
    run(store, whole, lambda event: isinstance(event, Taught) and event.step == 5)
    assert [card.steps for card in cards(store.folder)] == [2, 4]
    assert kept(run(store, whole)) == [2, 4, 6]
    assert [card.steps for card in cards(store.folder)] == [2, 4, 6]


def test_stopped_at_a_step_whose_adapter_is_kept_it_is_kept_once(store: Store) -> None:
    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 3)
    assert kept(run(store, plan())) == [3, 6]
    assert [card.steps for card in cards(store.folder)] == [3, 6]


def test_taught_to_the_end_the_same_again_keeps_nothing_more_and_gives_what_is_there(store: Store) -> None:
    first = run(store, plan())[-1]
    again = run(store, plan())
    assert again[-1] == first
    assert not any(isinstance(event, Taught) for event in again)
    assert [card.steps for card in cards(store.folder)] == [3, 6]


def test_an_adapter_that_was_deleted_is_kept_again_only_at_the_step_it_goes_on_from(store: Store) -> None:
    saved = run(store, plan())[-1]
    assert isinstance(saved, AdaptersSaved)
    for card in saved.cards:
        (store.folder / "adapters" / card.file).unlink()
    assert kept(run(store, plan())) == [6]
    assert [card.steps for card in cards(store.folder)] == [6]


def test_adapters_of_other_photos_are_not_taken_for_those_of_this_run(store: Store) -> None:
    run(store, plan())
    others = plan(photos=tuple(map(photo, range(1, 7))))
    run(store, others, lambda event: isinstance(event, Taught) and event.step == 4)
    saved = run(store, others)[-1]
    assert isinstance(saved, AdaptersSaved)
    assert [(card.steps, card.photos) for card in saved.cards] == [(3, others.hashes), (6, others.hashes)]


def test_other_photos_begin_anew(store: Store) -> None:
    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 4)
    others = run(store, plan(photos=tuple(map(photo, range(1, 7)))))
    first = next(event for event in others if isinstance(event, Taught))
    assert (first.step, first.samples) == (1, ())  # those of the other run are gone


def test_a_model_of_other_weights_begins_anew(
    store: Store, mini_is_tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was learnt beside weights that have changed since (a newer lab's) would not fit the new ones."""
    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 4)
    newer = tmp_path / "newer"
    shutil.copytree(mini_is_tiny, newer)
    file = newer / "vae" / "diffusion_pytorch_model.safetensors"
    save_file({name: value * 1.01 for name, value in load_file(file).items()}, file)
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(newer))
    again = run(store, plan())
    assert next(event.step for event in again if isinstance(event, Taught)) == 1


def test_killed_while_it_saves_a_run_leaves_no_state_that_another_takes_for_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def write_and_die(path: Path, data: bytes) -> None:
        write_atomic(path, data)
        if path.parent.name == ".zibou":
            raise Killed

    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 2)
    others = plan(photos=tuple(map(photo, range(1, 7))), keep=(), sample_every=100)
    with monkeypatch.context() as patched:
        patched.setattr(adapt, "write_atomic", write_and_die)
        with pytest.raises(Killed):
            run(store, others, lambda event: isinstance(event, Taught) and event.step == 4)
    again = run(store, plan())
    assert next(event.step for event in again if isinstance(event, Taught)) == 1
    assert kept(again) == [3, 6]


def test_a_word_is_taught_by_one_run_at_a_time_and_others_are_told(store: Store) -> None:
    first = Teaching(store, plan())
    events = first.events()
    next(events)
    second = Teaching(store, plan(photos=tuple(map(photo, range(1, 7)))))
    with pytest.raises(AdaptError, match="zibou") as raised:
        next(second.events())
    assert raised.value.key == "adapt.under_way"
    assert "\u00a0»" in raised.value.in_language("fr")
    assert next(Teaching(store, plan(word="flonk")).events())
    first.cancel()
    assert isinstance([*events][-1], Cancelled)
    assert next(second.events())


def test_teaching_that_runs_off_into_no_numbers_says_so_and_keeps_the_state_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 4)
    with monkeypatch.context() as patched:
        patched.setattr(adapting, "TAUGHT_GUIDANCE", {"mini": float("inf")})
        last = run(store, plan())[-1]
    assert isinstance(last, Failed)
    assert last.code == "diverged"
    assert "step 5" in last.text("en")
    assert "pas 5" in last.text("fr")
    assert [card.steps for card in cards(store.folder)] == [3]
    again = run(store, plan())
    assert [event.step for event in again if isinstance(event, Taught)] == [5, 6]


def test_a_state_that_is_no_state_begins_anew(store: Store) -> None:
    run(store, plan(), lambda event: isinstance(event, Taught) and event.step == 4)
    (store.folder / "adapters" / ".zibou" / adapt.STATE).write_bytes(b"\x80\x04K\x01.")
    again = run(store, plan())
    assert isinstance(again[-1], AdaptersSaved)
    assert next(event.step for event in again if isinstance(event, Taught)) == 1


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"photos": PHOTOS[:4]}, "adapt.photos"),
        ({"photos": (*PHOTOS, PHOTOS[0])}, "adapt.photos"),
        ({"photos": tuple(map(photo, range(13)))}, "adapt.photos"),
        ({"photos": (*PHOTOS, b"no picture")}, ""),
        ({"word": "Zibou"}, "adapt.word"),
        ({"word": "été"}, "adapt.word"),
        ({"word": "ab"}, "adapt.word"),
        ({"word": "cat"}, "adapt.word_known"),
        ({"word": "chat"}, "adapt.word_known"),
        ({"word": "backpack"}, "adapt.word_known"),
        ({"word": "ack"}, "adapt.word_known"),
        ({"model": "sdxl-turbo"}, "adapt.model"),
    ],
)
def test_what_cannot_be_taught_says_why_and_nothing_is_begun(store: Store, changes: Any, key: str) -> None:
    with pytest.raises(UserError) as raised:
        Teaching(store, plan(**changes))
    assert not key or (isinstance(raised.value, AdaptError) and raised.value.key == key)
    assert raised.value.in_language("fr")
    assert not store.folder.exists()


def test_without_peft_the_extra_is_named(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"genai-lab\[adapt\]"):
        Teaching(store, plan())


def test_an_invented_word_is_fine() -> None:
    for word in ("zibou", "flonk", "mypotato"[:3] + "zu"):
        check_word(word)


def drawn(store: Store, engine: LocalEngine, card: Any, scale: float = 0.8) -> PictureSaved:
    adapter = Adapter(file=card.file, sha256=card.sha256, word=card.word, scale=scale)
    request = asked(prompt="a zibou on a red background", adapters=(adapter,))
    job = generate(store, engine, "studio", "mine", request, model="mini")
    *_, last = job.events()
    assert isinstance(last, PictureSaved), last
    assert job.notes == []  # the new word is heard
    return last


def test_a_picture_drawn_with_it_is_recorded_verified_and_printed_as_a_script(
    store: Store, own_engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    saved = run(store, plan())[-1]
    assert isinstance(saved, AdaptersSaved)
    card = saved.cards[-1]
    record = drawn(store, own_engine, card).record
    manifest = Manifest.model_validate_json(record.manifest_path.read_bytes())
    assert manifest.request.adapters[0].sha256 == card.sha256  # type: ignore[union-attr]
    assert (
        f"<lora:{card.file.removesuffix('.safetensors')}:0.8>"
        in read_png_text(record.image_path.read_bytes())["parameters"]
    )

    data, image = read(store.folder, card.file, card.sha256), record.image_path.read_bytes()
    assert verify(manifest, image, None, own_engine, adapters=[data]).verdict == "identical"
    changed = verify(manifest, image, None, own_engine, adapters=[data + b"x"])
    assert changed.verdict == "different"
    assert card.file in changed.causes[0]
    assert verify(manifest, image, None, own_engine, adapters=[None]).verdict == "not checkable"
    assert verify(manifest, image, None, own_engine).verdict == "not checkable"

    monkeypatch.chdir(store.folder)
    exec(compile(python_script(manifest), "script", "exec"), {})  # noqa: S102
    made, recorded = capsys.readouterr().out.split()[-2:]
    assert made == recorded == manifest.image.pixels_sha256

    submission = open_work(tmp_path / "work", "adapt", "jane")
    assert submission.adapter(manifest.request.adapters[0]) == data  # type: ignore[union-attr]


def test_an_adapter_that_was_changed_on_disk_is_not_drawn_with(store: Store, own_engine: LocalEngine) -> None:
    saved = run(store, plan())[-1]
    assert isinstance(saved, AdaptersSaved)
    card = saved.cards[-1]
    path = store.folder / "adapters" / card.file
    path.write_bytes(path.read_bytes()[:-4] + b"abcd")
    with pytest.raises(StoreError):
        read(store.folder, card.file, card.sha256)
    adapter = Adapter(file=card.file, sha256=card.sha256, word="zibou", scale=1.0)
    asking = generate(store, own_engine, "studio", "mine", asked(adapters=(adapter,)), model="mini")
    *_, last = asking.events()
    assert isinstance(last, Failed)
    assert last.code == "adapter_missing"


def test_a_manifest_without_adapters_says_nothing_of_them() -> None:
    assert "adapters" not in json.loads(asked().model_dump_json())

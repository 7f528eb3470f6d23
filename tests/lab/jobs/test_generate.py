"""From request to record: what is saved, what is not, and that no kill loses anything finished."""

import errno
import multiprocessing
import os
import random
import time
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from exercises.parameters import Parameters
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Failed, Queued, Step
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.models.registry import MODELS
from manifests.chain import verify_chain
from manifests.manifest import Request, Source
from manifests.store import Store
from tests.lab.engine.asking import asked, photo

KILLS = 10


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "tp2", "jane")


def asked_in_bounds(**changes: Any) -> Request:
    return Request(**asked(**changes).model_dump())


def test_events_end_with_what_was_saved(store: Store, engine: LocalEngine) -> None:
    request = asked_in_bounds(steps=5)
    events = list(generate(store, engine, "sweep", "t2i_run02_steps15", request, model="mini").events())
    assert isinstance(events[0], Queued)
    assert [type(event) for event in events[-3:]] == [Step, Done, PictureSaved]
    saved = events[-1]
    assert isinstance(saved, PictureSaved)
    (record,) = store.records()
    assert record == saved.record
    manifest = record.manifest
    assert (manifest.exercise, manifest.run, manifest.request) == ("sweep", "t2i_run02_steps15", request)
    assert (manifest.model.id, manifest.effective_steps) == ("mini", 5)
    assert manifest.image.sha256 == sha256(record.image_path.read_bytes()).hexdigest()
    assert (manifest.image.width, manifest.image.height) == (64, 64)


def test_image_to_image_takes_its_source_from_the_store(store: Store, engine: LocalEngine) -> None:
    source = store.add_source(photo())
    parameters = Parameters(mode="img2img", prompt="a bag", strength=0.35, width=64, height=64)
    request = request_for(parameters, "mini", source)
    *_, last = generate(store, engine, "img2img", "i2i_run07", request, model="mini").events()
    assert isinstance(last, PictureSaved)
    assert last.record.manifest.request.source == source
    assert last.record.manifest.effective_steps == 10


def test_a_source_that_is_not_in_the_store_fails_and_records_nothing(
    store: Store, engine: LocalEngine
) -> None:
    missing = Source(file="0123456789abcdef.png", sha256="0" * 64)
    request = asked_in_bounds(mode="img2img", strength=0.5, source=missing)
    *_, last = generate(store, engine, "img2img", "i2i_run07", request, model="mini").events()
    assert last == Failed("no_source")
    assert store.records() == []


def test_a_stopped_run_records_nothing(store: Store, engine: LocalEngine) -> None:
    request = asked_in_bounds(steps=150, width=128, height=128)
    generation = generate(store, engine, "sweep", "a_run", request, model="mini")
    events = []
    for event in generation.events():
        events.append(event)
        if isinstance(event, Step):
            generation.cancel()
    assert isinstance(events[-1], Cancelled)
    assert store.records() == []
    assert not store.outputs.exists()


def test_a_failed_run_records_nothing(store: Store, engine: LocalEngine) -> None:
    request = asked_in_bounds(width=100)
    *_, last = generate(store, engine, "sweep", "a_run", request, model="mini").events()
    assert isinstance(last, Failed)
    assert store.records() == []


@pytest.mark.parametrize(("number", "french"), [(errno.ENOSPC, "plus de place"), (errno.EACCES, "refusé")])
def test_a_picture_that_cannot_be_saved_is_said(
    store: Store, engine: LocalEngine, number: int, french: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("manifests.store.write_atomic", full)
    *_, last = generate(store, engine, "sweep", "a_run", asked_in_bounds(), model="mini").events()
    assert isinstance(last, Failed)
    assert last.code == "not_saved"
    assert os.strerror(number) in last.text("en")
    assert french in last.text("fr")
    assert store.records() == []


def test_what_stands_in_the_stores_way_is_said_in_the_readers_language(
    store: Store, engine: LocalEngine
) -> None:
    store.folder.mkdir(parents=True)
    store.outputs.write_text("a file in the way")
    *_, last = generate(store, engine, "sweep", "a_run", asked_in_bounds(), model="mini").events()
    assert isinstance(last, Failed)
    assert last.text("en") != last.text("fr")
    assert "outputs" in last.text("fr")


@pytest.mark.parametrize("model", MODELS)
def test_native_means_the_models_own_size(model: str) -> None:
    request = request_for(Parameters(prompt="a bag"), model)
    assert (request.width, request.height) == (MODELS[model].native_size,) * 2
    fixed = request_for(Parameters(prompt="a bag", width=256, height=192), model)
    assert (fixed.width, fixed.height) == (256, 192)


def test_a_source_belongs_to_image_to_image_alone() -> None:
    source = Source(file="0123456789abcdef.png", sha256="0" * 64)
    assert request_for(Parameters(prompt="a bag"), "mini", source).source is None
    image = Parameters(mode="img2img", prompt="a bag", strength=0.5)
    assert request_for(image, "mini", source).source == source


def test_notes_are_the_words_that_the_small_model_does_not_know(store: Store, engine: LocalEngine) -> None:
    request = asked_in_bounds(prompt="a transcendental red backpack")
    assert generate(store, engine, "sweep", "a_run", request, model="mini").notes == ["transcendental"]
    assert generate(store, engine, "sweep", "a_run", request, model="sd15").notes == []


def _generate_for_ever(work: str, weights: str, finished: Connection) -> None:
    """In a process of its own: runs one after another, each told when it is done."""
    import os

    os.environ["GENAI_MINI_WEIGHTS"] = weights
    store, engine = Store(Path(work), "tp2", "jane"), LocalEngine()
    for seed in range(10_000):
        request = asked_in_bounds(steps=3, seed=seed)
        *_, last = generate(store, engine, "sweep", f"run{seed % 3}", request, model="mini").events()
        assert isinstance(last, PictureSaved)
        finished.send(last.record.stem)


def test_a_kill_at_any_moment_loses_nothing_that_was_finished(store: Store, tiny_mini: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["diffusers.pipelines.auto_pipeline", "lab.jobs.generate", "lab.engine.local"]
    )
    chance = random.Random(4)
    finished: set[str] = set()
    for _ in range(KILLS):
        reader, writer = context.Pipe(duplex=False)
        work = str(store.folder.parent)
        process = context.Process(target=_generate_for_ever, args=(work, str(tiny_mini), writer))
        process.start()
        writer.close()
        finished.add(reader.recv())  # it works; now at any moment
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.join()
        while reader.poll():
            try:
                finished.add(reader.recv())
            except EOFError:
                break
        records = store.records()
        assert finished <= {record.stem for record in records}
        for record in records:
            assert record.manifest.image.sha256 == sha256(record.image_path.read_bytes()).hexdigest()
        assert verify_chain(store.chain()) == []
    assert len(finished) >= KILLS

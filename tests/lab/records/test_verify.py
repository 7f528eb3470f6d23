"""Verifying a recorded image: the four verdicts, each with its cause."""

import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exercises.assignment import Assignment
from exercises.kinds.base import Run
from exercises.loader import find_assignment
from exercises.parameters import Parameters
from grading.results import Regeneration
from grading.submission.reading import closing, open_submission
from lab.cli.grade import DRAW, draw_secret
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Event, Picture
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.records.verify import OTHER_STACK_PSNR, regenerate, verify
from manifests.chain import digest
from manifests.comparing import SAME_STACK_PSNR
from manifests.manifest import Cost, Manifest, Request
from manifests.reader import read_manifest
from manifests.store import Record, Store
from tests.lab.engine.asking import photo
from tests.manifests.conftest import ADHERENCE

SOURCE = photo()
PLANS = {
    "text": Parameters(prompt="a red backpack", steps=6, width=64, height=64),
    "image": Parameters(mode="img2img", prompt="a bag", strength=0.5, steps=6, width=64, height=64),
}


@contextmanager
def tiny_work(folder: Path, weights: Path) -> Iterator[Store]:
    """A store in that folder, drawn into by `mini` in the tiny shape; for what is made once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GENAI_MINI_WEIGHTS", str(weights))
        patched.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        yield Store(folder / "work", "tp2", "jane")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, _shared_engine: LocalEngine, tiny_mini: Path) -> Path:
    """A work folder with a picture of each plan, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("both")
    with tiny_work(folder, tiny_mini) as store:
        source = store.add_source(SOURCE)
        for run, plan in PLANS.items():
            events = generate(
                store, _shared_engine, "studio", run, request_for(plan, "mini", source), model="mini"
            )
            assert isinstance([*events.events()][-1], PictureSaved)
    return folder / "work"


@pytest.fixture
def store(tmp_path: Path, both: Path) -> Store:
    shutil.copytree(both, tmp_path / "work")
    return Store(tmp_path / "work", "tp2", "jane")


@pytest.fixture
def text(store: Store) -> Record:
    record = store.newest("text")
    assert record is not None
    return record


@pytest.fixture
def image(store: Store) -> Record:
    record = store.newest("image")
    assert record is not None
    return record


def edited(manifest: Manifest, *, reseal: bool = True, **changes: Any) -> Manifest:
    """A manifest in which someone changed fields (`request__seed=1`), with a digest that fits or not."""
    for path, value in changes.items():
        part, _, name = path.rpartition("__")
        if part:
            value = getattr(manifest, part).model_copy(update={name: value})
        manifest = manifest.model_copy(update={part or name: value})
    return manifest.model_copy(update={"digest": digest(manifest)}) if reseal else manifest


@dataclass
class OtherStack:
    """An engine on which rounding, or more than that, comes out differently."""

    inner: LocalEngine
    change: Callable[[Picture], Picture]

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> Any:
        last = [*self.inner.submit(request, model=model, inputs=inputs, film=film).events()][-1]
        assert isinstance(last, Done)
        return _Ended(Done(self.change(last.picture)))

    def close(self) -> None:
        self.inner.close()


@dataclass
class _Ended:
    event: Event
    id: str = "ended"

    def events(self) -> Iterator[Event]:
        yield self.event

    def cancel(self) -> None:
        pass


def noisy(picture: Image.Image, psnr: float) -> Image.Image:
    """The picture with noise of that strength, away from the ends of the range, where it would be cut."""
    pixels = np.asarray(picture, dtype=np.int16)
    squared = 255**2 / 10 ** (psnr / 10)  # made of steps of `low` and of `low + 1` levels
    low = int(np.sqrt(squared))
    more = (squared - low**2) / (2 * low + 1)
    steps = low + (np.random.default_rng(0).random(pixels.shape) < more)
    return Image.fromarray((pixels + np.where(pixels < 128, steps, -steps)).astype(np.uint8))


def with_noise(psnr: float) -> Callable[[Picture], Picture]:
    """What an engine does that makes pictures with noise of that strength."""
    return lambda made: replace(made, image=noisy(made.image, psnr))


def test_what_the_same_stack_made_is_identical(text: Record, image: Record, engine: LocalEngine) -> None:
    found = verify(text.manifest, text.image_path.read_bytes(), None, engine)
    assert (found.stem, found.verdict, found.causes) == ("text", "identical", ())
    found = verify(image.manifest, image.image_path.read_bytes(), SOURCE, engine)
    assert (found.stem, found.verdict, found.causes) == ("image", "identical", ())


def test_equal_pixels_are_identical_whatever_stack_was_recorded(text: Record, engine: LocalEngine) -> None:
    elsewhere = edited(text.manifest, versions__torch="2.5.1", device="cuda (T4)", dtype="float16")
    assert verify(elsewhere, text.image_path.read_bytes(), None, engine).verdict == "identical"


def test_a_machines_opinion_is_no_matter_for_verifying(text: Record, engine: LocalEngine) -> None:
    for opinion in (None, ADHERENCE):
        manifest = edited(text.manifest, adherence=opinion)
        found = verify(manifest, text.image_path.read_bytes(), None, engine)
        assert (found.verdict, found.causes) == ("identical", ())


EDITS: dict[str, dict[str, Any]] = {
    "seed": {"request__seed": 43},
    "steps": {"request__steps": 7, "effective_steps": 7},
    "guidance": {"request__guidance_scale": 2.0},
    "scheduler": {"request__scheduler": "DDIM"},
    "prompt": {"request__prompt": "a green teapot on yellow"},
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_parameter_makes_it_different(text: Record, engine: LocalEngine, name: str) -> None:
    found = verify(edited(text.manifest, **EDITS[name]), text.image_path.read_bytes(), None, engine)
    assert found.verdict == "different"
    assert found.psnr is not None
    assert "edited" in found.causes[0]


def test_an_edit_that_left_the_digest_is_named(text: Record, engine: LocalEngine) -> None:
    changed = edited(text.manifest, reseal=False, request__seed=43)
    found = verify(changed, text.image_path.read_bytes(), None, engine)
    assert found.verdict == "different"
    assert "digest" in found.causes[0]


def test_effective_steps_that_the_request_does_not_make_are_named(image: Record, engine: LocalEngine) -> None:
    found = verify(edited(image.manifest, effective_steps=6), image.image_path.read_bytes(), SOURCE, engine)
    assert found.verdict == "different"
    assert "6" in found.causes[0]
    assert "3" in found.causes[0]


def test_another_picture_in_its_place_is_different(text: Record, image: Record, engine: LocalEngine) -> None:
    found = verify(text.manifest, image.image_path.read_bytes(), None, engine)
    assert found.verdict == "different"
    assert len(found.causes) == 2  # the file's hash and the pixels


def test_a_picture_saved_anew_is_different_as_a_file_alone(text: Record, engine: LocalEngine) -> None:
    file = io.BytesIO()
    Image.open(text.image_path).save(file, "PNG", compress_level=1)
    found = verify(text.manifest, file.getvalue(), None, engine)
    assert found.verdict == "different"
    assert len(found.causes) == 1
    assert "hash" in found.causes[0]


def test_another_source_is_named(image: Record, engine: LocalEngine) -> None:
    found = verify(image.manifest, image.image_path.read_bytes(), photo(80, 80), engine)
    assert found.verdict == "different"
    assert "source" in found.causes[0]


def test_rounding_on_the_same_stack_is_compatible_and_more_is_not(text: Record, engine: LocalEngine) -> None:
    data = text.image_path.read_bytes()
    verdicts = {}
    for psnr in (SAME_STACK_PSNR + 2, SAME_STACK_PSNR - 2):
        other = OtherStack(engine, with_noise(psnr))
        found = verify(text.manifest, data, None, other)
        assert found.psnr == pytest.approx(psnr, abs=1)
        verdicts[psnr] = found.verdict
    assert list(verdicts.values()) == ["compatible", "different"]


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("versions__torch", "torch"),
        ("versions__diffusers", "diffusers"),
        ("device", "device"),
        ("dtype", "dtype"),
        ("batch_size", "batch_size"),
    ],
)
def test_on_another_stack_the_bound_is_wider_and_what_changed_is_named(
    text: Record, engine: LocalEngine, field: str, named: str
) -> None:
    data = text.image_path.read_bytes()
    change: dict[str, Any] = {field: 4 if field == "batch_size" else "another"}
    elsewhere = edited(text.manifest, **change)
    for psnr, verdict in (
        (OTHER_STACK_PSNR["mini"] + 2, "compatible"),
        (OTHER_STACK_PSNR["mini"] - 2, "different"),
    ):
        other = OtherStack(engine, with_noise(psnr))
        found = verify(elsewhere, data, None, other)
        assert found.verdict == verdict
        assert len(found.causes) == 1
        assert found.causes[0].startswith(named)


def test_other_weights_are_named_however_near_the_picture(text: Record, engine: LocalEngine) -> None:
    elsewhere = edited(text.manifest, model__weights_sha256="5" * 64)
    other = OtherStack(engine, with_noise(60))
    found = verify(elsewhere, text.image_path.read_bytes(), None, other)
    assert found.verdict == "different"
    assert "weights" in found.causes[0]


def test_another_size_is_different(text: Record, engine: LocalEngine) -> None:
    other = OtherStack(engine, lambda made: replace(made, image=made.image.resize((32, 32))))
    found = verify(text.manifest, text.image_path.read_bytes(), None, other)
    assert (found.verdict, found.psnr) == ("different", None)


def test_a_cost_in_a_manifest_is_no_reason_not_to_check(text: Record, engine: LocalEngine) -> None:
    paid = edited(text.manifest, cost=Cost(amount=0.04, currency="EUR"))
    assert verify(paid, text.image_path.read_bytes(), None, engine).verdict == "identical"


NOT_CHECKABLE: dict[str, tuple[dict[str, Any], bool, str]] = {
    "a model of an API": ({"model__id": "gpt-image-9"}, True, "API"),
    "a model that is not here": ({"model__id": "sd15"}, True, "models pull sd15"),
    "an impossible request": ({"request__width": 1}, True, "64 to 512"),
    "no image": ({}, False, "image file"),
}


@pytest.mark.parametrize("name", NOT_CHECKABLE)
def test_what_cannot_be_checked_says_why(
    text: Record, engine: LocalEngine, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    changes, present, why = NOT_CHECKABLE[name]
    data = text.image_path.read_bytes() if present else None
    found = verify(edited(text.manifest, **changes), data, None, engine)
    assert (found.verdict, found.psnr) == ("not checkable", None)
    assert why in found.causes[0]


def test_a_missing_source_cannot_be_checked(image: Record, engine: LocalEngine) -> None:
    found = verify(image.manifest, image.image_path.read_bytes(), None, engine)
    assert found.verdict == "not checkable"


def test_a_broken_image_cannot_be_checked(text: Record, engine: LocalEngine) -> None:
    found = verify(text.manifest, text.image_path.read_bytes()[:100], None, engine)
    assert found.verdict == "not checkable"


def test_a_regeneration_that_is_stopped_cannot_be_checked(text: Record, engine: LocalEngine) -> None:
    class Stopping(OtherStack):
        def submit(self, request: Request, **_: Any) -> Any:
            return _Ended(Cancelled())

    found = verify(text.manifest, text.image_path.read_bytes(), None, Stopping(engine, lambda made: made))
    assert found.verdict == "not checkable"


def test_causes_are_in_the_language_asked_for(text: Record, engine: LocalEngine) -> None:
    causes = [verify(text.manifest, None, None, engine, language=lang).causes for lang in ("en", "fr")]
    assert causes[0] != causes[1]


# --- which pictures are made again


def assignment_of(*runs: str) -> Assignment:
    """`tp2` with these runs, planned as `PLANS["text"]`, as its only exercise."""
    tp2 = find_assignment("tp2")
    smoke = next(e for e in tp2.exercises if e.id == "smoke")
    plan = [Run(id=run, parameters=PLANS["text"]) for run in runs]
    return tp2.model_copy(update={"exercises": (smoke.model_copy(update={"runs": tuple(plan)}),)})


def draw(store: Store, engine: LocalEngine, run: str, seed: int) -> Record:
    request = request_for(PLANS["text"].model_copy(update={"seed": seed}), "mini")
    last = [*generate(store, engine, "smoke", run, request, model="mini").events()][-1]
    assert isinstance(last, PictureSaved)
    return last.record


RUNS = [f"run{number}" for number in range(4)]


@pytest.fixture(scope="module")
def all_runs(
    tmp_path_factory: pytest.TempPathFactory, both: Path, _shared_engine: LocalEngine, tiny_mini: Path
) -> Path:
    """The same with a picture of each of `RUNS`, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copytree(both, folder / "work")
    with tiny_work(folder, tiny_mini) as store:
        for number, run in enumerate(RUNS):
            draw(store, _shared_engine, run, number)
    return folder / "work"


@pytest.fixture
def drawn(tmp_path: Path, all_runs: Path) -> Store:
    shutil.copytree(all_runs, tmp_path / "work")
    return Store(tmp_path / "work", "tp2", "jane")


def regenerated(
    store: Store, engine: LocalEngine, count: int, secret: bytes = b"a", runs: Sequence[str] = RUNS
) -> list[Regeneration]:
    with closing(open_submission(store.folder.parent, "tp2")) as submission:
        return regenerate(assignment_of(*runs), submission, count, engine, secret=secret)


def test_a_secret_draws_the_same_pictures_each_time_and_another_one_others(
    drawn: Store, engine: LocalEngine
) -> None:
    first, again = (regenerated(drawn, engine, 2) for _ in range(2))
    assert first == again
    assert {found.verdict for found in first} == {"identical"}
    chosen = {tuple(f.stem for f in regenerated(drawn, engine, 1, bytes([n]))) for n in range(12)}
    assert len(chosen) > 1
    assert len(regenerated(drawn, engine, 100)) == len(RUNS)
    assert regenerated(drawn, engine, 0) == []


def test_runs_that_nobody_planned_do_not_dilute_the_draw(drawn: Store, engine: LocalEngine) -> None:
    for number in range(3):
        draw(drawn, engine, f"decoy{number}", 50 + number)
    assert {found.stem for found in regenerated(drawn, engine, 4)} == set(RUNS)


def test_only_the_newest_attempt_of_a_run_is_regenerated(drawn: Store, engine: LocalEngine) -> None:
    draw(drawn, engine, "run0", 9)
    assert [found.stem for found in regenerated(drawn, engine, 10, runs=["run0"])] == ["run0-2"]


def test_a_planned_picture_of_a_model_that_is_not_here_is_said_whatever_is_drawn(
    drawn: Store, engine: LocalEngine
) -> None:
    path = drawn.outputs / "run0.json"
    manifest = edited(read_manifest(path.read_bytes()), model__id="unheard-of")
    path.write_bytes(manifest.model_dump_json(by_alias=True).encode())
    verdicts = {found.stem: found.verdict for found in regenerated(drawn, engine, 1)}
    assert verdicts.pop("run0") == "not checkable"
    assert list(verdicts.values()) == ["identical"]


def test_a_picture_that_ends_the_engine_costs_that_picture_alone(drawn: Store, engine: LocalEngine) -> None:
    class Raising(OtherStack):
        def submit(self, request: Request, **options: Any) -> Any:
            if request.seed == 1:
                raise RuntimeError("out of memory")
            return super().submit(request, **options)

    verdicts = regenerated(drawn, Raising(engine, lambda made: made), 4)  # type: ignore[arg-type]
    assert {f.stem: f.verdict for f in verdicts} == {
        "run0": "identical", "run1": "not checkable", "run2": "identical", "run3": "identical",
    }  # fmt: skip


def test_a_submission_with_its_pictures_gone_is_not_checkable(drawn: Store, engine: LocalEngine) -> None:
    for file in drawn.outputs.glob("*.png"):
        file.unlink()
    shutil.rmtree(drawn.inputs)
    assert {each.verdict for each in regenerated(drawn, engine, 10)} == {"not checkable"}


def test_the_secret_of_the_draw_is_kept_with_the_grades_and_is_the_grader_s_alone(tmp_path: Path) -> None:
    first, again, other = (draw_secret(tmp_path / out) for out in ("one", "one", "two"))
    assert first == again != other
    assert (tmp_path / "one" / DRAW).stat().st_mode & 0o077 == 0

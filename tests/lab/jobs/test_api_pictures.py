"""A provider's picture is a record with its bytes as they came; one that fails stops no other."""

import io
import threading
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from exercises.i18n import LANGUAGES
from lab.engine.failures import JobFailed
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.analyse import ModelSelection
from lab.jobs.api_pictures import (
    ApiPicture,
    BadPrompt,
    ComparisonFailed,
    DeferredJob,
    SequentialJobs,
    check_prompt,
)
from lab.jobs.generate import PictureSaved
from lab.jobs.running import Runs, Task
from lab.providers.errors import ProviderError
from lab.providers.protocol import Trying
from lab.providers.router import Router
from lab.records.code import NoScript, python_script
from lab.records.verify import verify
from manifests.errors import PictureError
from manifests.manifest import ApiRequest, Charge
from manifests.masks import as_transparent, rectangle, transparent_part
from manifests.png import plain_png
from manifests.reader import read_manifest_file
from manifests.store import Store
from tests.grading.good import photo
from tests.lab.providers.conftest import entry, playing, route
from tests.lab.providers.server import PlayedProvider

__all__ = ["playing", "route"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "api-analysis", "ada")


@pytest.fixture
def provider(playing: Callable[..., PlayedProvider]) -> PlayedProvider:
    return playing()


@pytest.fixture
def router(route: Callable[..., Router], provider: PlayedProvider) -> Router:
    return route(entry("played", provider.url))


ANY_MODEL = ModelSelection()


def picture(
    store: Store, router: Router, selection: ModelSelection = ANY_MODEL, **options: object
) -> ApiPicture:
    return ApiPicture(store, router, "studio", "studio", "a red bag", selection, **options)  # type: ignore[arg-type]


def saved(work: ApiPicture) -> PictureSaved:
    *_, last = work.events()
    assert isinstance(last, PictureSaved)
    return last


def test_the_bytes_are_kept_as_they_came_and_the_record_says_who_made_them(
    store: Store, router: Router, provider: PlayedProvider
):
    record = saved(picture(store, router, seed=7)).record
    assert record.image_path.read_bytes() == provider.picture
    manifest = read_manifest_file(record.manifest_path)
    assert manifest.image.sha256 == sha256(provider.picture).hexdigest()
    assert (manifest.model.id, manifest.model.repository, manifest.model.revision) == (
        "model-a",
        "played",
        "api",
    )
    assert isinstance(manifest.request, ApiRequest)
    assert (manifest.request.prompt, manifest.request.seed, manifest.request.tried) == ("a red bag", 7, ())
    assert provider.calls()[-1].json()["seed"] == 7
    assert isinstance(manifest.cost, Charge)
    assert manifest.cost.origin == "price list"
    assert store.records() == [record]


def test_an_edit_sends_the_photo_that_was_uploaded(store: Store, router: Router, provider: PlayedProvider):
    uploaded = photo()
    source = store.add_source(uploaded)
    record = saved(picture(store, router, source=source)).record
    assert uploaded in provider.calls()[-1].body
    assert record.manifest.request.mode == "img2img"
    assert record.manifest.request.source == source


def test_an_edit_of_a_part_sends_the_mask_transparent_where_it_changes(
    store: Store, route: Callable[..., Router], provider: PlayedProvider
) -> None:
    router = route(entry("played", provider.url, work={"edit": {"models": ["model-a"], "masks": True}}))
    source = store.add_source(plain_png(Image.new("RGB", (96, 64), "teal")))
    drawn = rectangle(96, 64, 8, 8, 24, 24)
    mask = store.add_mask(drawn)
    manifest = read_manifest_file(
        saved(picture(store, router, source=source, mask=mask)).record.manifest_path
    )
    assert isinstance(manifest.request, ApiRequest)
    assert (manifest.request.mode, manifest.request.source, manifest.request.mask) == (
        "inpaint",
        source,
        mask,
    )
    body = provider.calls()[-1].body
    assert b'name="mask"; filename="mask.png"' in body
    sent = as_transparent(drawn)
    assert sent in body
    assert transparent_part(sent, 96, 64).tobytes() == drawn.tobytes()


def test_who_takes_no_masks_is_not_asked_for_a_part(
    store: Store, router: Router, provider: PlayedProvider
) -> None:
    source = store.add_source(plain_png(Image.new("RGB", (96, 64), "teal")))
    mask = store.add_mask(rectangle(96, 64, 8, 8, 24, 24))
    with pytest.raises(ProviderError) as refused:
        saved(picture(store, router, source=source, mask=mask))
    assert "takes a mask" in refused.value.in_language("en")
    other = store.add_mask(rectangle(64, 64, 8, 8, 24, 24))
    with pytest.raises(PictureError):
        saved(picture(store, router, source=source, mask=other))
    assert provider.calls() == []
    assert store.records() == []


def test_an_edit_sends_a_photo_no_api_takes_as_png(store: Store, router: Router, provider: PlayedProvider):
    uploaded = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(uploaded, "TIFF")
    source = store.add_source(uploaded.getvalue())
    saved(picture(store, router, source=source))
    body = provider.calls()[-1].body
    assert b"image/png" in body
    assert b"\x89PNG" in body
    assert uploaded.getvalue() not in body


def test_an_answer_that_no_browser_shows_is_not_recorded(
    store: Store, router: Router, provider: PlayedProvider
):
    file = io.BytesIO()
    Image.open(io.BytesIO(provider.picture)).save(file, "BMP")
    provider.picture = file.getvalue()
    with pytest.raises(ProviderError):
        saved(picture(store, router))
    assert store.records() == []


def test_what_is_no_picture_is_not_recorded(store: Store, router: Router, provider: PlayedProvider):
    provider.always("not a picture")
    with pytest.raises(ProviderError):
        saved(picture(store, router))
    assert store.records() == []


def test_it_cannot_be_made_again_nor_written_as_a_script(store: Store, router: Router):
    record = saved(picture(store, router)).record
    found = verify(record.manifest, record.image_path.read_bytes(), None, None)  # type: ignore[arg-type]
    assert found.verdict == "not checkable"
    with pytest.raises(NoScript):
        python_script(record.manifest)


def test_stop_ends_it_and_nothing_is_recorded(store: Store, router: Router, provider: PlayedProvider):
    provider.always("hang")
    work = picture(store, router)
    events = []
    for event in work.events():
        events.append(event)
        if isinstance(event, Trying):
            threading.Timer(0.1, work.cancel).start()
    assert isinstance(events[-1], Cancelled)
    assert store.records() == []


def test_one_that_fails_does_not_keep_the_others_from_their_turn(
    store: Store, route: Callable[..., Router], playing: Callable[..., PlayedProvider]
):
    broken, whole = playing(), playing()
    broken.always("402")
    router = route(entry("broken", broken.url), entry("whole", whole.url))
    works = [(name, picture(store, router, ModelSelection(name, "model-a"))) for name in ("broken", "whole")]
    with pytest.raises(ComparisonFailed) as caught:
        list(SequentialJobs(works).events())
    assert [record.manifest.model.repository for record in store.records()] == ["whole"]
    for language in LANGUAGES:
        assert "broken" in caught.value.in_language(language)


class Scripted:
    def __init__(self, *events: object) -> None:
        self._events, self.cancelled = events, False

    def events(self) -> Iterator[object]:
        yield from self._events

    def cancel(self) -> None:
        self.cancelled = True


def test_a_failure_of_the_engine_is_told_in_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ComparisonFailed) as caught:
        list(SequentialJobs([("here", Scripted(Failed("internal")))]).events())
    assert all(caught.value.in_language(language) for language in LANGUAGES)
    for language in LANGUAGES:
        monkeypatch.setenv("GENAI_LANGUAGE", language)
        assert str(JobFailed(Failed("internal"))) == Failed("internal").text(language)


@pytest.mark.parametrize(
    ("prompt", "key"), [(" \n", "no_prompt"), ("a" * 2001, "long_prompt"), ("fox\udcff", "not_utf8")]
)
def test_a_prompt_that_could_not_be_recorded_is_refused_in_words(prompt: str, key: str) -> None:
    with pytest.raises(BadPrompt) as raised:
        check_prompt(prompt)
    assert raised.value.key == f"comparing.{key}"
    assert all(raised.value.in_language(language) for language in LANGUAGES)


def test_stop_drops_what_has_not_begun() -> None:
    begun: list[str] = []

    def begin(name: str) -> Scripted:
        begun.append(name)
        return Scripted("event")

    several = SequentialJobs([(name, DeferredJob(partial(begin, name))) for name in ("first", "second")])
    for _ in several.events():
        several.cancel()
    assert begun == ["first"]
    later = DeferredJob(lambda: begin("third"))
    later.cancel()
    assert list(later.events()) == []


def test_a_run_counts_what_a_comparison_saved_even_where_one_failed(
    store: Store, route: Callable[..., Router], playing: Callable[..., PlayedProvider]
):
    broken, whole = playing(), playing()
    broken.always("402")
    router = route(entry("broken", broken.url), entry("whole", whole.url))
    works = [(name, picture(store, router, ModelSelection(name, "model-a"))) for name in ("whole", "broken")]
    running = Runs().start("compare", [Task("comparison", lambda: SequentialJobs(works))])
    for thread in threading.enumerate():
        if thread.name == "run-compare":
            thread.join(60)
    assert running.finished
    assert len(running.stored) == 1
    assert isinstance(running.event, ComparisonFailed)

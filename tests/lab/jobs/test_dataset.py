"""A data set as jobs: drawn by the tiny model, taught on what is kept, stopped, refused with the reason."""

from pathlib import Path

import pytest

from grading.checks.dataset import check_dataset
from grading.checks.kind import Evidence
from grading.submission.reading import closing, open_work
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Failed
from lab.jobs.batch import AT_ONCE
from lab.jobs.dataset import ClassifierSaved, DatasetError, Learning, Training, planned
from lab.jobs.generate import PictureSaved
from lab.jobs.running import Running
from manifests.classifiers import Bias, Settings, cards
from manifests.sorting import change
from manifests.store import Store
from tests.grading.sorted_work import draw, small

EXERCISE = small()
SETTINGS = Settings(rounds=3, seed=7)
BIAS = Bias(thing="mug", background="gray")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "data", "jane")


def training(store: Store, bias: Bias | None = None, settings: Settings = SETTINGS) -> Training:
    return Training(store, EXERCISE, "mini", settings, bias)


def taught(store: Store, bias: Bias | None = None) -> ClassifierSaved:
    *rounds, last = training(store, bias).events()
    assert [type(each) for each in rounds] == [Learning] * 3
    assert isinstance(last, ClassifierSaved)
    return last


def test_the_plan_is_drawn_together_and_what_is_there_is_not_drawn_again(
    store: Store, engine: LocalEngine
) -> None:
    running = Running("set", planned(EXERCISE).tasks(store, engine, "mini")[:3], AT_ONCE)
    running.work()
    assert isinstance(running.event, PictureSaved)
    rest = planned(EXERCISE).tasks(store, engine, "mini")
    assert len(rest) == 5
    Running("set", rest, AT_ONCE).work()
    assert {record.manifest.run for record in store.records()} == set(EXERCISE.recorded)
    taught(store)
    taught(store, BIAS)
    change(store.folder, "set", lambda before: before.looking("mug", done=True))
    with closing(open_work(store.folder.parent, "data", "jane")) as submission:
        found = {
            f"{each.part}/{each.rule}": each.verdict.passed
            for each in check_dataset(EXERCISE, Evidence.of(submission, []))
        }
    assert found["pictures/all_drawn"] is True
    assert all(found[f"{sort}/{rule}"] for sort in ("plain", "biased") for rule in ("trained", "as_recorded"))


def test_the_same_pictures_settings_and_seed_give_the_same_network(store: Store) -> None:
    draw(store, EXERCISE)
    first, again = taught(store).card, taught(store).card
    assert first.sha256 == again.sha256
    (kept,) = cards(store.folder, "set")
    assert kept.sha256 == first.sha256
    *_, other = training(store, settings=Settings(rounds=3, seed=8)).events()
    assert isinstance(other, ClassifierSaved)
    assert other.card.sha256 != first.sha256


def test_what_was_thrown_out_teaches_nothing_and_is_not_asked_about(store: Store) -> None:
    records = draw(store, EXERCISE)
    for run in ("set_bag_red_blue", "set_bag_gray_blue"):  # one held out, one not
        stem = records[run].stem
        change(store.folder, "set", lambda before, stem=stem: before.deciding(stem, "other"))  # type: ignore[misc]
    card = taught(store).card
    told = {each.stem for each in (*card.taught, *card.held_out)}
    assert not told & {"set_bag_red_blue", "set_bag_gray_blue"}
    assert card.thrown == ("set_bag_gray_blue", "set_bag_red_blue")
    assert sum(map(sum, card.on_held_out)) == len(card.held_out)


def test_teaching_stops_when_told_and_keeps_nothing(store: Store) -> None:
    draw(store, EXERCISE)
    job = training(store, settings=Settings(rounds=200))
    events = job.events()
    assert isinstance(next(events), Learning)
    job.cancel()
    assert [type(each) for each in events] == [Cancelled]
    assert cards(store.folder, "set") == []


def test_what_cannot_be_taught_is_refused_before_it_begins(store: Store) -> None:
    with pytest.raises(DatasetError, match="8"):
        training(store)
    records = draw(store, EXERCISE)
    with pytest.raises(DatasetError):
        training(store, Bias(thing="lamp", background="gray"))
    for run, record in records.items():
        if "_mug_" in run:
            stem = record.stem
            change(store.folder, "set", lambda before, stem=stem: before.deciding(stem, "other"))  # type: ignore[misc]
    with pytest.raises(DatasetError, match="mug"):
        training(store)


def test_a_picture_that_was_changed_since_fails_with_its_name(store: Store) -> None:
    records = draw(store, EXERCISE)
    job = training(store)
    one, other = records["set_bag_gray_blue"], records["set_bag_gray_green"]
    one.image_path.write_bytes(other.image_path.read_bytes())
    (last,) = job.events()
    assert isinstance(last, Failed)
    assert "set_bag_gray_blue.png" in last.text("en")
    assert cards(store.folder, "set") == []

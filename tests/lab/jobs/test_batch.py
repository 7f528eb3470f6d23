"""A batch: which rows are done is read from disk, and the others are drawn, whatever ended the last time."""

from dataclasses import replace
from pathlib import Path

import pytest

from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled
from lab.jobs.batch import AT_ONCE, Batch, keep, kept_names, open_kept, read_batch
from lab.jobs.batch_list import BatchError
from lab.jobs.generate import PictureSaved
from lab.jobs.running import Running
from lab.records.batch_table import table
from manifests.store import Store

LIST = "prompt,seed,steps,width,height\n" + "".join(f"a red bag,{n},2,64,64\n" for n in range(10))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "tp2", "jane")


def batch_of(text: str, file: str = "bags.csv") -> Batch:
    return read_batch(find_assignment("tp2"), file, text.encode())


def draw(batch: Batch, store: Store, engine: LocalEngine) -> Running:
    running = Running("batch-list", batch.tasks(store, engine, "mini"), AT_ONCE)
    running.work()
    return running


def test_every_row_is_drawn_and_recorded_by_itself(store: Store, engine: LocalEngine) -> None:
    batch = batch_of(LIST)
    draw(batch, store, engine)
    records = store.records()
    assert {record.manifest.run for record in records} == {f"batch_bags_{n:04}" for n in range(1, 11)}
    assert {record.manifest.exercise for record in records} == {"studio"}
    assert sorted(record.manifest.request.seed or 0 for record in records) == list(range(10))
    assert len(batch.made(store, "mini")) == 10


def test_the_same_list_again_draws_nothing_and_a_changed_row_is_drawn_anew(
    store: Store, engine: LocalEngine
) -> None:
    draw(batch_of(LIST), store, engine)
    assert batch_of(LIST).tasks(store, engine, "mini") == []
    changed = batch_of(LIST.replace("a red bag,3,", "a blue bag,3,"))
    assert [task.run_id for task in changed.tasks(store, engine, "mini")] == ["batch_bags_0004"]
    draw(changed, store, engine)
    assert len(changed.made(store, "mini")) == 10
    assert len(store.records()) == 11  # the older attempt stays
    assert len(batch_of(LIST).made(store, "mini")) == 10  # and is what the list asked before


def test_another_models_pictures_are_not_taken_for_this_ones(store: Store, engine: LocalEngine) -> None:
    draw(batch_of(LIST), store, engine)
    assert batch_of(LIST).made(store, "sd15") == {}


def test_a_stop_leaves_whole_pictures_and_the_next_start_draws_the_others(
    store: Store, engine: LocalEngine
) -> None:
    batch = batch_of(LIST)
    running = Running("batch-list", batch.tasks(store, engine, "mini"), AT_ONCE)
    running.tasks = [replace(task, keep=lambda _: running.stop()) for task in running.tasks]
    running.work()
    assert running.event == Cancelled()
    done = len(store.records())
    assert 0 < done < 10
    draw(batch, store, engine)
    assert sorted(record.manifest.run for record in store.records()) == [
        f"batch_bags_{n:04}" for n in range(1, 11)
    ]


def test_a_list_that_is_being_drawn_is_not_drawn_a_second_time(store: Store, engine: LocalEngine) -> None:
    """Two tabs, or a tab and a command: each would draw all that the other has not finished yet."""
    batch, other = batch_of(LIST), batch_of(LIST, "umbrellas.csv")
    running = Running("batch-list", batch.tasks(store, engine, "mini"), AT_ONCE)
    with pytest.raises(BatchError) as error:
        batch_of(LIST).tasks(store, engine, "mini")
    assert "bags" in error.value.in_language("fr")
    Running("batch-list", other.tasks(store, engine, "mini")[:1], AT_ONCE).work()  # another list may be
    running.work()
    assert batch_of(LIST).tasks(store, engine, "mini") == []
    assert batch_of(LIST).tasks(store, engine, "mini") == []  # what finds nothing to do holds nothing
    assert sum(record.manifest.run.startswith("batch_bags") for record in store.records()) == 10


def test_a_list_that_was_stopped_may_be_drawn_at_once(store: Store, engine: LocalEngine) -> None:
    running = Running("batch-list", batch_of(LIST).tasks(store, engine, "mini"), AT_ONCE)
    running.stop()
    running.work()
    assert len(batch_of(LIST).tasks(store, engine, "mini")) == 10


def test_a_thousand_pictures_are_not_kept_in_memory(store: Store, engine: LocalEngine) -> None:
    running = draw(batch_of(LIST), store, engine)
    assert len(running.stored) == 10
    assert all(isinstance(each, PictureSaved) and each.picture is None for each in running.stored)
    assert running._jobs == []


def test_what_the_model_cannot_draw_is_refused_with_its_row_before_anything_is_drawn(
    store: Store, engine: LocalEngine
) -> None:
    batch = batch_of("prompt,width,height\na bag,64,64\na bag,2048,2048\n")
    with pytest.raises(BatchError) as error:
        batch.tasks(store, engine, "mini")
    assert error.value.in_language("en").startswith("Row 2 cannot be drawn.")
    assert "2048" in error.value.in_language("fr")


def test_an_assignment_without_a_studio_has_no_place_for_a_list() -> None:
    without = find_assignment("tp2").model_copy(update={"exercises": find_assignment("tp2").exercises[:2]})
    with pytest.raises(BatchError):
        read_batch(without, "bags.csv", LIST.encode())


def test_a_list_is_kept_beside_the_work_and_found_again(store: Store) -> None:
    keep(store, batch_of(LIST), LIST.encode())
    assert kept_names(store) == ["bags"]
    assert open_kept(store, find_assignment("tp2"), "bags") == batch_of(LIST)


@pytest.mark.parametrize("name", ["gone", "../../etc/passwd", "", "a/b", "x" * 500])
def test_a_list_that_is_not_there_or_somewhere_else_is_not_opened(store: Store, name: str) -> None:
    with pytest.raises(BatchError):
        open_kept(store, find_assignment("tp2"), name)


def test_a_link_in_place_of_a_list_is_not_followed(store: Store, tmp_path: Path) -> None:
    keep(store, batch_of(LIST), LIST.encode())
    (tmp_path / "secret.csv").write_text(LIST)
    (store.folder / "batches" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(BatchError):
        open_kept(store, find_assignment("tp2"), "link")


def test_the_table_has_a_line_a_row_and_runs_no_formula(store: Store, engine: LocalEngine) -> None:
    batch = batch_of("prompt,steps,width,height\n=1+1,2,64,64\na red bag,3,64,64\n")
    tasks = batch.tasks(store, engine, "mini")
    Running("batch-list", tasks[:1], AT_ONCE).work()
    header, first, second = table(batch, batch.made(store, "mini")).decode().splitlines()
    assert header.startswith("prompt,negative_prompt,seed")
    assert first.startswith("'=1+1,")
    assert "batch_bags_0001.png" in first
    assert second.endswith(",2,batch_bags_0002,,,,,,")

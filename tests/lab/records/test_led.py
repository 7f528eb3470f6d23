"""How much of the outlines a recorded picture keeps: measured from the files, unknown where one is gone."""

from pathlib import Path

import pytest

from exercises.kinds.base import Run
from exercises.parameters import Parameters
from lab.records.led import kept_of
from manifests.outlines import outlines
from manifests.png import plain_png
from manifests.store import Store
from tests.grading.good import SIDE, draft_of, noise
from tests.grading.test_edit import shapes

LED = Run(id="led", parameters=Parameters(mode="control", prompt="a bag", control_scale=1.0))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "edit", "ada")


def test_it_is_all_of_its_own_outlines_and_few_of_others(store: Store) -> None:
    source = store.add_source(plain_png(outlines(shapes())))
    its_own = store.save(draft_of("lines", LED, source), shapes())
    other = store.save(draft_of("lines", LED, source), noise(3, SIDE))
    assert kept_of(store, its_own) == 1.0
    assert (kept_of(store, other) or 1.0) < 0.4


def test_it_is_unknown_where_nothing_led_or_a_file_is_gone(store: Store) -> None:
    plain = Run(id="plain", parameters=Parameters(prompt="a bag"))
    assert kept_of(store, store.save(draft_of("before", plain), noise(1))) is None
    source = store.add_source(plain_png(outlines(shapes())))
    record = store.save(draft_of("lines", LED, source), shapes())
    (store.inputs / source.file).unlink()
    assert kept_of(store, record) is None

"""The gallery shows what agrees with every filter, newest first, page by page."""

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.records.gallery import Filters, choices, page, select
from manifests.store import Record


def record(sequence: int, **changed: object) -> Record:
    """As much of a record as the gallery looks at."""
    facts: dict[str, object] = {"exercise": "sweep", "run": "studio", "mode": "text2img"}
    facts |= {"scheduler": "EulerA", "seed": 42, "prompt": "a red backpack"} | changed
    request = SimpleNamespace(**{k: facts[k] for k in ("mode", "scheduler", "seed", "prompt")})
    manifest = SimpleNamespace(
        sequence=sequence, exercise=facts["exercise"], run=facts["run"], request=request
    )
    return cast(Record, SimpleNamespace(manifest=manifest))


RECORDS = [
    record(1, exercise="baseline", run="baseline"),
    record(2, run="t2i_run06_ddim", scheduler="DDIM"),
    record(3, exercise="studio", seed=7, prompt="a GREEN teapot"),
    record(4, exercise="img2img", run="i2i_run07_strength035", mode="img2img"),
]


def sequences(filters: Filters) -> list[int]:
    return [found.manifest.sequence for found in select(RECORDS, filters)]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [4, 3, 2, 1]),
        (Filters(oldest_first=True), [1, 2, 3, 4]),
        (Filters(exercise="baseline"), [1]),
        (Filters(run="t2i_run06_ddim"), [2]),
        (Filters(mode="img2img"), [4]),
        (Filters(scheduler="DDIM"), [2]),
        (Filters(seed=" 7"), [3]),
        (Filters(seed="seven"), []),
        (Filters(text=" Green "), [3]),
        (Filters(scheduler="EulerA", text="red"), [4, 1]),
        (Filters(scheduler="DDIM", seed="7"), []),
    ],
)
def test_a_record_is_shown_when_it_agrees_with_every_filter(filters: Filters, expected: list[int]) -> None:
    assert sequences(filters) == expected


def test_only_values_that_occur_can_be_chosen_each_once() -> None:
    found = choices(RECORDS)
    assert found["mode"] == ["text2img", "img2img"]
    assert found["scheduler"] == ["EulerA", "DDIM"]
    assert found["exercise"] == ["baseline", "sweep", "studio", "img2img"]


@given(st.lists(st.integers(), max_size=40), st.integers(1, 7))
def test_the_pages_together_hold_everything_once_and_in_order(items: list[int], size: int) -> None:
    pages = page(items, 1, size).pages
    assert [item for number in range(1, pages + 1) for item in page(items, number, size).items] == items
    assert all(len(page(items, number, size).items) == size for number in range(1, pages))


@given(st.lists(st.integers(), max_size=40), st.integers())
def test_any_page_number_leads_to_a_page_there_is(items: list[int], number: int) -> None:
    shown = page(items, number)
    assert 1 <= shown.number <= shown.pages
    assert shown.items or not items

"""The header of an adapter's file, which may come from anybody: what it says, or that it is none of ours."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.adapters import FORMAT, AdapterError, read_card, read_facts
from manifests.store import Store
from tests.grading.adapted import taught

SIDES = {"word": [4], "unet.down.to_q.lora_A.weight": [2, 8], "unet.down.to_q.lora_B.weight": [8, 2]}
SAID = {"format": FORMAT, "word": "zibou", "model": "mini", "rank": "2"}


def adapter(said: dict[str, Any] = SAID, **changed: Any) -> bytes:
    """A whole file of zeros; `changed` replaces what the header tells of the word's tensor."""
    header: dict[str, Any] = {"__metadata__": said}
    end = 0
    for name, shape in SIDES.items():
        begin, end = end, end + 4 * (shape[0] * shape[-1] if len(shape) > 1 else shape[0])
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    header["word"] |= changed
    written = json.dumps(header).encode()
    return len(written).to_bytes(8, "little") + written + bytes(end)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_a_card(tmp_path: Path, encoding: str) -> None:
    card = taught(Store(tmp_path, "adapt", "alice"))
    assert read_card(card.model_dump_json().encode(encoding)) == card


@pytest.mark.parametrize("data", [b"\xff\xff", b"\xff\xfe{", b"{"])
def test_what_is_no_text_is_no_card(data: bytes) -> None:
    with pytest.raises(AdapterError):
        read_card(data)


def test_what_a_header_says_is_read() -> None:
    facts = read_facts(adapter())
    assert (facts.word, facts.model, facts.rank) == ("zibou", "mini", 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"shape": [float("inf")]},
        {"shape": [float("nan")]},
        {"shape": [10**400]},
        {"shape": [4] * 100_000},
        {"data_offsets": [0, float("inf")]},
        {"data_offsets": [0, 10**400]},
        {"data_offsets": [0, 16, 16]},
        {"dtype": "F31"},
    ],
)
def test_numbers_that_no_file_has_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(AdapterError):
        read_facts(adapter(**changed))


@pytest.mark.parametrize("rank", ["Infinity", float("inf"), 1e300, "2e999", 65])
def test_ranks_that_no_adapter_has_are_refused(rank: Any) -> None:
    with pytest.raises(AdapterError):
        read_facts(adapter(SAID | {"rank": rank}))


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner)))
def test_whatever_stands_for_a_shape_the_file_is_read_or_refused(shape: Any) -> None:
    with contextlib.suppress(AdapterError):
        read_facts(adapter(shape=shape))

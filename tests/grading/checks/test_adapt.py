"""Kind `adapt`: its rules hold against real manifests, and each way of not doing it is named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exercises.kinds import Adapt
from exercises.parameters import Parameters
from grading.checks.adapt import check_adapt
from grading.checks.kind import Evidence
from grading.submission.hand_in import _belongs
from grading.submission.reading import closing, open_work
from lab.engine.requests import request_for
from manifests.adapters import Card
from manifests.draft import Draft
from manifests.manifest import Adapter
from manifests.store import Store
from tests.grading.adapted import MODEL, VERSIONS, adapter, taught

EXERCISE = Adapt.model_validate(
    {
        "id": "enough",
        "title": {"en": "T", "fr": "T"},
        "points": 4,
        "texts": {"en": "", "fr": ""},
        "prompts": ["a {word} on white", "a camera"],
        "scales": [0.0, 1.0],
        "fewest_steps": 100,
        "words_minimum": 5,
        "start": Parameters(prompt="", steps=2, width=64, height=64),
    }
)


def drawn(
    store: Store, card: Card, row: int, scale: float, planned: float | None = None, seed: int = 42
) -> None:
    run = EXERCISE.run(row, scale if planned is None else planned, "zibou")
    request = request_for(run.parameters.model_copy(update={"seed": seed}), "mini")
    used = Adapter(file=card.file, sha256=card.sha256, word="zibou", scale=scale)
    draft = Draft(
        exercise="enough",
        run=run.id,
        request=request.model_copy(update={"adapters": (used,)}),
        effective_steps=request.steps,
        model=MODEL,
        versions=VERSIONS,
        device="cpu",
        dtype="float32",
        seconds=1.0,
    )
    pixels = np.random.default_rng(row * 10 + round(10 * scale)).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    store.save(draft, Image.fromarray(pixels))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "adapt", "jane")


def everything(store: Store, card: Card) -> None:
    for row in (0, 1):
        for scale in (0.0, 1.0):
            drawn(store, card, row, scale)


def verdicts(store: Store) -> dict[str, bool | None]:
    with closing(open_work(store.folder.parent, "adapt", "jane")) as submission:
        return {each.rule: each.verdict.passed for each in check_adapt(EXERCISE, Evidence.of(submission, []))}


def test_what_was_taught_and_drawn_as_planned_is_in_order(store: Store) -> None:
    everything(store, taught(store))
    found = verdicts(store)
    assert found["taught"] is True
    assert found["before_after"] is True
    assert found["only_adapters"] is True
    assert found["lesson"] is False  # nothing was written


def test_nothing_done_is_not_yet(store: Store) -> None:
    assert set(verdicts(store).values()) <= {False, None}


def spoil_file(store: Store) -> None:
    card = taught(store)
    everything(store, card)
    (store.folder / "adapters" / card.file).write_bytes(adapter(7))


def lose_file(store: Store) -> None:
    card = taught(store)
    everything(store, card)
    (store.folder / "adapters" / card.file).unlink()


def lose_card(store: Store) -> None:
    card = taught(store)
    everything(store, card)
    (store.folder / "adapters" / card.file).with_suffix(".json").unlink()


def too_few_steps(store: Store) -> None:
    everything(store, taught(store, 30))


def two_adapters(store: Store) -> None:
    everything(store, taught(store))
    drawn(store, taught(store, 240, number=1), 1, 1.0)


@pytest.mark.parametrize("do", [spoil_file, lose_file, lose_card, too_few_steps, two_adapters])
def test_an_adapter_that_is_not_the_recorded_one_or_not_taught_enough_is_named(
    store: Store, do: Callable[[Store], None]
) -> None:
    do(store)
    assert verdicts(store)["taught"] is False


def test_a_missing_picture_is_not_yet(store: Store) -> None:
    card = taught(store)
    drawn(store, card, 0, 0.0)
    drawn(store, card, 0, 1.0)
    assert verdicts(store)["before_after"] is False


@pytest.mark.parametrize("wrong", [{"scale": 0.5, "planned": 1.0}, {"scale": 1.0, "seed": 43}])
def test_what_differs_in_more_than_the_planned_strength_is_named(
    store: Store, wrong: dict[str, float]
) -> None:
    card = taught(store)
    everything(store, card)
    drawn(store, card, 1, **wrong)  # type: ignore[arg-type]
    found = verdicts(store)
    assert found["taught"] is True
    assert found["only_adapters"] is False


def test_a_hand_in_holds_the_adapters_and_their_cards_and_no_state_of_teaching() -> None:
    assert _belongs("adapters/zibou_0240_12345678.safetensors")
    assert _belongs("adapters/zibou_0240_12345678.json")
    assert not _belongs("adapters/.zibou/state.safetensors")
    assert not _belongs("adapters/.prior-0123.safetensors")

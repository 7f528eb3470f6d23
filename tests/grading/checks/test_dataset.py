"""Kind `dataset`: its rules hold against real records, and each way of not doing it is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.checks.dataset import check_dataset
from grading.checks.kind import Evidence
from grading.checks.verdict import Verdict
from grading.submission.hand_in import _belongs
from grading.submission.reading import closing, open_work
from manifests.classifiers import Bias, Card
from manifests.sorting import change
from manifests.store import Record, Store
from tests.grading.sorted_work import draw, look_through, network, small, teach

EXERCISE = small()
BIAS = Bias(thing="mug", background="gray")
Done = tuple[Store, dict[str, Record]]


@pytest.fixture
def done(tmp_path: Path) -> Done:
    """All pictures drawn, one thrown out, both networks taught."""
    store = Store(tmp_path / "work", "data", "jane")
    records = draw(store, EXERCISE)
    look_through(store, EXERCISE, [records["set_bag_gray_blue"].stem])
    teach(store, EXERCISE, records)
    teach(store, EXERCISE, records, BIAS)
    return store, records


def verdicts(store: Store) -> dict[str, Verdict]:
    with closing(open_work(store.folder.parent, "data", "jane")) as submission:
        results = check_dataset(EXERCISE, Evidence.of(submission, []))
        return {f"{each.part}/{each.rule}": each.verdict for each in results}


def why(store: Store, rule: str) -> str:
    """The key of the reason for which a rule is not fulfilled."""
    verdict = verdicts(store)[rule]
    assert verdict.passed is False, rule
    assert verdict.message is not None
    return verdict.message.key


def test_what_was_drawn_sorted_and_taught_is_in_order(done: Done) -> None:
    found = verdicts(done[0])
    assert {rule: verdict.passed for rule, verdict in found.items() if rule != "words/lesson"} == {
        "pictures/all_drawn": True,
        "pictures/sorted": True,
        "plain/trained": True,
        "plain/as_recorded": True,
        "biased/trained": True,
        "biased/as_recorded": True,
    }
    assert found["words/lesson"].begun is False


def test_nothing_done_is_nothing_begun(tmp_path: Path) -> None:
    found = verdicts(Store(tmp_path / "work", "data", "jane"))
    assert not any(verdict.begun for verdict in found.values() if verdict.passed is False)


def test_a_picture_that_is_missing_or_drawn_otherwise_is_told(done: Done) -> None:
    store, records = done
    store.delete(records["set_mug_red_green"].stem)
    assert why(store, "pictures/all_drawn") == "dataset.missing"
    store.restore(records["set_mug_red_green"].stem)
    records["set_mug_red_green"].image_path.write_bytes(records["set_mug_red_blue"].image_path.read_bytes())
    assert why(store, "pictures/all_drawn") == "dataset.bad_picture"


def test_every_class_is_looked_through_and_enough_goes_and_stays(done: Done) -> None:
    store, records = done
    change(store.folder, "set", lambda before: before.looking("mug", done=False))
    assert why(store, "pictures/sorted") == "dataset.unseen"
    change(store.folder, "set", lambda before: before.looking("mug", done=True))
    change(store.folder, "set", lambda before: before.undone())
    assert why(store, "pictures/sorted") == "dataset.few_out"
    for colour in ("blue", "green"):
        for ground in ("red", "gray"):
            stem = records[f"set_bag_{ground}_{colour}"].stem
            change(store.folder, "set", lambda before, stem=stem: before.deciding(stem, "other"))  # type: ignore[misc]
    assert why(store, "pictures/sorted") == "dataset.few_left"


def test_throwing_out_after_teaching_asks_to_teach_again(done: Done) -> None:
    store, records = done
    change(store.folder, "set", lambda before: before.deciding(records["set_mug_red_green"].stem, "other"))
    assert why(store, "plain/trained") == "dataset.sorted_since"
    assert why(store, "biased/trained") == "dataset.sorted_since"
    teach(store, EXERCISE, records)
    assert verdicts(store)["plain/trained"].passed is True


def other_thrown(card: Card) -> dict[str, Any]:
    return {"thrown": ()}


def other_pictures(card: Card) -> dict[str, Any]:
    return {"taught": card.taught[1:]}


def the_same_twice(card: Card) -> dict[str, Any]:
    return {"taught": (*card.taught, card.taught[0])}


def other_held_out(card: Card) -> dict[str, Any]:
    return {"held_out": card.taught[:1]}


def somebody_elses(card: Card) -> dict[str, Any]:
    return {"student": "bob"}


def other_classes(card: Card) -> dict[str, Any]:
    return {"classes": ("bag", "lamp")}


def other_sheet(card: Card) -> dict[str, Any]:
    return {"composed_sha256": "0" * 64}


def better_figures(card: Card) -> dict[str, Any]:
    return {"on_composed": ((50, 0), (0, 50))}


def better_held_out(card: Card) -> dict[str, Any]:
    return {"on_held_out": ((50, 0), (0, 50))}


def other_hash(card: Card) -> dict[str, Any]:
    return {"sha256": "0" * 64}


@pytest.mark.parametrize(
    ("forge", "rule", "key"),
    [
        (other_thrown, "trained", "dataset.sorted_since"),
        (other_pictures, "trained", "dataset.other_taught"),
        (the_same_twice, "trained", "dataset.other_taught"),
        (other_held_out, "trained", "dataset.other_held_out"),
        (other_classes, "trained", "dataset.other_exercise"),
        (other_sheet, "trained", "dataset.other_sheet"),
        (other_hash, "trained", "dataset.other_file"),
        (better_figures, "as_recorded", "dataset.differs_composed"),
        (better_held_out, "as_recorded", "dataset.differs_held_out"),
    ],
)
def test_a_card_that_was_changed_is_told(
    done: Done, forge: Callable[[Card], dict[str, Any]], rule: str, key: str
) -> None:
    store, _ = done
    (path,) = (store.folder / "classifiers").glob("set-plain-*.json")
    card = Card.model_validate_json(path.read_bytes())
    path.write_text(card.model_copy(update=forge(card)).model_dump_json())
    assert why(store, f"plain/{rule}") == key
    assert verdicts(store)["biased/as_recorded"].passed is True


def test_a_classmates_classifier_is_told(done: Done) -> None:
    store, _ = done
    (path,) = (store.folder / "classifiers").glob("set-plain-*.json")
    card = Card.model_validate_json(path.read_bytes())
    path.write_text(card.model_copy(update=somebody_elses(card)).model_dump_json())
    assert why(store, "plain/trained") == "dataset.foreign"


def test_one_network_for_both_sets_of_pictures_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "work", "data", "jane")
    records = draw(store, EXERCISE)
    look_through(store, EXERCISE, [records["set_bag_gray_blue"].stem])
    teach(store, EXERCISE, records)
    teach(store, EXERCISE, records, BIAS, data=network(2, 1))
    assert why(store, "plain/trained") == why(store, "biased/trained") == "dataset.one_for_both"


@pytest.mark.parametrize("data", [b"", b"\x80\x04.", b"{}", network(3), network(2)[:-4]])
def test_a_network_that_is_none_is_told_and_never_unpickled(done: Done, data: bytes) -> None:
    store, _ = done
    (path,) = (store.folder / "classifiers").glob("set-plain-*.safetensors")
    path.write_bytes(data)
    assert why(store, "plain/trained") == "dataset.unreadable"
    path.unlink()
    assert why(store, "plain/trained") == "file.missing"


def test_a_picture_drawn_again_since_asks_to_teach_again(done: Done) -> None:
    store, _ = done
    draw(store, EXERCISE, offset=500)
    assert why(store, "plain/trained") in ("dataset.other_taught", "dataset.sorted_since")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=200) | st.dictionaries(st.text(max_size=9), st.integers()).map(json.dumps))
def test_whatever_the_decisions_and_cards_hold_is_a_finding(done: Done, text: str) -> None:
    store, _ = done
    data = text.encode("utf-8", "surrogatepass")
    (store.folder / "sorting.json").write_bytes(data)
    for path in (store.folder / "classifiers").glob("*.json"):
        path.write_bytes(data)
    found = verdicts(store)
    assert found["pictures/sorted"].passed is False
    assert found["plain/trained"].passed is False


def test_everything_of_it_is_handed_in() -> None:
    for name in ("sorting.json", "classifiers/set-plain-00000000.json", "classifiers/x.safetensors"):
        assert _belongs(name)
    assert not _belongs("classifiers/.secret")
